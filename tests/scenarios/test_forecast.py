"""Volumes by date: tables, growth, events, and errors of the forecast; logs are in test_forecast_log.py."""

from __future__ import annotations

import csv
import datetime

import numpy as np
import openpyxl
import pytest

from scenarios.cells import cells_of, counts_of
from scenarios.faults import FaultsFoundError
from scenarios.plan import make_plan
from tests.written import demand, one_desk, written

HEADER = ["date", "time", "contacts"]


def _row(intent="order", channels=("phone",), **more):
    mix = {channel: 1 / len(channels) for channel in channels}
    return {"intent": intent, "channels": mix, "forecast": {"file": "volumes.csv"}, **more}


def _table(folder, rows, header=HEADER, name="volumes.csv"):
    folder.mkdir(parents=True, exist_ok=True)
    if name.endswith(".xlsx"):
        book = openpyxl.Workbook()
        for row in [header, *rows]:
            book.active.append(row)
        book.save(folder / name)
        return
    with (folder / name).open("w", newline="") as out:
        csv.writer(out).writerows([header, *rows])


def _told(folder, rows, header=HEADER, **changes):
    """A scenario whose volumes stand in a table; two open channels."""
    _table(folder, rows, header)
    hours = {"opens": "00:00", "closes": "24:00"}
    scenario = one_desk(
        demand=[_row()], channels={"phone": hours, "chat": hours}, intents={"order": "?", "refund": "?"}
    )
    scenario["teams"]["front"]["channels"] = ["phone", "chat"]
    return written(folder, {**scenario, **changes})


def _expected(loaded, index=0):
    """By day: {start in minutes: contacts}."""
    return [
        {one.start_s / 60: pytest.approx(one.contacts) for one in loaded.expected(index, day)}
        for day in range(loaded.scenario.days)
    ]


def _faults(folder, *told, **changes):
    with pytest.raises(FaultsFoundError) as caught:
        _told(folder, *told, **changes)
    return [str(fault).removeprefix(f"{folder}/") for fault in caught.value.faults]


TWO_DAYS = [
    ["2026-03-03", "09:00", 10], ["2026-03-03", "09:15", 20.5], ["2026-03-04", "09:15", 7], ["2026-03-04", "22:00", 3],
]  # fmt: skip


def test_each_day_has_the_volumes_of_its_date(tmp_path):
    """Without it a planner's Wednesday could be played as Tuesday, or with another length of interval."""
    loaded = _told(tmp_path, TWO_DAYS, days=2)
    assert loaded.scenario.demand[0].interval_minutes == 15
    assert _expected(loaded) == [{540: 10, 555: 20.5}, {555: 7, 1320: 3}]
    cells = cells_of(loaded)
    assert cells.mean.tolist() == [10, 20.5, 7, 3]
    assert (cells.start_s / 60).tolist() == [540, 555, 1440 + 555, 1440 + 1320]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        (["from", "contacts"], [["2026-03-03T09:00", 4], ["2026-03-03 09:30:00", 6]]),
        (["date", "interval", "note", "contacts"], [["2026-03-03", "09:00-09:30", "x", 4],
                                                     ["2026-03-03", "09:30 – 10:00", "", 6]]),
        (["contacts", "starts", "date"], [[4, "09:00:00", "2026-03-03"], [6, "09:30", "2026-03-03"]]),
    ],
)  # fmt: skip
def test_columns_are_read_as_planning_tools_write_them(tmp_path, header, rows):
    """Without it each export had to be rewritten by hand first."""
    assert _expected(_told(tmp_path, rows, header)) == [{540: 4, 570: 6}]


def test_a_workbook_with_dates_is_the_same_as_a_csv(tmp_path):
    """Without it cells that hold dates and times would be refused, as a spreadsheet stores them."""
    day = datetime.date(2026, 3, 3)
    rows = [[day, datetime.time(9), 4], [datetime.datetime(2026, 3, 3), datetime.time(9, 30), 6]]
    _table(tmp_path, rows, name="book.xlsx")
    loaded = written(tmp_path, one_desk(demand=[_row(forecast={"file": "book.xlsx#Sheet"})]))
    assert _expected(loaded) == [{540: 4, 570: 6}]


