import pytest

from scenarios.rosters import daily_steps, shift_steps
from scenarios.scenario import Break, Shift
from tests.written import demand, one_desk, written

HOUR_S = 3600.0


def _hours(steps):
    return [(at_s / HOUR_S, count) for at_s, count in steps]


def test_shifts_add_up_and_breaks_take_away():
    """Without it a planner's shifts would staff the desk with other numbers than they say."""
    early = Shift(starts="08:00", ends="16:00", agents=5, breaks=[Break(starts="12:00", minutes=30)])
    late = Shift(starts="12:00", ends="20:00", agents=3)
    told = [(0, 0), (8, 5), (12, 3), (12.5, 8), (16, 3), (20, 0)]
    assert _hours(shift_steps([early, late], 1)) == told
    assert _hours(shift_steps([early, late], 2))[6:] == [(at + 24, count) for at, count in told[1:]]


def test_a_night_shift_goes_on_after_midnight_of_the_first_day_too():
    """Without it the first night of every run would be unstaffed, and no later one."""
    night = Shift(starts="20:00", ends="04:00", agents=2, breaks=[Break(starts="23:30", minutes=60)])
    assert _hours(shift_steps([night], 1)) == [(0, 0), (0.5, 2), (4, 0), (20, 2), (23.5, 0)]


def test_shifts_and_a_roster_that_says_the_same_staff_alike(tmp_path):
    """Without it `shifts` could be read and not reach the engine."""
    scenario = one_desk(demand=[demand(1)])
    front = {key: value for key, value in scenario["teams"]["front"].items() if key != "agents"}
    breaks = [{"starts": "11:00", "minutes": 15}]
    shifts = [{"starts": "09:00", "ends": "17:00", "agents": 4, "breaks": breaks}]
    loaded = written(tmp_path / "a", {**scenario, "teams": {"front": {**front, "shifts": shifts}}})
    roster = {"00:00": 0, "09:00": 4, "11:00": 0, "11:15": 4, "17:00": 0}
    other = written(tmp_path / "b", {**scenario, "teams": {"front": {**front, "agents": roster}}})
    assert loaded.agents == other.agents == {"front": daily_steps(roster, 1)}


@pytest.mark.parametrize(
    ("channel", "intent", "wanted"), [("phone", "order", 2), ("phone", "other", 1), ("chat", "order", 0)]
)
def test_the_first_rule_that_concerns_a_contact_gives_its_priority(tmp_path, channel, intent, wanted):
    """Without it two rules for one contact would be settled by chance."""
    rules = [{"intents": ["order"], "channels": ["phone"], "priority": 2}, {"channels": ["phone"], "priority": 1}]
    scenario = written(
        tmp_path, one_desk(priorities=rules, intents={"order": "?", "other": "?"}, demand=[demand(1)])
    ).scenario
    assert scenario.priority_of(channel, intent) == wanted
