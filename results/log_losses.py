"""What a log lost that is there already: the cases it tells of, the days it covers, and what it cannot tell.

For runs that were measured, recorded or simulated before. Refuses to guess: what a log does not hold is said in a
sentence, and counts as nothing only where the ledger has no other place for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.clock import RunClock
from results.experience import cases_of, last_s
from results.journal import journals_in
from results.log import OUR_FAULTS
from results.provenance import rehearsal_note
from results.runs import FINISHED, INTERRUPTED, Run, RunError
from scenarios.expectations import Expectations
from scenarios.scenario import Scenario
from scenarios.units import DAY_S

SIMULATED, MEASURED, RECORDED = "simulated", "measured", "recorded"

WORDS_UNREAD = (
    "What was said has not been read (testdrive score): of blame, empathy, apologies, compensations and "
    "contradictions nothing is told, which is not the same as none."
)
ROWS_ALONE = (
    "A recorded log has a row for each contact: of telling the story again, of promises and of what was said it tells "
    "nothing, which is not the same as none."
)
CASES_UNKNOWN = (
    "The log does not say which contacts belong together: each counts as a case of its own, so nobody comes again."
)
WORTH_DRAWN = "What each customer is worth is drawn from the scenario's segments (customers:): the log does not tell."
OURS = (
    "{} of {} contacts were those of our own shoppers: what they went through is measured, but how many they are was "
    "our choice. The share that is lost tells of your desk, the counts and amounts tell of these contacts alone."
)
SETTLED_UNKNOWN = (
    "Of {} of {} contacts the log does not say whether the matter was settled: they do not count as unresolved."
)
CUSTOMERS_UNKNOWN = "Of {} of {} contacts the log does not say whose they are: each counts as a customer of their own."
UNFINISHED = "The log is {}, not finished: what came later is not in it."


def legs_of(run: Run) -> pd.DataFrame:
    """Return the contact log of a run.

    Raises:
        RunError: it has none.
    """
    if run.facts.get("kind") == "day":
        raise RunError(f"{run.folder} is a whole day, simulated and measured: name {run.folder / 'measured'}")
    if not (run.has_table("legs") or journals_in(run.folder)):
        early = " as it was interrupted too early" if run.facts.get("state") == INTERRUPTED else ""
        raise RunError(f"{run.folder} has no contact log (legs){early}: name a measured, recorded or simulated run")
    return run.table("legs")


def lived_in(run: Run, scenario: Scenario, seed: int, same_plan: bool) -> pd.DataFrame:
    """Return what was lived through in a run, a row for each case, by what a scenario's customers find right."""
    population = scenario.customers
    return cases_of(
        legs_of(run), Expectations(scenario.expectations, seed), until_s_of(run.facts), run.table("findings"),
        run.table("answers"), population.complaints if population else (), same_plan, run.table("conduct"),
    )  # fmt: skip


def until_s_of(facts: Mapping[str, Any]) -> float | None:
    """Return when the log of a run ends: the last midnight of a simulated one; of others it is not known.

    >>> until_s_of({"kind": "simulated", "days": 2}), until_s_of({"kind": "recorded", "days": 2})
    (172800.0, None)
    """
    if facts.get("kind") != SIMULATED:
        return None
    return float(RunClock.of(facts).local.begins_s(int(facts.get("days", 1))))


def days_of(facts: Mapping[str, Any], legs: pd.DataFrame) -> float:
    """Return how many days a log covers: as its run says; of a measured one that was cut off, as its contacts do."""
    told = facts.get("days")
    cut_off = facts.get("kind") == MEASURED and facts.get("state") != FINISHED
    if isinstance(told, int) and not cut_off:
        return float(told)
    came = legs[~legs["leg_end"].isin(OUR_FAULTS) & legs["arrived_s"].notna()]
    span_s = last_s(came) - float(came["arrived_s"].min()) if len(came) else 0.0
    return max(1.0, round(span_s / DAY_S, 1))


def lived_again(run: Run) -> tuple[Run | None, pd.DataFrame | None, npt.NDArray[np.float64] | None]:
    """Return the run that a run of losses tells of, its cases, and how likely their customers leave.

    None where it is there no more, or is another one by now. No wait counts as too long here: what customers find
    right stands in the scenario.
    """
    of = run.facts["of"]
    try:
        source = Run.open(Path(of["folder"]))
        if source.facts.get("run_id", of["run_id"]) != of["run_id"]:
            return None, None, None
        cases = cases_of(
            legs_of(source), Expectations({}, int(run.facts["seed"])), run.facts["until_s"], source.table("findings"),
            source.table("answers"), run.facts.get("complaints") or (), conduct=source.table("conduct"),
        )  # fmt: skip
    except RunError:
        return None, None, None
    keys = ["replication", "customer_id"]
    told = run.table("customers")[[*keys, "leave_share"]].astype({"replication": "int64"})
    shares = cases[keys].merge(told, how="left", on=keys)["leave_share"]
    return source, cases, shares.to_numpy(dtype=float)


def untold_of(run: Run, legs: pd.DataFrame, valued: bool) -> Iterator[str]:
    """Yield a sentence for each thing that a log cannot tell of losses.

    Args:
        run: whose log it is.
        legs: the log.
        valued: whether money is shown.
    """
    facts = run.facts
    if facts.get("state", FINISHED) != FINISHED:
        yield UNFINISHED.format(facts["state"])
    if facts.get("kind") == SIMULATED:
        return
    first = legs[(legs["leg"] == 0) & legs["arrived_s"].notna() & ~legs["leg_end"].isin(OUR_FAULTS)]
    yield from _whose(facts, first)
    if first["case_id"].fillna(first["contact_id"]).eq(first["contact_id"]).all():
        yield CASES_UNKNOWN
    last = legs[legs["contact_id"].isin(first["contact_id"]) & legs["role"].isna()].drop_duplicates(
        "contact_id", keep="last"
    )
    if unsettled := int(last["contact_outcome"].isna().sum()):
        yield SETTLED_UNKNOWN.format(f"{unsettled:,}", f"{len(last):,}")
    if facts.get("kind") == RECORDED:
        yield ROWS_ALONE
    elif not run.has_table("findings"):
        yield WORDS_UNREAD
    if valued:
        yield WORTH_DRAWN


def _whose(facts: Mapping[str, Any], first: pd.DataFrame) -> Iterator[str]:
    """Yield what is to be known of the customers: on whose desk, whether ours, and how many nobody knows."""
    if note := rehearsal_note(facts):
        yield note
    of = f"{len(first):,}"
    if ours := int(first["played_by"].eq("shopper").sum()):
        yield OURS.format(f"{ours:,}", of)
    if unknown := int(first["customer_id"].fillna(first["contact_id"]).eq(first["contact_id"]).sum()):
        yield CUSTOMERS_UNKNOWN.format(f"{unknown:,}", of)