def test_one_table_serves_all_intents_and_tells_the_mix_of_each_interval(tmp_path):
    """Without it the evening's chats would come in the morning, or refunds as orders."""
    header = ["date", "time", "intent", "channel", "contacts"]
    rows = [["2026-03-03", at, intent, channel, count] for at, intent, channel, count in [
        ("09:00", "order", "phone", 300), ("09:00", "order", "chat", 100), ("10:00", "order", "chat", 200),
        ("10:00", "refund", "phone", 50), ("11:00", "refund", "phone", 0)]]  # fmt: skip
    entries = [_row("refund"), _row("order", ("chat", "phone"))]
    loaded = _told(tmp_path, rows, header, demand=entries)
    assert (_expected(loaded, 0), _expected(loaded, 1)) == ([{600: 50, 660: 0}], [{540: 400, 600: 200}])
    assert [one.mix for one in loaded.expected(1, 0)] == [(0.25, 0.75), (1.0, 0.0)]
    assert loaded.scenario.demand[1].channels == {"chat": 0.5, "phone": 0.5}
    plan = make_plan(loaded, 1)
    found = plan.groupby(["intent", plan["due_s"] // 3600, "channel"]).size()
    assert found["order", 9, "phone"] / found["order", 9].sum() == pytest.approx(0.75, abs=0.1)
    assert found["order", 10].to_dict() == {"chat": pytest.approx(200, abs=60)}
    assert found["refund", 10].to_dict() == {"phone": pytest.approx(50, abs=30)}


def test_every_fault_of_a_table_is_told_with_line_and_column(tmp_path):
    """Without it a planner would find them one by one, or a slip of the pen be played."""
    rows = [["2026-03-03", "09:00", -4], ["3 March", "25:00", "many"], ["2026-03-03", "10:00", 1],
            ["2026-03-03", "10:00", 2], ["2026-03-03", "10:00:30", ""]]  # fmt: skip
    assert _faults(tmp_path, rows) == [
        "volumes.csv:2: contacts is '-4'; expected a number, 0 or more",
        "volumes.csv:3: contacts is 'many'; expected a number, 0 or more",
        "volumes.csv:3: date is '3 March'; expected a date as YYYY-MM-DD",
        "volumes.csv:3: time is '25:00'; expected a time of day from 00:00 to 24:00",
        "volumes.csv:5: the row is 2026-03-03 10:00 again; expected each interval once; it stands on line 4 already",
        "volumes.csv:6: contacts is empty; expected a number, 0 or more",
        "volumes.csv:6: time is '10:00:30'; expected an interval that starts on a full minute before midnight",
    ]


def test_missing_days_are_listed_and_closed_ones_are_not_missed(tmp_path):
    """Without it a day that was forgotten would be played empty, or Sundays had to be written down."""
    hours = {"opens": "00:00", "closes": "24:00", "hours": {"sunday": "closed"}}
    channels = {"phone": hours, "chat": {"opens": "00:00", "closes": "24:00"}}
    (fault,) = _faults(tmp_path, TWO_DAYS[:3], days=8, channels=channels)
    assert fault == (
        "volumes.csv:1: the table is without 2026-03-05, 2026-03-06, 2026-03-07, 2026-03-09, 2026-03-10 of order "
        "(demand[0]); expected a row for each day on which a channel is open, with 0 contacts where nobody comes "
        "(it has 2026-03-03 to 2026-03-04)"
    )


@pytest.mark.parametrize(
    ("header", "rows", "changes", "words"),
    [
        (["date", "contacts"], [["2026-03-03", 1]], {}, "columns date and time (or from), contacts"),
        (HEADER, TWO_DAYS, {"demand": [_row(interval_minutes=30)]}, "is of rows 15 minutes apart; expected rows 30"),
        (HEADER, [["2026-03-03", "09:00", 1]], {}, "is one row a day; expected several intervals of a day"),
        (HEADER, [["2026-03-03", at, 1] for at in ("09:00", "10:00", "11:30")], {"days": 1}, "the time is 11:30"),
        ([*HEADER, "intent"], [["2026-03-03", "09:00", 1, "ordr"]], {}, "intent is 'ordr'; expected one of: order"),
        ([*HEADER, "channel"], [["2026-03-03", "09:00", 1, "chat"]], {}, "one of: phone, the channels of order"),
        ([*HEADER, "intent"], [["2026-03-03", "09:00", 1, "refund"]], {}, "intent is never 'order'"),
        (HEADER, TWO_DAYS, {"demand": [_row(week={"monday": 2})]}, "no week beside forecast.file"),
        (HEADER, TWO_DAYS, {"demand": [_row(forecast={"file": "nowhere.csv"})]}, "demand[0].forecast.file is 'nowhere"),
        (HEADER, TWO_DAYS, {"demand": [_row(forecast={"file": "volumes.csv", "weeks": 3})]}, "weeks only beside log"),
        (HEADER, TWO_DAYS, {"demand": [_row(forecast={})]}, "either file or log"),
        (HEADER, TWO_DAYS, {"demand": [_row(), demand(5, interval_minutes=60, contacts=[5] * 10)]}, "interval once"),
        (HEADER, TWO_DAYS, {"forecast": {"events": [{"on": "2026-03-03", "factor": 2, "intents": ["ordr"]}]}},
         "forecast.events[0].intents[0] is 'ordr'; expected one of: order (did you"),
        (HEADER, TWO_DAYS, {"forecast": {"events": [{"on": "2026-03-03", "until": "2026-03-02", "factor": 2}]}},
         "until on the day of `on` or later"),
        (HEADER, TWO_DAYS, {"forecast": {"error": {"correlation": 0.2, "daily_cv": 1}}}, "only beside interval_cv"),
        (HEADER, TWO_DAYS, {"forecast": {"error": {"measured": True}}}, "asked for without a log"),
        (HEADER, TWO_DAYS, {"forecast": {"error": {}}}, "or measured: true"),
        (HEADER, TWO_DAYS, {"forecast": {"events": [{"on": "2026-03-03", "factor": 1000}]},
                            "demand": [_row(factor=100)]}, "is for 2050000 contacts in an interval"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(tmp_path, header, rows, changes, words):
    """Without it volumes would be lost, doubled or moved without a word."""
    assert any(words in fault for fault in _faults(tmp_path, rows, header, **changes))


def test_growth_and_events_multiply_to_the_interval(tmp_path):
    """Without it an event could move another day or hour, or growth begin on another date."""
    events = [
        {"on": "2026-03-04", "until": "2026-03-05", "hours": "09:20-22:00", "factor": 1.6, "says": "invoices go out"},
        {"on": "2026-03-04", "factor": 0.5, "intents": ["order"]},
        {"on": "2026-03-03", "factor": 9, "intents": ["refund"]},
    ]
    growth = {"per_year": 0.1, "from": "2025-03-03"}
    loaded = _told(tmp_path, TWO_DAYS, days=2, forecast={"growth": growth, "events": events})
    first, second = 1.1 ** (365 / 365.25), 1.1 ** (366 / 365.25)
    assert _expected(loaded) == [
        {540: 10 * first, 555: 20.5 * first},
        {555: 7 * second * 0.5 * (1 + 0.6 * 10 / 15), 1320: 3 * second * 0.5},
    ]


def test_volumes_told_in_the_file_itself_grow_and_have_events_too(tmp_path):
    """Without it only who has a table could say that invoices go out."""
    events = [{"on": "2026-03-04", "until": "2026-03-05", "factor": 3}]
    told = demand(0, interval_minutes=720, contacts=[100, 200], week={"wednesday": 2})
    loaded = written(tmp_path, one_desk(demand=[told], days=4, forecast={"events": events}))
    plain = {0: 100, 720: 200}
    assert _expected(loaded) == [plain, {0: 600, 720: 1200}, {0: 300, 720: 600}, plain]


def test_an_event_of_one_channel_leaves_the_others_alone(tmp_path):
    """Without it a chat campaign would bring calls."""
    events = [{"on": "2026-03-03", "factor": 4, "channels": ["chat"]}]
    entries = [_row(channels=("phone", "chat"))]
    loaded = _told(tmp_path, [["2026-03-03", "09:00", 100], ["2026-03-03", "10:00", 0]], demand=entries,
                   forecast={"events": events})  # fmt: skip
    assert _expected(loaded) == [{540: 250, 600: 0}]
    assert loaded.expected(0, 0)[0].mix == pytest.approx((0.2, 0.8))
    assert loaded.expected(0, 0)[1].mix is None


REPLICATIONS = 3000


def _totals(folder, days, **error):
    """By replication and day, how many come; 200 are expected on each."""
    rows = [[f"2026-03-{2 + day:02d}", at, 100] for day in range(days) for at in ("09:00", "10:00")]
    loaded = _told(folder, rows, starts="2026-03-02", days=days, forecast={"error": error})
    cells = cells_of(loaded)
    drawn = np.array([counts_of(loaded, cells, 1, replication) for replication in range(REPLICATIONS)])
    return drawn.reshape(REPLICATIONS, days, 2)


def test_drawn_totals_vary_as_declared(tmp_path):
    """Without it a cv could be a variance, hit single intervals, or move the mean."""
    days = _totals(tmp_path, 8, weekly_cv=0.1, daily_cv=0.05).sum(axis=2).astype(float)
    cov = np.cov(days.T) / 200**2
    error = 3 * 0.02 / np.sqrt(REPLICATIONS)
    assert days.mean() == pytest.approx(200, abs=4 * 200 * 0.13 / np.sqrt(REPLICATIONS))
    assert np.diag(cov) == pytest.approx(np.full(8, 1.01 * 1.0025 - 1 + 1 / 200), abs=error)
    assert cov[0, 6] == pytest.approx(0.01, abs=error)
    assert cov[6, 7] == pytest.approx(0, abs=error)  # the Monday after has another week's error


def test_half_hours_are_off_by_themselves_where_told(tmp_path):
    """Without it a wrong shape of the day could not be said, or would move the day as a whole."""
    first, second = _totals(tmp_path, 1, interval_cv=0.2, correlation=0.0)[:, 0].T
    assert np.var(first) == pytest.approx(100 + 400, rel=0.12)
    assert np.cov(first, second)[0, 1] == pytest.approx(0, abs=40)


def test_two_alternatives_meet_the_same_error(tmp_path):
    """Without it a what-if would compare a lucky forecast with an unlucky one."""

    def planned(folder, **changes):
        loaded = _told(tmp_path / folder, TWO_DAYS, days=2, forecast={"error": {"daily_cv": 0.5}}, **changes)
        return make_plan(loaded, 3, 4).set_index("contact_id")

    few, many = planned("few"), planned("many", demand=[_row(factor=2)])
    assert len(few) < len(many)
    assert few.equals(many.loc[few.index])
    sure = make_plan(_told(tmp_path / "sure", TWO_DAYS, days=2), 3, 4).set_index("contact_id")
    assert set(sure.index) != set(few.index)


def test_a_forecast_is_played_where_clocks_change_too(tmp_path):
    """Without it the night of 25 hours would lose the hour that comes twice, or be refused."""
    rows = [["2026-10-25", "02:00", 40], ["2026-10-25", "03:00", 10]]
    loaded = _told(tmp_path, rows, starts="2026-10-25", time_zone="Europe/Rome")
    assert cells_of(loaded).mean.tolist() == [80, 10]


def test_rates_curve_through_each_days_own_volumes(tmp_path):
    """Without it a spline would go through the mean of all days."""
    rows = [["2026-03-03", f"{9 + at:02d}:00", (1 + at) * 10] for at in range(3)]
    rows += [["2026-03-04", f"{9 + at:02d}:00", (3 - at) * 10] for at in range(3)]
    bends = cells_of(_told(tmp_path, rows, days=2, demand=[_row(rate="spline")])).bends
    assert bends[:3] == pytest.approx(bends[:2:-1, ::-1])
    assert bends[1, 0] < bends[1, 1]
