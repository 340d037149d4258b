from results.contacts import contacts_of
from scenarios.plan import make_plan
from scenarios.reading import HERE, load_scenario
from simulator.engine_simpy import Engine
from simulator.simpy_floor import Luck


def test_broadband_move_is_ten_thousand_contacts_a_day_on_a_desk_that_copes():
    """Without it the flagship could drift into an exploding queue or an empty floor, and its lessons with it."""
    loaded = load_scenario(HERE / "broadband_move.yaml", days=1)
    plan = make_plan(loaded, 1)
    assert 8_500 < len(plan) < 11_500  # some days are busier than others
    assert set(plan["channel"]) == {"phone", "chat", "email", "form", "social", "faq"}
    engine = Engine(loaded, plan, Luck(1, 0, 0))
    engine.run()
    legs, staffing = engine.legs("", 0), engine.staffing(0)
    contacts = contacts_of(legs)
    phone = contacts[contacts["channel"] == "phone"]
    assert 0.0005 < phone["abandoned"].mean() < 0.05
    late_orders = legs[(legs["role"] == "work") & (legs["leg_end"] == "censored")]
    assert (legs["leg_end"] == "censored").sum() == len(late_orders) < 0.01 * len(legs)
    assert 0.2 < phone["transferred"].mean() < 0.4
    known = legs["role"].isna() & legs["history_carried"].fillna(False)
    assert (legs["leg_end"].shift()[known] == "cut_off").all()  # only who lost a line and rings back knows the story
    assert legs["promise_due_s"].notna().sum() > 400
    assert {"cut_off", "silent"} <= set(legs["leg_end"])
    at_once = legs["team"].map({name: team.concurrency for name, team in loaded.scenario.teams.items()})
    work_s = (legs["released_s"].fillna(legs["ended_s"]) - legs["answered_s"]).div(at_once).groupby(legs["team"]).sum()
    duty_s = (staffing["to_s"] - staffing["from_s"]).groupby(staffing["team"]).sum()
    occupancy = (work_s / duty_s).dropna()
    assert occupancy.between(0.4, 0.92).all(), occupancy


def test_broadband_move_covers_its_28_days_unless_told_otherwise():
    """Without it `--days 1` would change nothing, or the month would be a day."""
    assert load_scenario(HERE / "broadband_move.yaml").scenario.days == 28
    assert load_scenario(HERE / "broadband_move.yaml", days=2).agents["front"][-1][0] == 86_400 + 21 * 3600
