"""Simulated against measured below, at and above saturation: chats on our own desk, under the virtual clock."""

from pathlib import Path

import pytest

from probes.desk.desk import DeskOptions
from probes.errand import play_virtual, scenario_errand
from results.comparison import AGREES, DIFFERS, Comparison, compare_logs
from results.stages import without_warm_up
from scenarios.misconduct import Misconduct, TeamMisconduct, no_misconduct
from scenarios.profiled import Asked, profiled
from scenarios.reading import load_scenario
from simulator.simulate import simulate

pytestmark = pytest.mark.long

REPLICATIONS = 40
SEED = 1
GAVE_UP = {0.5: (0.0, 0.02), 1.0: (0.1, 0.2), 1.6: (0.4, 0.5)}
"""Between which shares customers give up, by factor."""

DESK = """
scenario: busy_chat
title: Eight agents for chats, full at x1
time_zone: UTC
starts: "2026-03-03"
channels: {chat: {opens: "08:00", closes: "14:00", journey: ask_on_chat}}
intents: {order_status: Where is my order?}
demand:
  - {intent: order_status, channels: {chat: 1.0}, starts: "08:00", interval_minutes: 60,
     contacts: [480, 480, 480, 480, 480, 0]}
teams:
  chat_desk: {channels: [chat], agents: {"08:00": 8}, service: {default: {law: lognormal, mean_s: 60, cv: 0.7}}}
patience: {chat: {law: exponential, mean_s: 90}}
retry: {chat: {probability: 0.3, after: {law: exponential, mean_s: 300}, attempts_most: 2}}
gates:
  - {metric: wait_s_mean, channel: chat, tolerance_absolute: 6}
  - {metric: abandonment, channel: chat, tolerance_absolute: 0.05}
  - {metric: handle_s_mean, channel: chat, tolerance_relative: 0.1}
profiles:
  hours: {starts: "08:00", stages: [{stage: fills, lasts_s: 1800, factor: 1, warm_up: true},
                                    {stage: counts, lasts_s: 16200, factor: 1}]}
  an_hour: {starts: "08:00", stages: [{stage: fills, lasts_s: 1800, factor: 1, warm_up: true},
                                      {stage: counts, lasts_s: 3600, factor: 1}]}
"""


def compared(folder: Path, profile: str, factor: float, wrongs: Misconduct | None = None) -> Comparison:
    """Simulate and play one of the desk's profiles at a factor, and compare them."""
    path = folder / "busy_chat.yaml"
    path.write_text(DESK)
    loaded = profiled(load_scenario(path), Asked(profile, factor))
    options = DeskOptions(SEED, misconduct=wrongs or no_misconduct())
    run = play_virtual(scenario_errand(loaded, SEED), folder / "run", options, lambda tick: None)
    legs = simulate(loaded, SEED, REPLICATIONS, same_plan=True).legs
    return compare_logs(*(without_warm_up(log, run.facts) for log in (legs, run.table("legs"))), loaded.scenario.gates)


def told(comparison: Comparison) -> dict[str, tuple[str | None, float, float]]:
    """Return verdict, simulated and measured value of each gate."""
    return {row.metric: (row.verdict, row.simulated, row.measured) for row in comparison.rows if row.gate}


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.6])
def test_simulated_and_measured_agree_at_any_load(tmp_path: Path, factor: float) -> None:
    """Without it a desk at its limit could be measured wrongly, just where staffing is decided."""
    comparison = compared(tmp_path, "hours", factor)
    gates = told(comparison)
    assert len(gates) == 3
    assert comparison.verdict == AGREES, gates
    gave_up = gates["abandonment"][2]
    assert GAVE_UP[factor][0] < gave_up < GAVE_UP[factor][1], gates  # below, at and above what eight people can do


def test_a_desk_that_is_slower_than_believed_differs_under_load(tmp_path: Path) -> None:
    """Without it the agreement above could be that of a comparison that sees nothing."""
    comparison = compared(tmp_path, "an_hour", 1.0, Misconduct({"chat_desk": TeamMisconduct(slower=0.3)}))
    assert comparison.verdict == DIFFERS
    assert told(comparison)["handle_s_mean"][0] == DIFFERS
    assert told(comparison)["wait_s_mean"][0] == DIFFERS


def test_who_stands_in_line_before_a_full_website_gives_up_when_their_patience_ends(tmp_path: Path) -> None:
    """Without it customers of a saturated desk would be more patient than planned, or count as its errors."""
    path = tmp_path / "busy_chat.yaml"
    path.write_text(DESK)
    loaded = profiled(load_scenario(path), Asked(factor=1.0, starts="09:00", lasts_s=1200))
    options = DeskOptions(1, capacity=3)
    run = play_virtual(scenario_errand(loaded, 1), tmp_path / "run", options, lambda tick: None)
    legs = run.table("legs").query("attempt == 1 and leg_end == 'abandoned'")
    patience_s = legs["contact_id"].map(run.plan().set_index("contact_id")["patience_s"])
    assert len(legs) > 10
    assert ((legs["ended_s"] - legs["arrived_s"]) - patience_s).abs().max() < 0.01
