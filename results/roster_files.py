"""A roster as files people use: CSV to keep and read again, an Excel workbook for planners, calendars for each person.

Everything is told by the local clock. `results.roster_reading` reads the table again.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from results.roster import Roster, RosterShift


def write_csv(roster: Roster, path: Path) -> None:
    """Write a row per shift with the columns of `Roster.table`."""
    roster.table().to_csv(path, index=False)


def write_excel(roster: Roster, path: Path) -> None:
    """Write a workbook: a sheet per team and week with a row per person and a column per day, and one of all shifts."""
    import openpyxl  # here, as few readers need it

    book = openpyxl.Workbook()
    listed: Any = book.active
    listed.title = "shifts"
    table = roster.table()
    _fill(listed, [list(table.columns), *table.to_numpy().tolist()])
    rows = table.assign(week=[_monday(date) for date in table["date"]])
    used = {"shifts"}
    for (team, week), own in rows.groupby(["team", "week"], sort=True):
        monday = datetime.date.fromisoformat(str(week))
        days = [(monday + datetime.timedelta(days=day)).isoformat() for day in range(7)]
        header = [
            "person",
            "contract",
            *(f"{datetime.date.fromisoformat(day):%a} {day}" for day in days),
            "paid_h",
            "net_h",
        ]
        body = []
        for (person, contract), shifts in own.groupby(["person", "contract"], sort=True):
            worked = {row.date: _cell(row) for row in shifts.itertuples()}
            hours = [round(float(shifts["paid_h"].sum()), 2), round(float(shifts["net_h"].sum()), 2)]
            body.append([person, contract, *(worked.get(day, "") for day in days), *hours])
        _fill(book.create_sheet(_sheet_name(f"{team} {monday:%d %b}", used)), [header, *body])
    book.move_sheet(listed, offset=len(book.sheetnames) - 1)
    book.save(path)


def _monday(date: str) -> str:
    day = datetime.date.fromisoformat(date)
    return (day - datetime.timedelta(days=day.weekday())).isoformat()


def _cell(row: Any) -> str:
    pauses = f" ({row.breaks})" if row.breaks else ""
    return f"{row.starts}-{row.ends}{pauses}"


def _sheet_name(wanted: str, used: set[str]) -> str:
    """Return a name that Excel takes: 31 characters at most, each once."""
    name = wanted[:31]
    for number in itertools.count(2):
        if name.lower() not in used:
            break
        name = f"{wanted[:27]} {number}"
    used.add(name.lower())
    return name


def _fill(sheet: Any, rows: Sequence[Sequence[Any]]) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    for row in rows:
        sheet.append([f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@" else cell for cell in row])
    for cell in sheet[1]:
        cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "C2"
    for at, column in enumerate(zip(*rows, strict=True), start=1):
        sheet.column_dimensions[get_column_letter(at)].width = min(max(len(str(cell)) for cell in column) + 2, 34)


def write_calendars(roster: Roster, folder: Path, apart: bool = True) -> list[Path]:
    """Write iCalendar files (RFC 5545): one for each person, or `roster.ics` with all; return where they lie.

    An event is a shift; breaks stand in its description. The same shift has the same UID whenever it is written, so a
    calendar that has read an older file of it replaces what it had.

    Raises:
        ModuleNotFoundError: the package icalendar is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not apart:
        path = folder / "roster.ics"
        path.write_bytes(_calendar(roster, roster.shifts))
        return [path]
    paths, used = [], set[str]()
    for person in roster.people:
        name = "".join(letter if letter.isalnum() else "_" for letter in person) or "_"
        name = next(
            one for one in itertools.chain([name], (f"{name}_{n}" for n in itertools.count(2))) if one not in used
        )
        used.add(name)
        paths.append(folder / f"{name}.ics")
        paths[-1].write_bytes(_calendar(roster, [one for one in roster.shifts if one.person == person]))
    return paths


def _calendar(roster: Roster, shifts: Sequence[RosterShift]) -> bytes:
    try:
        import icalendar
    except ImportError:
        raise ModuleNotFoundError("calendars need icalendar: pip install 'testdrive-cx[staffing]'") from None
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Testdrive//roster//EN")
    calendar.add("version", "2.0")
    for shift in shifts:
        event = icalendar.Event()
        event.add("uid", _uid(roster, shift))
        event.add("dtstamp", roster.instant(0))
        event.add("dtstart", _told(roster, shift.begins_s))
        event.add("dtend", _told(roster, shift.ends_s))
        event.add("summary", f"{shift.team}: {shift.person}")
        event.add("description", _description(roster, shift))
        calendar.add_component(event)
    first = roster.date(0)
    calendar.add_missing_timezones(
        first_date=first - datetime.timedelta(days=366), last_date=first + datetime.timedelta(days=roster.days + 366)
    )
    return bytes(calendar.to_ical())


def _told(roster: Roster, at_s: int) -> datetime.datetime:
    """Return an instant by the local clock; where that shows it the second time, which RFC 5545 cannot say, in UTC."""
    at = roster.local_time(at_s)
    return at if at.fold == 0 else at.astimezone(datetime.UTC)


def _uid(roster: Roster, shift: RosterShift) -> str:
    person = "".join(
        letter if letter.isascii() and letter.isalnum() else f"-{ord(letter):x}-" for letter in shift.person
    )
    return f"{person}.{shift.team}.{roster.instant(shift.begins_s):%Y%m%dT%H%M%SZ}@testdrive"


def _description(roster: Roster, shift: RosterShift) -> str:
    pauses = []
    for one in shift.breaks:
        times = f"{roster.local_time(one.begins_s):%H:%M}-{roster.local_time(one.ends_s):%H:%M}"
        pauses.append(f"{times} {'paid' if one.paid else 'unpaid'}")
    return f"{shift.contract}; {shift.paid_h:g} h paid; breaks: {', '.join(pauses) or 'none'}"
