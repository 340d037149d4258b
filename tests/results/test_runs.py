import json

import pandas as pd
import pytest

from results.log import LogError, table_of
from results.runs import Run, RunError, find_runs, new_folder, query, run_id, write_whole


def _legs(contact, wait_s, replication=0):
    return table_of(
        "legs",
        [
            {
                "run_id": "r", "source": "simulated", "replication": replication, "customer_id": contact,
                "case_id": contact, "contact_id": contact, "attempt": 1, "leg": 0, "channel": "chat", "due_s": 0.0,
                "arrived_s": 0.0, "answered_s": wait_s, "ended_s": wait_s + 60, "leg_end": "answered",
                "contact_outcome": "resolved",
            }
        ],
    )  # fmt: skip


@pytest.fixture
def run(tmp_path):
    """A new run folder."""
    return Run.create(tmp_path / "run", {"run_id": "simulated-x"})


def test_a_run_says_what_made_it(run):
    """Without it nobody could tell next year which version on which machine gave these numbers."""
    facts = json.loads((run.folder / "run.json").read_text())
    assert facts["state"] == "running"
    assert facts["versions"]["python"]
    assert facts["machine"]["cores"]
    run.write_facts(state="finished")
    assert Run.open(run.folder).facts["state"] == "finished"
    assert Run.open(run.folder).run_id == "simulated-x"


def test_a_table_reads_back_as_it_was_written(run):
    """Without it types or nulls could change on the way through Parquet."""
    legs = _legs("a", 5.0)
    run.write_table("legs", legs)
    pd.testing.assert_frame_equal(run.table("legs"), legs)
    assert run.table("steps").empty
    assert not run.has_table("steps")


def test_a_table_that_breaks_its_rules_is_not_written(run):
    """Without it a broken log would be found by the reader, long after its writer."""
    with pytest.raises(LogError, match="answered before it arrived"):
        run.write_table("legs", _legs("a", -5.0))
    assert not run.has_table("legs")


def test_files_are_there_whole_or_not_at_all(run, monkeypatch):
    """Without it a kill while writing would leave half a table under the name of a whole one."""
    run.write_table("legs", _legs("a", 5.0))

    def killed(table, path, **more):
        path.write_bytes(b"PAR1 half")
        raise KeyboardInterrupt

    monkeypatch.setattr("pyarrow.parquet.write_table", killed)
    with pytest.raises(KeyboardInterrupt):
        run.write_table("legs", _legs("b", 6.0))
    assert run.table("legs")["contact_id"].tolist() == ["a"]

    def cut(path, text, encoding):
        path.write_bytes(text.encode(encoding)[:3])
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.write_text", cut)
    with pytest.raises(KeyboardInterrupt):
        write_whole(run.folder / "run.json", '{"whole": 1}')
    assert Run.open(run.folder).facts["run_id"] == "simulated-x"


def test_sql_runs_over_several_runs_in_place(tmp_path):
    """Without it every question over runs would need a database to be filled first."""
    runs = []
    for name, wait in (("one", 5.0), ("two", 7.0)):
        runs.append(Run.create(tmp_path / name, {"run_id": name}))
        runs[-1].write_table("legs", _legs("a", wait))
    answer = query("select avg(answered_s - arrived_s) as w, count(distinct filename) as n from legs", runs)
    assert answer.values.tolist() == [[6.0, 2]]


@pytest.mark.parametrize("sql", ["select nothing from legs", "selct 1", "select * from no_such_table", ""])
def test_sql_that_cannot_be_answered_is_told(run, sql):
    """Without it a typing slip in SQL would be a traceback."""
    with pytest.raises(RunError, match="the SQL cannot be answered"):
        query(sql, [run])


def test_a_folder_that_holds_something_is_not_overwritten(run, tmp_path):
    """Without it yesterday's evidence could be mixed with today's."""
    with pytest.raises(RunError, match="not empty; name a new folder with -o"):
        Run.create(run.folder, {})
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError, match="cannot be a run folder"):
        Run.create(tmp_path / "file", {})
    with pytest.raises(RunError, match="cannot be a run folder"):
        Run.create(tmp_path / "file" / "below", {})


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "is not a run"), (b"{half", "is not JSON"), (b"[1]", "holds no run"), (b"\xff\xfe", "is not JSON")],
    ids=["none", "half", "list", "binary"],
)
def test_a_folder_that_is_no_run_is_told_and_passed_over(tmp_path, run, content, message):
    """Without it one broken folder would hide all the others."""
    other = tmp_path / "other"
    other.mkdir()
    if content is not None:
        (other / "run.json").write_bytes(content)
    with pytest.raises(RunError, match=message):
        Run.open(other)
    assert [found.folder for found in find_runs(tmp_path)] == [run.folder]


def test_a_table_that_cannot_be_read_is_told(run):
    """Without it a file cut off by a full disk would end in Arrow's traceback."""
    (run.folder / "legs.parquet").write_bytes(b"PAR1 but not really")
    with pytest.raises(RunError, match=r"legs\.parquet cannot be read"):
        run.table("legs")


def test_a_run_that_goes_on_is_read_as_far_as_its_journal_goes(run):
    """Without it who asks twice would be told what was so the first time."""
    journal = run.folder / "journal.jsonl"
    for number in (1, 2):
        with journal.open("a", encoding="utf-8") as lines:
            lines.write(f'{{"kind": "begun", "contact_id": "c{number}", "arrived_s": {number}.0}}\n')
        found = run.table("legs")
        assert list(found["contact_id"]) == [f"c{n + 1}" for n in range(number)]
        found["contact_id"] = "spoilt"
        assert "spoilt" not in set(run.table("legs")["contact_id"])
    run.write_facts(target="another")
    assert list(run.table("legs")["target"]) == ["another"] * 2
    assert list(run.table("legs")["contact_id"]) == ["c1", "c2"]


def test_the_same_run_has_the_same_id_and_another_another():
    """Without it rows of two runs could not be told apart, or the same run would differ from itself."""
    one = run_id("simulated", "x", "abc", 1, 10)
    assert one == run_id("simulated", "x", "abc", 1, 10)
    assert len({one, run_id("simulated", "x", "abc", 2, 10), run_id("simulated", "x", "abd", 1, 10)}) == 3


def test_two_runs_in_one_second_get_two_folders(tmp_path, monkeypatch):
    """Without it the second would be refused, or written into the first."""
    monkeypatch.setattr("results.runs.RUNS", tmp_path)
    first = new_folder("quiet_tuesday", "simulate")
    first.mkdir()
    assert new_folder("quiet_tuesday", "simulate") != first
    assert new_folder("x", "y", tmp_path / "asked") == tmp_path / "asked"
