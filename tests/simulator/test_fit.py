from __future__ import annotations

import itertools
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from results.comparison import AGREES, compare_logs
from results.importing import import_log
from results.log import table_of
from results.metrics import contacts_of
from results.runs import Run
from scenarios.mapping import load_mapping
from scenarios.reading import HERE, load_scenario
from simulator.fit import (
    ABSENT_S,
    PICKUP_S,
    FitError,
    TimeLaw,
    fit,
    fit_legs,
    kaplan_meier,
    patience_law,
    seats_on_duty,
    wrap_up_law,
)
from simulator.simulate import simulate
from simulator.unexplained import unexplained

BANK_DATA = Path(__file__).parents[2].parent / "shared" / "data" / "bank1999"

KNOWN_WORLD = """
scenario: known_world
title: A desk whose seats, wrap-up and patience we know
time_zone: UTC
starts: "2026-03-02"
days: 3
channels: {phone: {opens: 09:00, closes: 17:00}}
intents: {question: A question}
demand:
  - intent: question
    channels: {phone: 1}
    starts: 09:00
    contacts: [70, 85, 95, 105, 110, 105, 95, 85, 85, 95, 105, 110, 100, 90, 80, 60]
teams:
  desk:
    channels: [phone]
    agents: {09:00: 10, 12:00: 12, 17:00: 0}
    service: {default: {law: lognormal, mean_s: 180, cv: 1}}
    wrap: {law: exponential, mean_s: 30}
patience: {phone: {law: exponential, mean_s: 300}}
"""


def legs_of(*rows: tuple[float, float | None, float, str], intent: str = "question") -> pd.DataFrame:
    """Return legs from (arrived, answered, ended, agent or how it ended)."""
    return table_of(
        "legs",
        [
            {
                "source": "recorded", "replication": 0, "customer_id": f"{intent}{number:04d}",
                "case_id": f"{intent}{number:04d}", "contact_id": f"{intent}{number:04d}", "attempt": 1, "leg": 0,
                "channel": "phone", "intent": intent, "arrived_s": arrived, "answered_s": answered, "ended_s": ended,
                "agent": None if answered is None else word, "talk_s": None if answered is None else ended - answered,
                "leg_end": word if answered is None else "answered",
            }
            for number, (arrived, answered, ended, word) in enumerate(rows)
        ],
    )  # fmt: skip


def contacts_with_waits(legs: pd.DataFrame) -> pd.DataFrame:
    """Return the contacts as the rule takes them."""
    return fit_legs(legs).contacts


def recorded_without_staffing(folder: Path) -> tuple[Run, pd.DataFrame]:
    """Simulate the known world once and read it back from a CSV that a call log could be."""
    path = folder / "known_world.yaml"
    path.write_text(KNOWN_WORLD)
    truth = simulate(load_scenario(path), replications=1)
    legs = truth.legs[truth.legs["leg_end"] != "censored"]
    origin = pd.Timestamp("2026-03-02", tz="UTC").timestamp()
    log = pd.DataFrame({"contact_id": legs["contact_id"], "channel": legs["channel"], "intent": legs["intent"]})
    for name in ("arrived", "answered", "ended"):
        log[name] = (legs[f"{name}_s"].astype(float) + origin).map("{:.3f}".format).replace("nan", "")
    log["agent"], log["outcome"] = legs["agent"], legs["leg_end"]
    log.to_csv(folder / "log.csv", index=False)
    mapping = load_mapping(HERE / "mappings" / "generic_csv.yaml")
    return import_log(folder / "log.csv", mapping, folder / "recorded"), truth.staffing


def test_kaplan_meier_counts_those_who_came_late_only_from_then_on() -> None:
    """Without it the tail of wrap-up, seen only in late queues, would be thinned by gaps nobody watched."""
    # 2 ends of 3 at risk at 2 s; the fourth enters after 2 s and ends at 5 s, with one other at risk who is never seen
    entered, left = np.array([0.0, 0, 0, 3]), np.array([2.0, 2, 9, 5])
    times, shares = kaplan_meier(entered, left, np.array([True, True, False, True]))
    assert times.tolist() == [2, 5]
    assert shares == pytest.approx([2 / 3, 1 - 1 / 3 * 1 / 2])


