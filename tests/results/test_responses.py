"""How long what a shopper did was without an answer."""

from typing import Any

import pandas as pd

from results.responses import responses_of

COLUMNS = ["contact_id", "leg", "step", "rung", "intended_s", "actual_s", "seen_by_s", "state"]


def told(*steps: tuple[Any, ...], said: tuple[tuple[str, float, str], ...] = ()) -> pd.DataFrame:
    messages = pd.DataFrame(list(said), columns=["contact_id", "at_s", "speaker"])
    return responses_of(pd.DataFrame(list(steps), columns=COLUMNS), messages).set_index(["contact_id", "step"])


def test_an_answer_belongs_to_what_was_done_last() -> None:
    """Without it an answer to the second question would also be one, and a late one, to the first."""
    found = told(
        ("a", 0, 0, None, 1.0, 1.0, None, "open"),
        ("a", 0, 1, None, 5.0, 5.0, None, "say"),
        ("a", 0, 2, "first_human", None, None, 9.0, "seen"),
    )
    assert pd.isna(found.loc[("a", 0), "seen_by_s"])
    assert found.loc[("a", 1), "seen_by_s"] == 9.0


def test_words_are_an_answer_and_our_own_are_none() -> None:
    """Without it a desk's second answer, which is no new rung, would count as silence; or our words as its answer."""
    said = (("a", 1.0, "customer"), ("a", 4.0, "agent"))
    found = told(("a", 0, 0, None, 0.5, 1.0, None, "say"), said=said)
    assert found.loc[("a", 0), "seen_by_s"] == 4.0


def test_contacts_do_not_answer_for_each_other() -> None:
    """Without it a desk that leaves one customer waiting would look quick because of another."""
    found = told(
        ("a", 0, 0, None, 1.0, 1.0, None, "open"),
        ("b", 0, 0, None, 1.0, 1.0, None, "open"),
        ("b", 0, 1, "accepted", None, None, 1.5, "seen"),
    )
    assert pd.isna(found.loc[("a", 0), "seen_by_s"])
    assert found.loc[("b", 0), "seen_by_s"] == 1.5


def test_what_was_seen_is_no_doing() -> None:
    """Without it a promise that fell due would be one more thing that the shopper did."""
    found = told(
        ("a", 0, 0, None, 1.0, 1.0, None, "open"),
        ("a", 0, 1, None, 2.0, 2.0, None, "connected"),
        ("a", 0, 2, "promise_kept", 3.0, None, 3.5, "seen"),
    )
    assert list(found["what"]) == ["open"]
