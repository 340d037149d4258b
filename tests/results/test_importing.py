from __future__ import annotations

import gzip
import typing
from pathlib import Path

import pandas as pd
import pytest

from results import importing
from results.importing import UNKNOWN_AGENT, import_log
from results.log import LEG_ENDS, LogError
from results.metrics import contacts_of
from results.runs import FINISHED, Run, RunError
from scenarios.faults import FaultsFoundError
from scenarios.kinds import check_file
from scenarios.mapping import RecordedEnd, load_mapping
from scenarios.reading import HERE

BANK = load_mapping(HERE / "mappings" / "bank_acd.yaml")
GENERIC = load_mapping(HERE / "mappings" / "generic_csv.yaml")

BANK_COLUMNS = (
    "vru+line", "call_id", "customer_id", "priority", "type", "date", "vru_entry", "vru_exit", "vru_time", "q_start",
    "q_exit", "q_time", "outcome", "ser_start", "ser_exit", "ser_time", "server",
)  # fmt: skip

BANK_DATA = Path(__file__).parents[2].parent / "shared" / "data" / "bank1999"


def call(call_id: int, **changes: str) -> dict[str, str]:
    """Return an invented call of Sunday 1999-01-03: queued at 10:00:10, answered after 50 s, served 120 s."""
    row = {
        "vru+line": "AA0101", "call_id": str(call_id), "customer_id": "0", "priority": "0", "type": "PS",
        "date": "990103", "vru_entry": "10:00:00", "vru_exit": "10:00:10", "vru_time": "10", "q_start": "10:00:10",
        "q_exit": "10:01:00", "q_time": "50", "outcome": "AGENT", "ser_start": "10:00:59", "ser_exit": "10:02:59",
        "ser_time": "120", "server": "ANNA",
    }  # fmt: skip
    return row | changes


