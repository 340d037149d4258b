"""Simulated against measured below, at and above saturation: chats on our own desk, under the virtual clock."""

from pathlib import Path

import pytest

from probes.desk.desk import DeskOptions
from probes.errand import scenario_errand
from probes.playing import play_virtual
from results.comparison import AGREES, DIFFERS, Comparison, compare_logs
from results.stages import without_warm_up
from scenarios.misconduct import Misconduct, TeamMisconduct, no_misconduct
from scenarios.profiled import Asked, profiled
from scenarios.reading import load_scenario
from simulator.simulate import simulate
from tests.probes.small_desk import write_journeys

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


LOOK_THEN_ASK = """
journey: look_then_ask
title: Read, and ask in the chat
channel: faq
questions: {default: {subject: Help, text: "{question}", useful: "working days"}}
steps:
  - open: true
  - pause: {law: deterministic, value_s: 100}
  - hop: {to: chat, say: "Where is it?"}
  - wait_for: human
    within: patience
"""

MORE_DOORS = """
scenario: busy_doors
title: Chats hold the website's places, and others stand in line before it
time_zone: UTC
starts: "2026-03-03"
channels:
  chat: {opens: "08:00", closes: "14:00", journey: ask_on_chat}
  form: {opens: "08:00", closes: "14:00", journey: short_form}
  faq: {opens: "08:00", closes: "14:00", journey: look_then_ask}
  app: {opens: "08:00", closes: "14:00", journey: short_app}
intents: {order_status: Where is my order?}
demand:
  - {intent: order_status, channels: {chat: 0.4, form: 0.2, faq: 0.2, app: 0.2}, starts: "08:00", interval_minutes: 60,
     contacts: [600]}
teams:
  desk: {channels: [chat, form, app], agents: {"08:00": 30}, service: {default: {law: deterministic, value_s: 60}}}
  pages: {channels: [faq], self_service: true, service: {default: {law: deterministic, value_s: 1}}}
patience:
  chat: {law: exponential, mean_s: 90}
  form: {law: exponential, mean_s: 60}
  app: {law: exponential, mean_s: 60}
  faq: PATIENCE
"""


@pytest.mark.parametrize("patient", [False, True])
def test_pages_forms_and_interfaces_have_their_customers_patience_too(tmp_path: Path, patient: bool) -> None:
    """Without it those who wait for a page would wait as long as the desk likes, and nobody be seen to give up."""
    path = tmp_path / "busy_doors.yaml"
    write_journeys(tmp_path)
    (tmp_path / "journeys" / "look_then_ask.yaml").write_text(LOOK_THEN_ASK)
    rule = "{law: exponential, mean_s: 30}"
    path.write_text(MORE_DOORS.replace("  faq: PATIENCE\n", "" if patient else f"  faq: {rule}\n"))
    loaded = profiled(load_scenario(path), Asked(factor=1.0, starts="08:00", lasts_s=900))
    run = play_virtual(scenario_errand(loaded, 1), tmp_path / "run", DeskOptions(1, capacity=3), lambda tick: None)
    legs = run.table("legs").query("attempt == 1")
    assert set(legs["contact_outcome"]) <= {"resolved", "unresolved", "abandoned", "target_error"}
    patience_s = legs["contact_id"].map(run.plan().set_index("contact_id")["patience_s"])
    for channel in ("form", "faq", "app"):
        mine = legs["channel"] == channel
        gone = legs[mine & (legs["leg_end"] == "abandoned")]
        if channel == "faq" and patient:
            assert gone.empty, "who has no patience in the scenario waits on"
            continue
        assert len(gone) > 5, channel
        assert ((gone["ended_s"] - gone["arrived_s"]) - patience_s[gone.index]).abs().max() < 0.01
    asked = run.table("legs").query("attempt == 2 and channel == 'chat'").set_index("customer_id")["due_s"]
    left = legs[(legs["channel"] == "faq") & legs["ended_s"].notna()].set_index("customer_id")
    later_s = asked - left["ended_s"]
    assert len(later_s.dropna()) > 5
    if patient:
        assert later_s.max() < 0.01, "who has read goes on at once"
    else:
        gave_up = left.index[left["leg_end"] == "abandoned"]
        assert (later_s[gave_up].dropna() - 100).abs().max() < 0.01, "who gave up asks when they would have asked"
