"""Tables in Excel workbooks are read as the same tables in CSVs are, faults and all."""

from __future__ import annotations

import csv
import datetime
import zipfile

import openpyxl
import pytest

from scenarios.faults import FaultsFoundError
from scenarios.reading import load_scenario
from scenarios.tables import read_agents, read_arrivals, read_contacts, read_points
from tests.written import demand, one_desk, written


def _book(path, rows, sheet="March", **more):
    book = openpyxl.Workbook()
    book.active.title = sheet
    for name, table in {sheet: rows, **more}.items():
        page = book[name] if name in book.sheetnames else book.create_sheet(name)
        for row in table:
            page.append(row)
    book.save(path)
    return path


def _table(path, rows):
    with path.open("w", newline="") as out:
        csv.writer(out).writerows(rows)
    return path


@pytest.mark.parametrize(
    ("read", "rows"),
    [
        (read_contacts, [["starts", "note", "contacts"], ["09:00", "", 12], ["09:30", "busy", 12.5]]),
        (read_agents, [["agents", "from_s"], [4, 0], [5, 32400.5], [0, 61200.0]]),
        (read_points, [["share", "time_s"], [0, 0], [0.25, 30], [1, 600]]),
        (read_arrivals, [["contact_id", "due_s", "channel", "intent"], [17, 0.5, "phone", "order"]]),
    ],
)
def test_a_workbook_is_read_as_the_same_csv(tmp_path, read, rows):
    """Without it a planner's own workbook would give other volumes than the CSV saved from it."""
    rows = [[str(int(cell)) if isinstance(cell, float) and cell.is_integer() else cell for cell in row] for row in rows]
    typed = [[float(cell) if str(cell).replace(".", "", 1).isdigit() else cell for cell in row] for row in rows]
    assert read(_book(tmp_path / "a.xlsx", typed)) == read(_table(tmp_path / "a.csv", rows))


def test_cells_that_hold_times_are_times_of_day(tmp_path):
    """Without it a column that a spreadsheet shows as 09:00 would be refused, or read as a share of a day."""
    times = [datetime.time(9), datetime.time(9, 30, 30), datetime.timedelta(hours=10), "10:30"]
    path = _book(tmp_path / "a.xlsx", [["starts", "contacts"], *([at, 1] for at in times)])
    assert [start for start, _ in read_contacts(path)] == [32_400, 34_230, 36_000, 37_800]


def test_the_sheet_is_the_first_or_the_one_that_is_named(tmp_path):
    """Without it March's volumes could be those of a sheet of notes."""
    rows = {name: [["starts", "contacts"], ["09:00", count]] for name, count in (("March", 3), ("April 2", 4))}
    _book(tmp_path / "a.xlsx", rows["March"], "March", **{"April 2": rows["April 2"]})
    assert read_contacts(tmp_path / "a.xlsx") == [(32_400, 3)]
    assert read_contacts(tmp_path / "a.xlsx#April 2") == [(32_400, 4)]
    with pytest.raises(FaultsFoundError, match=r"a.xlsx#Aprl:1: the sheet is 'Aprl'; expected one of: April 2 \(did"):
        read_contacts(tmp_path / "a.xlsx#Aprl")


def test_faults_name_the_row_the_column_and_the_cell(tmp_path):
    """Without it a slip in a workbook of a thousand rows would have to be searched for."""
    rows = [
        ["note", "starts", "contacts"],
        ["", "09:00", 5],
        [],
        ["x", "9:30", "many"],
        ["", "10:00"],
        ["", "10:30", True],
    ]
    with pytest.raises(FaultsFoundError) as caught:
        read_contacts(_book(tmp_path / "a.xlsx", rows))
    assert str(caught.value).replace(f"{tmp_path}/", "").splitlines() == [
        "a.xlsx:4: contacts (cell C4) is 'many'; expected a number, 0 or more",
        "a.xlsx:4: starts (cell B4) is '9:30'; expected a time of day as HH:MM",
        "a.xlsx:5: contacts (cell C5) is empty; expected a number, 0 or more",
        "a.xlsx:6: contacts (cell C6) is 'TRUE'; expected a number, 0 or more",
    ]
    with pytest.raises(
        FaultsFoundError, match=r"b.xlsx:2: the header is columns from, agents; expected columns from_s"
    ):
        read_agents(_book(tmp_path / "b.xlsx", [[], ["from", "agents"], [0, 1]]))
    with pytest.raises(FaultsFoundError, match=r"c.xlsx:1: the header is columns none; expected columns from_s"):
        read_agents(_book(tmp_path / "c.xlsx", []))