def write_log(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write calls in the bank's format, packed where the name says so."""
    text = "\t".join(BANK_COLUMNS) + "\n" + "".join("\t".join(row.values()) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def write_text(path: Path, *lines: str) -> Path:
    """Write lines of text."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def one_leg(run: Run, contact: str) -> pd.Series:
    """Return the leg of one contact."""
    legs = run.table("legs")
    return legs[legs["contact_id"] == contact].iloc[0]


def test_a_queued_call_is_answered_when_it_leaves_the_queue(tmp_path: Path) -> None:
    """Without it waits could be read from the wrong clock: every wait of a month off by the menu's time."""
    run = import_log(write_log(tmp_path / "log.tsv", [call(1)]), BANK, tmp_path / "run")
    leg = one_leg(run, "990103-AA0101-1")
    assert (leg["arrived_s"], leg["answered_s"], leg["ended_s"], leg["talk_s"]) == (36010, 36060, 36180, 120)
    assert (leg["source"], leg["channel"], leg["intent"], leg["agent"]) == ("recorded", "phone", "regular", "ANNA")
    assert pd.isna(leg["due_s"])
    assert pd.isna(leg["wrap_s"])
    assert pd.isna(leg["contact_outcome"])
    assert (run.facts["origin"], run.facts["state"]) == ("1999-01-03T00:00:00+02:00", FINISHED)


def test_a_call_that_never_queued_is_answered_at_once(tmp_path: Path) -> None:
    """Without it 0:00:00 would be midnight, and calls that found an agent free would have waited since then."""
    rows = [call(1, q_start="0:00:00", q_exit="0:00:00", q_time="0", ser_start="10:00:10")]
    leg = one_leg(import_log(write_log(tmp_path / "log.tsv", rows), BANK, tmp_path / "run"), "990103-AA0101-1")
    assert leg["answered_s"] == leg["arrived_s"] == 36010


def test_a_caller_who_hangs_up_in_the_queue_has_abandoned(tmp_path: Path) -> None:
    """Without it those who gave up would be lost, and with them patience."""
    rows = [call(1, outcome="HANG", ser_start="0:00:00", ser_time="0", server="NO_SERVER")]
    leg = one_leg(import_log(write_log(tmp_path / "log.tsv", rows), BANK, tmp_path / "run"), "990103-AA0101-1")
    assert (leg["leg_end"], leg["contact_outcome"], leg["ended_s"]) == ("abandoned", "abandoned", 36060)
    assert pd.isna(leg["answered_s"])
    assert pd.isna(leg["agent"])


def test_an_agent_whose_own_clock_disagrees_is_unknown(tmp_path: Path) -> None:
    """Without it a broken clock would put an agent on duty at times when nobody saw them."""
    rows = [call(1, ser_start="10:05:00"), call(2, server="NO_SERVER"), call(3)]
    legs = import_log(write_log(tmp_path / "log.tsv", rows), BANK, tmp_path / "run").table("legs")
    assert legs.sort_values("contact_id")["agent"].tolist() == [UNKNOWN_AGENT, UNKNOWN_AGENT, "ANNA"]


def test_a_call_over_midnight_goes_on_the_next_day(tmp_path: Path) -> None:
    """Without it the last caller of a day would have waited minus 24 hours and be rejected."""
    rows = [call(1, vru_exit="23:59:30", q_start="23:59:30", q_exit="0:00:30", ser_start="0:00:30")]
    leg = one_leg(import_log(write_log(tmp_path / "log.tsv", rows), BANK, tmp_path / "run"), "990103-AA0101-1")
    assert leg["answered_s"] - leg["arrived_s"] == 60


def test_every_rejected_row_is_told_with_its_line_and_reason(tmp_path: Path) -> None:
    """Without it rows could vanish in silence, and a month would look calmer than it was."""
    rows = [
        call(1),
        call(2, outcome="PHANTOM"),
        call(3, outcome="HANG", q_start="0:00:00"),
        call(4, date="990102"),
        call(5, vru_exit="6:59:59", q_start="6:59:59", q_exit="7:00:10"),
        call(6, q_exit="9:00:00"),
        call(7, ser_time="-5"),
        call(8, q_start="ten"),
        call(9, date="993301"),
        call(10, ser_time=""),
        call(11, outcome="LOST"),
        call(1),
    ]
    log = write_log(tmp_path / "log.tsv", rows)
    with log.open("a") as more:
        more.write("AA0101\t12\n")
    run = import_log(log, BANK, tmp_path / "run")
    rejected = run.table("rejected")
    assert list(zip(rejected["line"], rejected["reason"], strict=True)) == [
        (3, "phantom call"),
        (4, "left in the voice menu without seeking an agent"),
        (5, "outside the kept weekdays"),
        (6, "outside the kept hours"),
        (7, "negative time"),
        (8, "negative time"),
        (9, "arrival unreadable"),
        (10, "arrival unreadable"),
        (11, "talk unreadable"),
        (12, "no outcome rule fits 'LOST'"),
        (13, "contact seen before"),
        (14, "2 cells, not 17"),
    ]
    assert rejected["row"].iloc[0] == "\t".join(rows[1].values())
    assert run.facts["rejected"]["negative time"] == 2
    assert (run.facts["rows"], run.facts["kept"], len(run.table("legs"))) == (13, 1, 1)


def test_pieces_of_a_long_log_are_one_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a contact repeated far down a big file would come in twice, and progress would not be told."""
    monkeypatch.setattr(importing, "ROWS_AT_ONCE", 3)
    told: list[float] = []
    rows = [call(number % 7) for number in range(10)]
    run = import_log(write_log(tmp_path / "log.tsv", rows), BANK, tmp_path / "run", told.append)
    assert (run.facts["kept"], run.facts["rejected"]) == (7, {"contact seen before": 3})
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_packed_log_gives_the_same_legs(tmp_path: Path) -> None:
    """Without it logs as they are archived would have to be unpacked by hand."""
    rows = [call(1), call(2, outcome="HANG")]
    plain = import_log(write_log(tmp_path / "log.tsv", rows), BANK, tmp_path / "plain").table("legs")
    packed = import_log(write_log(tmp_path / "log.tsv.gz", rows), BANK, tmp_path / "packed").table("legs")
    pd.testing.assert_frame_equal(plain.drop(columns="run_id"), packed.drop(columns="run_id"))


def test_a_packed_log_that_is_cut_off_is_a_fault_and_leaves_nothing(tmp_path: Path) -> None:
    """Without it half a log could pass for a quiet month."""
    log = write_log(tmp_path / "log.tsv.gz", [call(number) for number in range(500)])
    log.write_bytes(log.read_bytes()[:-20])
    with pytest.raises(FaultsFoundError, match="broken"):
        import_log(log, BANK, tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["log.tsv.gz"]


def test_nothing_is_left_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it an interrupted import would leave a folder that looks like a run."""

    def fails(self: Run, name: str, frame: pd.DataFrame) -> None:
        raise LogError("the disk is full")

    log = write_log(tmp_path / "log.tsv", [call(1)])
    monkeypatch.setattr(Run, "write_table", fails)
    with pytest.raises(LogError):
        import_log(log, BANK, tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["log.tsv"]


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    """Without it an import could mix two logs in one run."""
    log = write_log(tmp_path / "log.tsv", [call(1)])
    with pytest.raises(RunError, match="not empty"):
        import_log(log, BANK, tmp_path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a\tb\n1\t2\n", "log.tsv:1: the header is columns a, b; expected columns date, vru"),
        ("", "log.tsv:1: the header is columns none"),
        ("\t".join(BANK_COLUMNS) + "\n", r"the rows is no contact \(empty\)"),
        ("\t".join(BANK_COLUMNS) + "\n" + "\t".join(call(1, outcome="PHANTOM").values()), "phantom call: 1"),
    ],
)
def test_a_log_without_contacts_is_a_fault(tmp_path: Path, text: str, found: str) -> None:
    """Without it an empty run would come out, and no data would pass for agreement."""
    log = tmp_path / "log.tsv"
    log.write_text(text)
    with pytest.raises(FaultsFoundError, match=found):
        import_log(log, BANK, tmp_path / "run")
    assert not (tmp_path / "run").exists()


GENERIC_HEADER = "contact_id,channel,intent,arrived,answered,ended,agent,outcome"


def test_a_plain_csv_reads_iso_instants_and_seconds_alike(tmp_path: Path) -> None:
    """Without it one export's times would be read and another's rejected."""
    log = write_text(
        tmp_path / "log.csv",
        GENERIC_HEADER,
        "a,chat,Order Status,2026-03-03T09:00:00Z,2026-03-03T09:01:00Z,2026-03-03T09:05:00Z,Ada,answered",
        "b,chat,order status,1772528400,1772528460,1772528700,,",
        "c,chat,returns,2026-03-03T11:00:00+02:00,,2026-03-03 09:00:30,,abandoned",
        "d,pigeon,returns,2026-03-03T09:00:00Z,,2026-03-03T09:00:30Z,,abandoned",
    )
    run = import_log(log, GENERIC, tmp_path / "run")
    legs = run.table("legs")
    assert legs["arrived_s"].tolist() == [32400.0] * 3
    assert contacts_of(legs)["wait_s"].tolist() == [60.0, 60.0, 30.0]
    assert legs["intent"].tolist() == ["order_status", "order_status", "returns"]
    assert legs["agent"].tolist()[:2] == ["Ada", UNKNOWN_AGENT]
    assert run.facts["rejected"] == {"unknown channel 'pigeon'": 1}


def test_on_the_day_of_summer_time_seconds_elapse(tmp_path: Path) -> None:
    """Without it everybody after the change would arrive an hour off, or have waited an hour too long.

    Scenario seconds are those of scenarios: they elapse, and a time of day is what the clock shows after them.
    """
    mapping = tmp_path / "rome.yaml"
    text = (HERE / "mappings" / "generic_csv.yaml").read_text()
    mapping.write_text(text.replace("time_zone: UTC", "time_zone: Europe/Rome"))
    log = write_text(
        tmp_path / "log.csv",
        GENERIC_HEADER,
        "a,chat,x,2026-03-29T01:59:30,2026-03-29T03:00:30,2026-03-29T03:01:30,Ada,answered",  # local, over the change
        "b,chat,x,2026-03-29T07:00:00Z,2026-03-29T07:01:00Z,2026-03-29T07:02:00Z,Ada,answered",  # 09:00 in summer time
        "c,chat,x,2026-03-29T02:30:00,,2026-03-29T03:00:00,,abandoned",  # a time that never was
        "d,chat,x,2026-03-30T07:00:00Z,,2026-03-30T07:00:09Z,,abandoned",
    )
    run = import_log(log, load_mapping(mapping), tmp_path / "run")
    legs = run.table("legs")
    assert legs["arrived_s"].tolist() == [7170.0, 28800.0, 82800 + 32400.0]  # 09:00 comes after 8 hours
    assert contacts_of(legs)["wait_s"].tolist() == [60.0, 60.0, 9.0]
    assert run.facts["origin"] == "2026-03-29T00:00:00+01:00"
    assert run.facts["rejected"] == {"arrival unreadable": 1}


def test_a_time_of_day_past_midnight_is_the_next_days_also_where_clocks_change(tmp_path: Path) -> None:
    """Without it whoever hung up on the morning of a change would have waited an hour too long or too short."""
    text = (HERE / "mappings" / "bank_acd.yaml").read_text(encoding="utf-8")
    zone = load_mapping(HERE / "mappings" / "bank_acd.yaml").mapping.clock.time_zone
    mapping = tmp_path / "rome.yaml"
    mapping.write_text(text.replace(f"time_zone: {zone}", "time_zone: Europe/Rome").split("keep:")[0])
    night = {"vru_entry": "23:50:00", "vru_exit": "23:50:10", "q_start": "23:50:10", "q_exit": "04:00:00"}
    night |= {"outcome": "HANG", "ser_start": "00:00:00", "ser_exit": "00:00:00", "server": "NO_SERVER"}
    for date, hours in (("990327", 3), ("990328", 4), ("991030", 5)):
        log = write_log(tmp_path / f"{date}.tsv", [call(1, date=date, **night)])
        legs = import_log(log, load_mapping(mapping), tmp_path / date).table("legs")
        assert (legs["ended_s"] - legs["arrived_s"]).tolist() == [hours * 3600 + 590]


def test_a_known_customer_keeps_their_id_over_several_contacts(tmp_path: Path) -> None:
    """Without it a customer's second call would clash with the first, or the person be lost."""
    rows = [call(1, customer_id="77"), call(2, customer_id="77"), call(3)]
    legs = import_log(write_log(tmp_path / "log.tsv", rows), BANK, tmp_path / "run").table("legs")
    assert legs["customer_id"].tolist() == ["77", "77", "990103-AA0101-3"]


def test_all_faults_of_a_mapping_are_told_with_their_lines(tmp_path: Path) -> None:
    """Without it somebody mapping their own log would find one fault per attempt, or none."""
    path = write_text(
        tmp_path / "mine.yaml",
        "mapping: mine",
        "title: My log",
        'file: {delimiter: "; "}',
        "clock:",
        "  time_zone: Rome",
        "  form: time_of_day",
        "contact: [id]",
        "channel: {always: pigeon}",
        "intent: {column: kind, always: x}",
        "arrived: []",
        "outcome:",
        "  rules:",
        "    - {value: done, leg_end: answerd}",
        "    - {value: done, leg_end: answered}",
        "keep: {opens: 17:00, closes: 09:00}",
        "colour: red",
    )
    with pytest.raises(FaultsFoundError) as caught:
        load_mapping(path)
    told = [(fault.line, fault.key) for fault in caught.value.faults]
    assert told == [
        (1, "answered"),
        (1, "ended"),
        (3, "file.delimiter"),
        (4, "clock.date"),
        (5, "clock.time_zone"),
        (8, "channel.always"),
        (9, "intent"),
        (10, "arrived"),
        (13, "outcome.rules[0].leg_end"),
        (13, "outcome.rules[0].value"),
        (14, "outcome.rules[1].value"),
        (15, "keep.closes"),
        (16, "colour"),
    ]
    assert "answered (did you mean it?)" in str(caught.value)


def test_the_ends_a_mapping_may_name_are_ends_of_the_log() -> None:
    """Without it a checked mapping could write a log that breaks the log's own rules."""
    assert set(typing.get_args(RecordedEnd)) <= set(LEG_ENDS)


@pytest.mark.skipif(not BANK_DATA.is_dir(), reason="the bank's log lies beside the repository, never in it")
@pytest.mark.parametrize("month", ["1999-01", "1999-02", "1999-03"])
def test_the_banks_months_come_in_as_their_reference_counts_them(month: str, tmp_path: Path) -> None:
    """Without it fitted and simulated figures would be held against a log that is not the recorded one."""
    reference = pd.read_csv(BANK_DATA / "monthly_reference.csv").set_index("month").loc[month]
    run = import_log(BANK_DATA / f"calls_{month}.tsv.gz", BANK, tmp_path / "run")
    contacts = contacts_of(run.table("legs"))
    wait, answered = contacts["wait_s"], contacts["answered"]
    assert len(contacts) == contacts["offered"].sum() == reference["arrivals"]
    assert round(contacts["abandoned"].mean(), 4) == reference["p_abandon"]
    assert round(wait.mean(), 1) == reference["ew_all_s"]
    assert round(wait[answered].mean(), 1) == reference["asa_served_s"]
    assert round((answered & (wait <= 20)).mean(), 4) == reference["sl20_of_all"]
    assert round((answered & (wait <= 60)).mean(), 4) == reference["sl60_of_all"]
    assert sum(run.facts["rejected"].values()) + run.facts["kept"] == run.facts["rows"]


@pytest.mark.parametrize("name", ["bank_acd", "generic_csv"])
def test_check_takes_the_mappings_that_come_with_the_product(name: str) -> None:
    """Without it somebody could start from a mapping that is itself at fault."""
    assert check_file(HERE / "mappings" / f"{name}.yaml") == "mapping"
