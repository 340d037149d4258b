import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from probes.desk.desk import DeskOptions
from probes.errand import scenario_errand
from probes.playing import play_virtual
from results.log import check_legs
from results.runs import Run
from scenarios.misconduct import Misconduct, TeamMisconduct
from scenarios.reading import LoadedScenario, load_scenario
from simulator.simulate import simulate

HOUR = Path(__file__).parent.parent / "days" / "short_hour.yaml"
SEED = 7


@pytest.fixture(scope="module")
def loaded() -> LoadedScenario:
    return load_scenario(HOUR)


def play(loaded: LoadedScenario, folder: Path, misconduct: Misconduct | None = None) -> Run:
    options = DeskOptions(SEED, misconduct=misconduct or Misconduct({}), truth=folder.with_suffix(".truth"))
    return play_virtual(scenario_errand(loaded, SEED), folder, options, lambda tick: None)


@pytest.fixture(scope="module")
def day(loaded: LoadedScenario, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return play(loaded, tmp_path_factory.mktemp("day") / "one")


@pytest.fixture(scope="module")
def simulated(loaded: LoadedScenario) -> pd.DataFrame:
    return simulate(loaded, SEED, replications=4, same_plan=True).legs


def test_two_virtual_days_with_one_seed_are_one_log(loaded: LoadedScenario, day: Run, tmp_path: Path) -> None:
    """Without it a rerun could tell another story, and no finding could be looked into."""
    again = play(loaded, tmp_path / "two")
    for table in ("legs", "steps", "messages"):
        pd.testing.assert_frame_equal(again.table(table), day.table(table))


def test_the_plan_is_played_to_the_millisecond(loaded: LoadedScenario, day: Run, simulated: pd.DataFrame) -> None:
    """Without it simulator and probes would tell of different customers, and a difference would mean nothing."""
    measured = day.table("legs").query("attempt == 1 and leg == 0").set_index("contact_id")
    expected = simulated.query("replication == 0 and attempt == 1 and leg == 0").set_index("contact_id")
    assert set(measured.index) == set(expected.index)
    for column in ("due_s", "arrived_s"):
        apart = (measured[column] - expected[column].reindex(measured.index)).abs()
        assert apart.max() < 0.0005, column


def luck_shared(simulated: pd.DataFrame, measured: pd.DataFrame) -> float:
    """Return the correlation, by contact, of simulated and measured talk in units of what chance gives."""
    pairs = pd.concat(
        {
            "simulated": simulated.query("leg == 0").set_index("contact_id")["talk_s"],
            "measured": measured.query("leg == 0").set_index("contact_id")["talk_s"],
            "team": measured.query("leg == 0").set_index("contact_id")["team"],
        },
        axis=1,
        join="inner",
    ).dropna()
    for name in ("simulated", "measured"):  # teams differ in their means, which is belief and no luck
        pairs[name] -= pairs.groupby("team")[name].transform("mean")
    return float(pairs["simulated"].corr(pairs["measured"]) * math.sqrt(len(pairs)))


def test_desk_and_simulator_do_not_share_luck(day: Run, simulated: pd.DataFrame) -> None:
    """If they drew the same handling times, simulated = measured would prove nothing."""
    for replication in range(4):
        assert abs(luck_shared(simulated[simulated["replication"] == replication], day.table("legs"))) < 4


def test_shared_luck_would_be_seen(day: Run, simulated: pd.DataFrame) -> None:
    """Without it the test above could be blind: a tenth of shared luck must already show."""
    one = simulated[simulated["replication"] == 0].copy()
    measured = day.table("legs")
    theirs = measured.query("leg == 0").set_index("contact_id")["talk_s"]
    noise = np.random.default_rng(1).normal(0, float(theirs.std()), len(one))
    one["talk_s"] = one["contact_id"].map(theirs) * 0.5 + noise
    assert luck_shared(one, measured) > 4


def test_every_way_a_contact_can_go_is_lived_through(day: Run) -> None:
    """Without it the day could be all plain answers, and the tests on it would see little."""
    legs = day.table("legs")
    check_legs(legs)
    assert {"answered", "transferred", "abandoned", "contained"} <= set(legs["leg_end"])
    assert (legs["attempt"] > 1).any()
    assert legs["history_carried"].dropna().all()
    assert not set(legs["leg_end"]) & {"failed", "unstarted", "withheld", "target_error"}


def test_what_the_shopper_saw_is_what_the_desk_did(day: Run) -> None:
    """Without it a probe could stamp the wrong event, and every wait would be off alike."""
    truth = pd.read_json(day.folder.with_suffix(".truth"), lines=True)
    said = truth[(truth["what"] == "said") & (truth["channel"] == "chat")]
    seen = day.table("messages").query("speaker == 'agent'")
    chats = set(day.table("legs").query("channel == 'chat'")["contact_id"])
    seen = seen[seen["contact_id"].isin(chats)]
    assert sorted(seen["at_s"].round(6)) == sorted(said["at_s"].round(6))


def test_a_form_is_known_only_between_two_looks(day: Run) -> None:
    """Without it polling would be reported as if it were exact."""
    forms = set(day.table("legs").query("channel == 'form'")["contact_id"])
    steps = day.table("steps")
    human = steps[steps["contact_id"].isin(forms) & (steps["rung"] == "first_human") & (steps["state"] == "seen")]
    assert len(human) > 10
    assert (human["seen_by_s"] - human["seen_after_s"] > 60).all()


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"slower": 1.0}, "slower"),
        ({"seats_missing": 0.5}, "seats"),
        ({"silent": 1.0}, "silent"),
        ({"asks_again": 1.0}, "asks"),
        ({"wrong_fact": 1.0}, "wrong"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_misconduct_shows(loaded: LoadedScenario, day: Run, tmp_path: Path, wrong: dict[str, float], what: str) -> None:
    """Without it a misconduct key could parse and change nothing."""
    other = play(loaded, tmp_path / "day", Misconduct({"front": TeamMisconduct(**wrong)}))
    legs, before = other.table("legs"), day.table("legs")
    front, front_before = (each[each["team"] == "front"] for each in (legs, before))
    said, said_before = (each.table("messages").query("speaker == 'agent'")["text"] for each in (other, day))
    match what:
        case "slower":
            assert front["talk_s"].mean() > 1.6 * front_before["talk_s"].mean()
        case "seats":
            gave_up, gave_up_before = ((each["leg_end"] == "abandoned").mean() for each in (legs, before))
            assert gave_up > 1.5 * gave_up_before
        case "silent":
            unheard = front[~front["leg_end"].isin(["transferred"])]
            assert unheard["leg_end"].isin(["cut_off", "abandoned"]).all()
            assert unheard["answered_s"].isna().all()
        case "asks":
            assert said.str.contains("order number|tell me again").sum() > 50
            assert not said_before.str.contains("order number|tell me again").any()
        case "wrong":
            assert said.str.contains("10 to 14 working days").sum() > 50
            assert not said_before.str.contains("10 to 14 working days").any()