def test_a_formula_counts_as_what_was_saved_with_it(tmp_path):
    """Without it a volume could be read as the text of its formula, or as nothing without a word."""
    path = _book(tmp_path / "a.xlsx", [["starts", "contacts"], ["09:00", "=2+3"]])
    with pytest.raises(FaultsFoundError, match=r"contacts \(cell B2\) is empty"):
        read_contacts(path)
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts["xl/worksheets/sheet1.xml"] = (
        parts["xl/worksheets/sheet1.xml"].replace(b"<v />", b"<v>5</v>").replace(b"<v></v>", b"<v>5</v>")
    )
    with zipfile.ZipFile(path, "w") as book:
        for name, part in parts.items():
            book.writestr(name, part)
    assert read_contacts(path) == [(32_400, 5)]


def test_a_scenario_takes_workbooks_wherever_it_takes_csvs(tmp_path):
    """Without it `contacts_csv` could take a workbook and `agents_csv`, `points_csv` or `replay` refuse it."""
    volumes = [["starts", "contacts"], ["09:00", 10]]
    agents, points = [["from_s", "agents"], [0, 3]], [["share", "time_s"], [0, 10], [1, 20]]
    arrivals = [["contact_id", "due_s", "channel", "intent"], ["a", 5, "phone", "order"]]
    _book(tmp_path / "all.xlsx", volumes, "volumes", agents=agents, points=points, arrivals=arrivals)
    told = {"intent": "order", "channels": {"phone": 1}, "contacts_csv": "all.xlsx"}
    scenario = one_desk(1, {"law": "empirical", "points_csv": "all.xlsx#points"}, demand=[told])
    del scenario["teams"]["front"]["agents"]
    scenario["teams"]["front"]["agents_csv"] = "all.xlsx#agents"
    loaded = written(tmp_path, {**scenario, "replay": {"csv": "all.xlsx#arrivals"}})
    assert loaded.contacts == {0: [(32_400, 10)]}
    assert loaded.agents == {"front": [(0, 3)]}
    assert loaded.arrivals == [("a", 5, "phone", "order", None)]
    assert loaded.scenario.teams["front"].service["default"].mean() == 15
    _book(
        tmp_path / "all.xlsx",
        volumes,
        "volumes",
        agents=[["from_s", "agents"], [0, 4]],
        points=points,
        arrivals=arrivals,
    )
    assert load_scenario(loaded.path).hash != loaded.hash


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("nowhere.xlsx", None, "is 'nowhere.xlsx'; expected an Excel workbook beside this file (No such file"),
        ("text.xlsx", b"starts,contacts\n", "is 'text.xlsx'; expected an Excel workbook beside this file (no Excel"),
        ("empty.xlsx", b"", "is 'empty.xlsx'; expected an Excel workbook beside this file (no Excel workbook)"),
        ("other.xlsx", "zip", "is 'other.xlsx'; expected an Excel workbook beside this file (no Excel workbook)"),
    ],
)
def test_what_is_no_workbook_is_told_where_it_is_named(tmp_path, name, content, said):
    """Without it a renamed CSV would end in a traceback out of a library."""
    if content == "zip":
        with zipfile.ZipFile(tmp_path / name, "w") as packed:
            packed.writestr("a.txt", "no sheet")
    elif content is not None:
        (tmp_path / name).write_bytes(content)
    told = demand(0)
    del told["contacts"]
    with pytest.raises(FaultsFoundError) as caught:
        written(tmp_path, one_desk(demand=[{**told, "contacts_csv": name}]))
    (line,) = str(caught.value).splitlines()
    assert f"demand[0].contacts_csv {said}" in line


def test_a_workbook_that_unpacks_to_more_than_we_take_is_refused(tmp_path, monkeypatch):
    """Without it a few kilobytes could fill the memory."""
    path = _book(tmp_path / "a.xlsx", [["starts", "contacts"], ["09:00", 1]])
    monkeypatch.setattr("scenarios.workbooks.BYTES_MOST", 100)
    with pytest.raises(FaultsFoundError, match=r"the file is \d+ bytes unpacked; expected at most 100 bytes"):
        read_contacts(path)