def test_kaplan_meier_without_late_entries_is_scipys() -> None:
    """Without it our few lines could drift from the estimator they are named after."""
    rng = np.random.default_rng(1)
    left, ended = rng.integers(0, 50, 400).astype(float), rng.random(400) < 0.4
    times, shares = kaplan_meier(np.zeros(400), left, ended)
    oracle = stats.ecdf(stats.CensoredData(uncensored=left[ended], right=left[~ended])).cdf
    assert shares == pytest.approx(oracle.evaluate(times))


def test_who_was_answered_would_have_waited_longer() -> None:
    """Without it patience would be the mean wait of those who gave up: far too short."""
    legs = legs_of((0, None, 10, "abandoned"), (0, 20, 25, "ada"), (0, None, 30, "abandoned"), (0, 40, 41, "ada"))
    law, rest = patience_law(contacts_with_waits(legs))
    assert law is not None
    assert law.times_s.tolist() == [10, 30, 40]
    assert law.shares == pytest.approx([1 / 4, 1 - 3 / 4 * 1 / 2, 1])
    assert rest == pytest.approx(3 / 8)


def test_an_agent_is_on_duty_until_a_gap_of_an_hour() -> None:
    """Without it seats would come from nowhere: the roster is not in the log."""
    legs = legs_of(
        (0, 0, 100, "ada"), (100 + ABSENT_S, 100 + ABSENT_S, 4000, "ada"), (7601, 7601, 7700, "ada"),
        (50, 50, 200, "bob"),
    )  # fmt: skip
    seats = seats_on_duty(contacts_with_waits(legs))
    assert list(zip(seats["from_s"], seats["agents"], strict=True)) == [
        (0, 1), (50, 2), (200, 1), (4000, 0), (7601, 1), (7700, 0),
    ]  # fmt: skip


def test_wrap_up_is_seen_only_while_somebody_waits() -> None:
    """Without it idle time in a quiet hour would count as work after the call."""
    quiet = legs_of((0, 0, 100, "ada"), (500, 500, 600, "ada"))
    assert wrap_up_law(contacts_with_waits(quiet), contacts_with_waits(quiet)) is None
    # ada's gap from 100 to 130 lies under a queue (90 to 130); bob's from 0 to 200 meets it late and outlasts it
    busy = legs_of((0, 0, 100, "ada"), (90, 130, 150, "ada"), (-10, -10, 0, "bob"), (200, 200, 300, "bob"))
    law = wrap_up_law(contacts_with_waits(busy), contacts_with_waits(busy))
    assert law is not None
    assert law.times_s.tolist() == [30]


def test_a_gap_a_queue_meets_late_is_at_risk_after_the_time_to_pick_up() -> None:
    """Without it every agent free when a queue forms would look as if they had needed rest until then."""
    begins = 1000.0
    legs = legs_of(
        (0, 0, 100, "ada"), (begins, begins + PICKUP_S / 2, 1100, "ada"),  # took it at once: idle, not at work
        (0, 0, 100, "bob"), (begins, begins + 400, 1500, "bob"),  # let it wait: away until 1400
    )  # fmt: skip
    law = wrap_up_law(contacts_with_waits(legs), contacts_with_waits(legs))
    assert law is not None
    assert law.times_s.tolist() == [1300]


def test_an_intent_with_agents_of_its_own_gets_a_team() -> None:
    """Without it specialists would be lent to everybody, and both queues come out too short."""
    common = legs_of(*((60.0 * k, 60.0 * k, 60.0 * k + 50, "ada") for k in range(150)))
    special = legs_of(*((60.0 * k, 60.0 * k, 60.0 * k + 50, "eve") for k in range(120)), intent="bonds")
    fitted = fit_legs(pd.concat([common, special], ignore_index=True))
    assert [(team.name, team.intents) for team in fitted.teams] == [
        ("phone_desk", ("question",)),
        ("phone_bonds", ("bonds",)),
    ]
    few = fit_legs(pd.concat([common, special.head(90)], ignore_index=True))
    assert [(team.name, team.intents, team.agents) for team in few.teams] == [("phone_desk", None, 2)]


