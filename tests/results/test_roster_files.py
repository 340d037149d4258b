"""A roster as CSV, workbook and calendars, and read again."""

import datetime

import icalendar
import numpy as np
import openpyxl
import pytest

from results.roster import Roster, RosterBreak, RosterShift, in_order
from results.roster_files import write_calendars, write_csv, write_excel
from results.roster_reading import read_roster
from scenarios.faults import FaultsFoundError

HOUR = 3600


def _autumn() -> Roster:
    """Return two days of Rome in which the clock goes back on the second, with shifts through that night."""
    night = RosterShift("Ada", "full", "front", 22 * HOUR, 31 * HOUR, (RosterBreak(27 * HOUR, 27 * HOUR + 1800, True),))
    day = RosterShift("=Bo, jr.", "part", "back", 8 * HOUR, 16 * HOUR, (RosterBreak(12 * HOUR, 13 * HOUR, False),))
    return Roster(in_order([night, day]), "2026-10-24", "Europe/Rome", 2)


def test_a_planner_who_writes_a_roster_and_reads_it_gets_the_same_shifts(tmp_path):
    """Without it a night in which the clock goes back would come back an hour longer or shorter."""
    roster = _autumn()
    write_csv(roster, tmp_path / "roster.csv")
    again = read_roster(tmp_path / "roster.csv", roster.starts, roster.time_zone, roster.days, ["front", "back"])
    assert again.shifts == roster.shifts
    assert again.shifts[1].net_h == 8.5
    assert "02:00b-02:30b paid" in (tmp_path / "roster.csv").read_text()


def test_an_evening_before_the_first_day_can_be_written_and_read(tmp_path):
    """Without it those who are at work at the first midnight could not stand in a file."""
    roster = Roster((RosterShift("Ada", "full", "front", -2 * HOUR, 6 * HOUR),), "2026-05-04", "Europe/Rome", 1)
    write_csv(roster, tmp_path / "roster.csv")
    again = read_roster(tmp_path / "roster.csv", roster.starts, roster.time_zone, roster.days)
    assert again.shifts == roster.shifts
    assert again.steps()["front"] == [(0.0, 1), (6.0 * HOUR, 0)]


def test_a_planner_who_reads_a_wrong_file_gets_all_its_faults_at_once(tmp_path):
    """Without it one fault after the other would have to be mended to see the next."""
    lines = [
        "person,contract,team,date,starts,ends,breaks",
        "Ada,full,frnt,2026-05-04,08:00,16:00,",
        ",full,front,2026-06-04,8:00,25:00,",
        "Bo,full,front,2026-05-04,08:00,16:00,07:00-08:30",
        "Bo,full,front,2026-05-04,15:00,18:00,",
    ]
    (tmp_path / "roster.csv").write_text("\n".join(lines))
    with pytest.raises(FaultsFoundError) as caught:
        read_roster(tmp_path / "roster.csv", "2026-05-04", "Europe/Rome", 7, ["front"])
    found = [(fault.line, fault.key) for fault in caught.value.faults]
    assert found == [(2, "team"), (3, "date"), (3, "ends"), (3, "person"), (3, "starts"), (4, "breaks"), (5, "starts")]
    assert "front (did you mean it?)" in str(caught.value)


def test_a_planner_who_opens_the_workbook_sees_people_by_day_and_can_have_it_read(tmp_path):
    """Without it the workbook could hold a list only, or cells that Excel runs as formulas."""
    write_excel(_autumn(), tmp_path / "roster.xlsx")
    book = openpyxl.load_workbook(tmp_path / "roster.xlsx")
    assert book.sheetnames == ["back 19 Oct", "front 19 Oct", "shifts"]
    rows = list(book["front 19 Oct"].values)
    assert rows[0][:3] == ("person", "contract", "Mon 2026-10-19")
    assert rows[1][:2] == ("Ada", "full")
    assert rows[1][7] == "22:00-06:00 (02:00b-02:30b paid)"
    assert not str(book["back 19 Oct"]["A2"].value).startswith("=")
    again = read_roster(tmp_path / "roster.xlsx#shifts", "2026-10-24", "Europe/Rome", 2)
    assert [one.begins_s for one in again.shifts] == [one.begins_s for one in _autumn().shifts]


def test_an_agent_who_imports_their_calendar_comes_on_time_when_the_clock_changes(tmp_path):
    """Without it a calendar could show the night shift an hour off, or import it twice."""
    roster = _autumn()
    paths = write_calendars(roster, tmp_path)
    assert [path.name for path in paths] == ["_Bo__jr_.ics", "Ada.ics"]
    calendar = icalendar.Calendar.from_ical(paths[1].read_bytes())
    (event,) = calendar.walk("VEVENT")
    begins, ends = event.decoded("dtstart"), event.decoded("dtend")
    assert ends.astimezone(datetime.UTC) - begins.astimezone(datetime.UTC) == datetime.timedelta(hours=9)
    assert begins.tzinfo is not None
    assert calendar.walk("VTIMEZONE")
    first = paths[1].read_bytes()
    assert write_calendars(roster, tmp_path)[1].read_bytes() == first
    (everybody,) = write_calendars(roster, tmp_path, apart=False)
    assert len(icalendar.Calendar.from_ical(everybody.read_bytes()).walk("VEVENT")) == 2


def test_seats_count_whole_intervals_at_work_and_steps_every_instant():
    """Without it a break of a quarter of an hour would go unseen, or paid hours be net ones."""
    breaks = (RosterBreak(9 * HOUR, 9 * HOUR + 900, paid=True), RosterBreak(10 * HOUR, 11 * HOUR, paid=False))
    roster = Roster((RosterShift("Ada", "full", "front", 8 * HOUR, 12 * HOUR, breaks),), "2026-05-04", "Europe/Rome", 1)
    begins_s = np.arange(24) * 3600.0
    assert roster.seats(["front"], begins_s, 60)[0, 7:13].tolist() == [0, 1, 0, 0, 1, 0]
    assert roster.seats(["front"], begins_s, 60, present=False)[0, 7:13].tolist() == [0, 1, 1, 1, 1, 0]
    assert (roster.paid_h, roster.net_h) == (3.0, 2.75)
    assert roster.steps(["front", "back"])["back"] == [(0.0, 0)]
    assert [count for _, count in roster.steps()["front"]] == [0, 1, 0, 1, 0, 1, 0]
