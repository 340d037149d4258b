import asyncio
import json

import pandas as pd
import pytest

from results.journal import JOURNAL, Journal, read_journal, tables_from_journal
from results.log import check_legs
from results.runs import Run

FACTS = {"run_id": "measured-x", "target": "rehearsal_desk"}


def _begun(contact, due_s=10.0, **more):
    return {
        "customer_id": contact, "case_id": f"{contact}/0", "contact_id": contact, "attempt": 1, "channel": "chat",
        "intent": "order", "journey": "ask_on_chat", "language": "en", "played_by": "shopper", "due_s": due_s,
        "arrived_s": due_s + 0.01, **more,
    }  # fmt: skip


def _play(journal, contact, due_s=10.0):
    journal.write("begun", **_begun(contact, due_s))
    journal.write("step", contact_id=contact, leg=0, step=0, rung="accepted", intended_s=due_s, actual_s=due_s + 0.01)
    journal.write("message", contact_id=contact, leg=0, turn=0, at_s=due_s + 1, speaker="customer", text="Hello «you»")
    journal.write(
        "leg", contact_id=contact, leg=0, arrived_s=due_s + 0.01, answered_s=due_s + 5, ended_s=due_s + 65,
        talk_s=60.0, team="front", leg_end="answered",
    )  # fmt: skip
    journal.write("end", contact_id=contact, contact_outcome="resolved")


def _plan(*due_s):
    rows = [{**_begun(f"c{n}", at), "patience_s": 60.0, "entity": n} for n, at in enumerate(due_s)]
    return pd.DataFrame(rows).drop(columns="arrived_s")


@pytest.fixture
def path(tmp_path):
    """Where a journal goes."""
    return tmp_path / JOURNAL


def test_a_finished_contact_becomes_its_rows(path):
    """Without it nothing that was measured would reach a table."""
    journal = Journal(path)
    _play(journal, "c1")
    journal.close()
    tables = tables_from_journal([path], FACTS)
    check_legs(tables["legs"])
    row = tables["legs"].iloc[0]
    assert (row["run_id"], row["target"], row["source"], row["replication"]) == (*FACTS.values(), "measured", 0)
    assert (row["due_s"], row["answered_s"], row["leg_end"], row["contact_outcome"]) == (10, 15, "answered", "resolved")
    assert tables["steps"]["rung"].tolist() == ["accepted"]
    assert tables["messages"]["text"].tolist() == ["Hello «you»"]


def test_every_line_is_on_the_disk_as_soon_as_it_is_written(path):
    """Without it a kill would lose what a buffer still held, the begun lines first."""
    journal = Journal(path)
    for count in range(1, 4):
        journal.write("note", n=count)
        assert len(path.read_bytes().splitlines()) == count


def test_a_line_cut_off_by_a_kill_is_passed_over(path):
    """Without it the last half line would make the whole run unreadable."""
    journal = Journal(path)
    _play(journal, "c1")
    journal.write("begun", **_begun("c2", 20.0))
    whole = path.read_bytes()
    for cut in range(len(whole) - 30, len(whole) + 1):
        path.write_bytes(whole[:cut])
        legs = tables_from_journal([path], FACTS)["legs"]
        check_legs(legs)
        assert "c1" in legs["contact_id"].tolist()
    path.write_bytes(whole + b'\xff\xfe{"kind"\n[1]\n{"no": "kind"}\n')
    assert len(list(read_journal(path))) == 6


def test_begun_without_an_end_is_failed_as_interrupted(path):
    """Without it a contact cut off by our kill would be played again, or told as the desk's silence."""
    journal = Journal(path)
    journal.write("begun", **_begun("c1"))
    legs = tables_from_journal([path], FACTS)["legs"]
    check_legs(legs)
    row = legs.iloc[0]
    assert (row["leg_end"], row["reason"], row["contact_outcome"]) == ("failed", "interrupted", "failed")
    assert row["arrived_s"] == 10.01
    assert pd.isna(row["answered_s"])


def test_a_kill_in_the_second_leg_keeps_the_first(path):
    """Without it a transfer that was measured would vanish with the leg that was not."""
    journal = Journal(path)
    journal.write("begun", **_begun("c1"))
    journal.write("leg", contact_id="c1", leg=0, arrived_s=10.01, answered_s=15.0, ended_s=75.0, leg_end="transferred")
    legs = tables_from_journal([path], FACTS)["legs"]
    check_legs(legs)
    assert legs["leg_end"].tolist() == ["transferred", "failed"]
    assert legs["arrived_s"].tolist() == [10.01, 75.0]
    assert legs["contact_outcome"].eq("failed").all()


def test_an_end_without_a_leg_is_still_a_row(path):
    """Without it a contact that ended before its first leg would be a missing row: never that."""
    journal = Journal(path)
    journal.write("begun", **_begun("c1"))
    journal.write("end", contact_id="c1", contact_outcome="failed")
    legs = tables_from_journal([path], FACTS)["legs"]
    check_legs(legs)
    assert legs["contact_id"].tolist() == ["c1"]
    assert legs["leg_end"].tolist() == ["failed"]


def test_planned_but_never_begun_is_unstarted_where_its_time_had_passed_else_censored(path):
    """Without it a run that fell behind would look like a desk with fewer customers."""
    journal = Journal(path)
    _play(journal, "c1", 10.0)  # the last thing seen is at 75 s
    legs = tables_from_journal([path], FACTS, _plan(5.0, 10.0, 75.0, 76.0))["legs"]
    check_legs(legs)
    assert dict(zip(legs["contact_id"], legs["leg_end"], strict=True)) == {
        "c0": "unstarted",
        "c1": "answered",
        "c2": "unstarted",
        "c3": "censored",
    }
    assert legs["arrived_s"].isna().tolist() == [True, False, True, True]


def test_a_killed_run_is_read_from_its_journal(tmp_path):
    """Without it everything measured before a kill would lie there unread."""
    run = Run.create(tmp_path / "run", FACTS)
    run.write_plan(_plan(5.0, 10.0))
    _play(Journal(run.folder / JOURNAL), "c1")
    again = Run.open(run.folder)
    assert again.facts["state"] == "running"
    assert again.table("legs")["leg_end"].tolist() == ["unstarted", "answered"]
    again.write_table("legs", again.table("legs"))
    pd.testing.assert_frame_equal(Run.open(run.folder).table("legs"), run.table("legs"))


def test_a_full_disk_is_an_error_not_a_silence(path, monkeypatch):
    """Without it a probe would go on talking to a desk and record none of it."""
    journal = Journal(path)
    monkeypatch.setattr("os.write", lambda file, line: len(line) // 2)
    with pytest.raises(OSError, match="is the disk full"):
        journal.write("begun", **_begun("c1"))
    monkeypatch.undo()
    assert json.loads(path.read_text() or "{}") == {}


def test_what_happens_in_one_turn_reaches_the_system_before_the_next(path):
    """Without it a kill could lose what was seen a while ago, or a contact could begin that nobody knows of."""
    told: list[list[str]] = []

    def look() -> None:
        told.append([entry["kind"] for entry in read_journal(path)])

    async def play() -> None:
        journal = Journal(path)
        journal.write("step", contact_id="c1")
        journal.write("begun", contact_id="c2")
        look()
        journal.write("step", contact_id="c2")
        journal.write("end", contact_id="c2")
        await asyncio.sleep(0)
        look()
        journal.write("note")
        journal.close()
        look()

    asyncio.run(play())
    assert told == [["step", "begun"], ["step", "begun", "step", "end"], ["step", "begun", "step", "end", "note"]]