def test_a_law_of_steps_is_written_exactly_and_a_long_one_is_thinned() -> None:
    """Without it whole seconds would be smeared, or a year of talk times exceed what a scenario may hold."""
    steps = TimeLaw(np.array([3.0, 7.0]), np.array([0.25, 1.0]))
    assert steps.points() == [(0, 3), (0.25, 3), (0.25, 7), (1, 7)]
    many = np.sort(np.random.default_rng(2).exponential(100, 50_000))
    thinned = TimeLaw(many, np.arange(1, 50_001) / 50_000).points()
    assert len(thinned) <= 10_000
    mean = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in itertools.pairwise(thinned))
    assert mean == pytest.approx(many.mean(), rel=0.01)


def test_a_known_world_is_found_again(tmp_path: Path) -> None:
    """Without it the rule could be right on one bank's months and wrong on a desk whose truth we know."""
    run, staffing = recorded_without_staffing(tmp_path)
    path = fit(run, tmp_path / "fitted" / "found_again.yaml")
    loaded = load_scenario(path)
    at = np.array(loaded.agents["phone_desk"])
    seat_s = float(np.sum(np.diff(at[:, 0]) * at[:-1, 1]))
    assert seat_s == pytest.approx((staffing["to_s"] - staffing["from_s"]).sum(), rel=0.05)
    wrap = loaded.scenario.teams["phone_desk"].wrap
    assert wrap is not None
    assert wrap.mean() == pytest.approx(30, rel=0.25)
    again = simulate(loaded, replications=5)
    comparison = compare_logs(again.legs, run.table("legs"), loaded.scenario.gates)
    abandonment = next(row for row in comparison.rows if row.metric == "abandonment")
    assert 0.05 < abandonment.measured < 0.4
    assert abs(abandonment.difference) < 0.02
    assert comparison.verdict != "differs"


def test_replayed_contacts_are_the_recorded_ones_at_their_instants(tmp_path: Path) -> None:
    """Without it recorded and simulated contacts could not be set side by side."""
    run, _ = recorded_without_staffing(tmp_path)
    recorded = run.table("legs").set_index("contact_id")["arrived_s"]
    loaded = load_scenario(fit(run, tmp_path / "replayed.yaml"))
    told = run.table("legs").set_index("contact_id")["customer_id"].to_dict()
    assert {one.contact_id: one.customer_id for one in loaded.arrivals} == told
    simulated = simulate(loaded, replications=1).legs
    due = simulated[simulated["leg"] == 0].set_index("contact_id")["due_s"]
    assert (due.sort_index() == recorded.sort_index()).all()
    assert "closed" not in set(simulated["leg_end"])


def test_recorded_contacts_are_matched_by_their_own_id() -> None:
    """Without it only callers without a customer number would be matched, and those who wait more often be missed."""
    waits = [(60.0 * k, 60.0 * k + k, 60.0 * k + k + 100, "ada") for k in range(100)]
    recorded = legs_of(*waits)
    recorded.loc[50:, "customer_id"] = "regular"
    simulated = pd.concat([legs_of(*waits).assign(replication=number) for number in (0, 1)], ignore_index=True)
    row = next(row for row in compare_logs(simulated, recorded, []).rows if row.metric == "wait_s_mean")
    assert (row.simulated, row.measured) == (49.5, 49.5)


