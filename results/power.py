"""What a comparison of this plan can see, before anyone is shopped: from simulated replications of it.

For each gate: how far one measured day strays by luck alone, how likely it is to be told to agree when the belief is
right, and the smallest true difference that would be told to differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, stdtrit

from results.comparison import ALPHA, CONTACTS_LEAST
from results.metrics import by_replication, contacts_of, values_of
from results.statistics import Values
from scenarios.scenario import Gate

SEEN_WITH = 0.8


@dataclass(frozen=True)
class Power:
    """What one gate can see; `difference` is the smallest true one that is told to differ 4 times in 5."""

    metric: str
    channel: str
    contacts: int
    expected: float
    strays: float
    tolerance: float
    agrees_when_right: float
    difference: float


def power_of(simulated: pd.DataFrame, gates: Sequence[Gate]) -> list[Power]:
    """Return each gate's power, from replications of one plan with the desk's luck redrawn."""
    contacts = contacts_of(simulated)
    if (contacts["played_by"] == "shopper").any():
        contacts = contacts[contacts["played_by"] == "shopper"]
    found = []
    for gate in gates:
        chosen = contacts[contacts["channel"] == gate.channel]
        if gate.team is not None:
            chosen = chosen[chosen["team"] == gate.team]
        values, replications = values_of(chosen, gate.metric, gate.within_s), chosen["replication"].to_numpy()
        by_day = by_replication(values, replications, gate.metric)
        counted = int(pd.Series(values).groupby(replications).count().mean()) if len(values) else 0
        found.append(_power(gate, by_day, counted, len(gates)))
    return found


def _power(gate: Gate, by_day: Values, counted: int, gates: int) -> Power:
    expected = float(np.nanmean(by_day)) if counted else math.nan
    strays = float(np.nanstd(by_day, ddof=1)) if counted and len(by_day) > 1 else math.inf
    tolerance = gate.tolerance_absolute or (gate.tolerance_relative or 0.0) * abs(expected)
    freedom = max(len(by_day) - 1, 1)
    reach = float(stdtrit(freedom, 1 - ALPHA)) * strays
    agrees = 0.0
    if counted >= CONTACTS_LEAST and reach < tolerance:
        agrees = float(1 - 2 * ndtr((reach - tolerance) / strays)) if strays else 1.0
    strict = float(stdtrit(freedom, 1 - ALPHA / gates))
    difference = tolerance + (strict + float(ndtri(SEEN_WITH))) * strays
    if counted < CONTACTS_LEAST:
        difference = math.inf
    return Power(gate.metric, gate.channel, counted, expected, strays, tolerance, max(agrees, 0.0), difference)
