"""How sure a threshold's figure is, which one run has shown: its 95 % interval, where the contacts tell of one.

Times of one queue are correlated, so that batch means in order of time tell, as for goals. Refuses to decide: a
threshold is kept or missed by what was measured; the interval says how near luck was.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from results.contacts import Values, contacts_of
from results.goals_kept import interval_of, mean_interval, percentile_interval
from results.load_figures import Measured, percentile_of, share_flags
from results.metrics import values_of
from scenarios.thresholds import PERCENTS, RESPONSE_NAMES, SHARE_NAMES, Threshold

UNKNOWN = (math.nan, math.nan)


def threshold_interval(threshold: Threshold, measured: Measured) -> tuple[float, float]:
    """Return low and high of what a threshold is about; NaN where they are not known, as of a longest time."""
    part = measured.part(threshold.stage, threshold.channel, threshold.step)
    if threshold.metric in RESPONSE_NAMES:
        low, high = _response_interval(threshold, part)
    elif threshold.metric in SHARE_NAMES:
        due_s = part.due_s()
        flags = share_flags(threshold.metric, part.legs)
        counted = _numbers(flags.loc[due_s[flags.index].sort_values(kind="stable").index])
        low, high = mean_interval(counted, is_share=True) if len(counted) else UNKNOWN
    else:
        known = pd.Series(values_of(contacts_of(part.legs), threshold.metric, threshold.within_s)).dropna()
        low, high = interval_of(_numbers(known), threshold.metric)
    return (low, high) if math.isfinite(low) and math.isfinite(high) else UNKNOWN


def _response_interval(threshold: Threshold, part: Measured) -> tuple[float, float]:
    responses = part.responses.sort_values("intended_s", kind="stable")
    if threshold.metric == "unanswered_share":
        unanswered = _numbers(responses["seen_by_s"].isna())
        return mean_interval(unanswered, is_share=True) if len(unanswered) else UNKNOWN
    percent = PERCENTS.get(threshold.metric.removeprefix("response_s_"))
    times_s = _numbers((responses["seen_by_s"] - responses[f"{threshold.measured}_s"]).dropna())
    if percent is None or not len(times_s):
        return UNKNOWN
    return percentile_interval(times_s, percentile_of(np.sort(times_s), percent), percent)


def _numbers(column: pd.Series[Any]) -> Values:
    return np.asarray(column, dtype=np.float64)
