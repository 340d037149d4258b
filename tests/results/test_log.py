import numpy as np
import pandas as pd
import pytest

from results.log import LEG_ENDS, LEGS, OUTCOMES, TABLES, LogError, check_legs, lateness_s, ordered, table_of, wait_s


def leg(contact="a", **changes):
    """One answered contact, as a row."""
    row = {
        "run_id": "r", "source": "measured", "replication": 0, "played_by": "shopper", "customer_id": contact,
        "case_id": f"{contact}/0", "contact_id": contact, "attempt": 1, "leg": 0, "channel": "chat", "intent": "order",
        "team": "front", "queue": "front", "due_s": 9.0, "arrived_s": 10.0, "answered_s": 30.0, "ended_s": 90.0,
        "released_s": 100.0, "talk_s": 60.0, "wrap_s": 10.0, "leg_end": "answered", "contact_outcome": "resolved",
    }  # fmt: skip
    return {**row, **changes}


def test_a_table_has_all_columns_in_order_and_typed_whatever_was_given():
    """Without it a run that saw no transfer would have another schema than one that did, and DuckDB would refuse."""
    one, none = table_of("legs", [leg()]), table_of("legs", [])
    assert list(one.columns) == list(none.columns) == LEGS.names
    assert one.dtypes.to_dict() == none.dtypes.to_dict()
    assert one.loc[0, ["role", "history_carried", "reason"]].isna().all()
    assert np.isnan(one.loc[0, "hold_s"])


def test_the_columns_are_those_of_the_design():
    """Without it a column could be renamed here while reports, engines and people go on using the old name."""
    designed = (
        "run_id source replication played_by customer_id case_id contact_id attempt leg channel intent journey target "
        "language team queue priority agent role due_s arrived_s announced_wait_s answered_s ended_s released_s talk_s "
        "hold_s wrap_s history_carried promise_due_s promise_kept_s leg_end reason contact_outcome"
    )
    assert designed.split() == LEGS.names
    ends = (
        "answered transferred escalated cut_off abandoned silent balked blocked message cleared_at_close deflected "
        "contained callback closed target_error failed unstarted withheld censored"
    )
    assert tuple(ends.split()) == LEG_ENDS
    assert {"resolved", "unresolved", "abandoned", "failed"} <= set(OUTCOMES)
    scored = {"findings", "facts", "answers", "promises", "scores"}
    assert set(TABLES) == {"legs", "steps", "messages", "staffing", "customers", "conduct", "rejected", *scored}


def test_a_column_that_is_not_in_the_schema_is_refused_by_name():
    """Without it a misspelt column would be dropped, and its measurements with it."""
    with pytest.raises(LogError, match="legs has no column answerd_s"):
        table_of("legs", [{"answerd_s": 3.0}])


def test_a_sound_log_passes():
    """Without it the checks below could refuse everything."""
    rows = [
        leg(leg_end="transferred"),
        leg(leg=1, arrived_s=90.0, answered_s=95.0, ended_s=120.0, released_s=None),
        leg("b", leg_end="abandoned", contact_outcome="abandoned", team=None, answered_s=None, ended_s=31.0,
            released_s=None, talk_s=None, wrap_s=None),
        leg("c", leg_end="failed", contact_outcome="failed", reason="interrupted", answered_s=None, ended_s=None),
    ]  # fmt: skip
    check_legs(table_of("legs", rows))
    check_legs(table_of("legs", []))


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("unknown leg_end", {"leg_end": "vanished"}),
        ("unknown leg_end", {"leg_end": None}),
        ("unknown contact_outcome", {"contact_outcome": "answered"}),
        ("unknown source", {"source": "guessed"}),
        ("no reason where one is needed", {"leg_end": "failed", "contact_outcome": "failed"}),
        ("a reason where none belongs", {"reason": "why not"}),
        ("answered before it arrived", {"arrived_s": 31.0}),
        ("ended before it was answered", {"ended_s": 29.0}),
        ("ended before it arrived", {"answered_s": None, "leg_end": "abandoned", "ended_s": 9.0}),
        ("released before it ended", {"released_s": 89.0}),
        ("answered without a time", {"answered_s": None}),
        ("answered without a time", {"answered_s": None, "leg_end": "transferred"}),
        ("answered without a time", {"answered_s": None, "leg_end": "escalated"}),
        ("gave up, yet was answered", {"leg_end": "abandoned", "contact_outcome": "abandoned"}),
    ],
)
def test_each_broken_rule_is_named_with_the_contact_that_breaks_it(rule, changes):
    """Without it a log that contradicts itself would be compared, and the contradiction come out as a finding."""
    with pytest.raises(LogError, match=f"{rule}: 1 rows, first b"):
        check_legs(table_of("legs", [leg("a"), leg("b", **changes), leg("c")]))


def test_two_rows_of_one_leg_and_rows_out_of_order_are_refused():
    """Without it a contact written twice would count twice."""
    with pytest.raises(LogError, match="two rows of one leg: 1 rows, first a"):
        check_legs(table_of("legs", [leg(), leg()]))
    with pytest.raises(LogError, match="out of order"):
        check_legs(table_of("legs", [leg("b"), leg("a")]))
    check_legs(ordered(table_of("legs", [leg("b"), leg("a")])))


def test_wait_ends_with_an_answer_or_by_giving_up_and_lateness_is_ours():
    """Without it our own lateness would be told as the desk's waiting time."""
    rows = [
        leg(),
        leg("b", answered_s=None, leg_end="abandoned", ended_s=40.0),
        leg("c", answered_s=None, ended_s=None),
    ]
    legs = table_of("legs", rows)
    assert wait_s(legs).tolist()[:2] == [20.0, 30.0]
    assert np.isnan(wait_s(legs)[2])
    assert lateness_s(legs).tolist() == [1.0, 1.0, 1.0]


def test_nothing_is_told_as_nothing_never_as_zero():
    """Without it a wait nobody had would pull the mean towards 0."""
    legs = table_of("legs", pd.DataFrame({"contact_id": ["a"]}))
    assert legs.drop(columns="contact_id").isna().all(axis=None)
