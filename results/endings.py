"""How a run ended that did not come to its end, and what is not known of it then.

Whoever the end of a run kept from coming was nobody's fault, and stands in no share. What held until a run was cut off
might not have held later, so that no threshold of it is told as kept; what was broken by then stays broken. Guarded by
tests/results/test_load_figures.py, test_load_page.py and tests/test_exit_codes.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from results.journal import INTERRUPTED_REASON
from results.runs import ABORTED, ABORTED_REASON, FINISHED, INTERRUPTED, RUNNING
from results.words import counted
from scenarios.thresholds import RESPONSE_NAMES
from scenarios.units import clock_text

NOT_COME = "not_come"
"""Beside the outcomes of the log: whom the run's end kept from coming."""

NOT_COME_WORDS = {
    ABORTED: "not begun any more, as the run was ended by its threshold",
    INTERRUPTED: "had not come when the run was interrupted",
    RUNNING: "had not come when the run broke off",
}
"""What is said of those whom the end kept from coming, by the state of the run."""

SHUT = "the desk was shut whenever we came"
NOT_MEASURED = "nothing was measured"


def never_came(first: pd.DataFrame) -> pd.Series[bool]:
    """Say of each contact's first leg whether it was the run's end that kept it from coming."""
    return first["arrived_s"].isna() & (ended_with_the_run(first) | (first["contact_outcome"] == "censored"))


def ended_with_the_run(legs: pd.DataFrame) -> pd.Series[bool]:
    """Say of each leg whether all that is told of its end is that the run was ended."""
    reason = legs["reason"].fillna("").astype(str)
    return reason.str.startswith(ABORTED_REASON) | (reason == INTERRUPTED_REASON)


def told_outcomes(first: pd.DataFrame) -> pd.Series[str]:
    """Return how each contact ended, with `not_come` where the run's end kept it from coming."""
    return first["contact_outcome"].astype(str).mask(never_came(first), NOT_COME)


def why_not_told(facts: Mapping[str, Any], legs: pd.DataFrame) -> str:
    """Say why nothing that a run has kept so far is shown to be kept; nothing where all is well."""
    state = facts.get("state", FINISHED)
    if state == INTERRUPTED:
        return str(facts.get("stopped") or INTERRUPTED_REASON)
    if state == RUNNING:
        return "the run did not come to its end"
    return SHUT if was_shut(legs) else ""


def was_shut(legs: pd.DataFrame) -> bool:
    """Say whether everybody who came found the desk closed, so that nothing was learnt of it."""
    came = legs[(legs["leg"] == 0) & legs["arrived_s"].notna()]
    return len(came) > 0 and bool((came["contact_outcome"] == "closed").all())


def ending_words(facts: Mapping[str, Any], legs: pd.DataFrame) -> str:
    """Say in sentences that a run did not come to its end, why, and whom that concerns; nothing where it did."""
    state = facts.get("state", FINISHED)
    return "" if state == FINISHED else " ".join(filter(None, (_why(state, facts), whom_words(state, legs))))


def whom_words(state: str, legs: pd.DataFrame) -> str:
    """Say how many the end of a run kept from coming, and how many it cut off; nothing where nobody."""
    first = legs[legs["leg"] == 0]
    missing, open_ = int(never_came(first).sum()), int(_cut_off(first).sum())
    whom = []
    if missing:
        what = "were not begun any more" if state == ABORTED else "had not come yet"
        whom.append(f"{missing:,} of {counted(len(first), 'contact')} {what}")
    if open_:
        were = "was" if open_ == 1 else "were"
        whom.append(f"{open_:,} {were} under way" if state == RUNNING else f"{open_:,} under way {were} cut off")
    return f"{', and '.join(whom)}." if whom else ""


def _cut_off(first: pd.DataFrame) -> pd.Series[bool]:
    """Say of each contact whether it was under way when the run ended, or was killed."""
    killed = (first["contact_outcome"] == "failed") & (first["reason"] == "interrupted")
    return first["arrived_s"].notna() & ((first["contact_outcome"] == "censored") | killed)


def _why(state: str, facts: Mapping[str, Any]) -> str:
    if state == ABORTED:
        return _aborted_words(facts["aborted"])
    if state == RUNNING:
        return "The run did not come to its end: it was killed, or is still under way."
    return f"The run was cut short: {facts['stopped']}." if facts.get("stopped") else "The run was interrupted."


def _aborted_words(aborted: Mapping[str, Any]) -> str:
    """Say when and why a threshold ended a run, without the names that a scenario has for it."""
    metric = str(aborted["threshold"]["metric"])
    what = "answers" if metric.startswith("response_s_") else "steps" if metric in RESPONSE_NAMES else "contacts"
    may = f"{100 * aborted['share_that_may']:.4g} %"
    return (
        f"A threshold ended the run at {clock_text(aborted['at_s'])}, as it could not be kept any more: "
        f"{aborted['beyond']:,} of {aborted['of']:,} {what} were beyond it, and {may} may be."
    )