def test_half_hourly_arrivals_make_a_typical_day(tmp_path: Path) -> None:
    """Without it a what-if would be tied to the very customers of the past."""
    run, _ = recorded_without_staffing(tmp_path)
    loaded = load_scenario(fit(run, tmp_path / "typical.yaml", "half_hourly"))
    expected = sum(count for _, count in loaded.contacts[0])
    assert expected == pytest.approx(len(run.table("legs")) / 3, rel=0.001)
    assert (loaded.scenario.days, not loaded.arrivals) == (1, True)
    counts = [count for _, count in loaded.agents["phone_desk"]]
    assert max(counts) in (11, 12, 13)
    assert abs(simulate(loaded, replications=2).contacts / 2 / expected - 1) < 0.1


def test_what_a_log_lacks_is_said(tmp_path: Path) -> None:
    """Without it a log without agents would become a scenario without seats, where everybody gives up."""
    with pytest.raises(FitError, match="map the agent column"):
        fit_legs(legs_of((0, 0, 10, "unknown")))
    with pytest.raises(FitError, match="nobody was answered"):
        fit_legs(legs_of((0, None, 10, "abandoned")))
    run, _ = recorded_without_staffing(tmp_path)
    with pytest.raises(FitError, match="cannot name a scenario"):
        fit(run, tmp_path / "Not a name.yaml")
    with pytest.raises(FitError, match="lacks time_zone"):
        fit(
            Run(run.folder, {name: fact for name, fact in run.facts.items() if name != "time_zone"}),
            tmp_path / "a.yaml",
        )
    with pytest.raises(FitError, match="is a date mistyped"):
        fit(Run(run.folder, run.facts | {"days": 20_000}), tmp_path / "a.yaml")
    fit(run, tmp_path / "mine.yaml")
    with pytest.raises(FitError, match="there already"):
        fit(run, tmp_path / "mine.yaml")


def test_what_remains_unexplained_is_said_in_words() -> None:
    """Without it a reader would take agreement on one figure for agreement on all."""
    quick = [(60.0 * k, 60.0 * k, 60.0 * k + 100, "ada") for k in range(400)]
    slow = [(60.0 * k, 60.0 * k + 30, 60.0 * k + 130, "ada") for k in range(300)]
    gone = [(60.0 * k, None, 60.0 * k + 50, "abandoned") for k in range(300, 400)]
    notes = unexplained(legs_of(*quick), legs_of(*slow, *gone))
    assert notes[0].startswith("phone: abandonment is 25.0% recorded and 0.0% simulated.")
    assert any("answers within 20 s are 0.0% recorded and 100.0% simulated, 100.0 points too high" in n for n in notes)
    assert any("04:00-07:00" in note and "62.5% recorded" in note for note in notes)
    assert len(unexplained(legs_of(*quick), legs_of(*quick))) == 1


@pytest.mark.skipif(not BANK_DATA.is_dir(), reason="the bank's log lies beside the repository, never in it")
@pytest.mark.parametrize(("month", "within"), [("1999-01", 0.02), ("1999-02", 0.02), ("1999-03", 0.03)])
def test_a_month_of_the_bank_is_explained_within_a_minute(month: str, within: float, tmp_path: Path) -> None:
    """Without it the simulator would have met no real queue, and the rule for seats and wrap-up no real log."""
    reference = pd.read_csv(BANK_DATA / "monthly_reference.csv").set_index("month").loc[month, "p_abandon"]
    began = time.process_time()
    mapping = load_mapping(HERE / "mappings" / "bank_acd.yaml")
    run = import_log(BANK_DATA / f"calls_{month}.tsv.gz", mapping, tmp_path / "recorded")
    loaded = load_scenario(fit(run, tmp_path / f"bank_{month.replace('-', '_')}.yaml"))
    simulated = simulate(loaded, replications=5)
    comparison = compare_logs(simulated.legs, run.table("legs"), loaded.scenario.gates)
    abandonment = next(row for row in comparison.rows if row.metric == "abandonment")
    assert abandonment.measured == pytest.approx(reference, abs=5e-5)
    assert abandonment.contacts == len(contacts_of(run.table("legs")))
    assert abs(abandonment.simulated - reference) < within
    assert (comparison.verdict, abandonment.verdict) == (AGREES, AGREES)
    assert unexplained(simulated.legs, run.table("legs"))
    assert time.process_time() - began < 60
