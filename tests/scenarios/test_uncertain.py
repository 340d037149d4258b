"""What is known of numbers that are not known: laws, paths, whole numbers, and how it is typed."""

from __future__ import annotations

import numpy as np
import pytest

from scenarios.faults import FaultsFoundError
from scenarios.reading import HERE, inputs_of, load_scenario
from scenarios.uncertain import Known, Uncertain
from scenarios.uncertain_inputs import settings_at
from scenarios.uncertain_typed import all_inputs, typed_uncertain
from tests.written import about, demand, one_desk, written

SHARES = (np.arange(20_000) + 0.5) / 20_000


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A desk with two kinds of demand, one of which says by which factor it comes."""
    told = one_desk(agents=3, service=about(300), demand=[demand(100), demand(50, "ask", "chat", factor=2.0)])
    told["intents"]["ask"] = "What is there to buy?"
    told["channels"]["chat"] = {"opens": "00:00", "closes": "24:00"}
    told["teams"]["front"] |= {"channels": ["phone", "chat"], "concurrency": 2, "resolves": 0.8}
    told["uncertain"] = {"teams.front.resolves": {"low": 0.7, "high": 0.9, "source": "a belief"}}
    return written(tmp_path_factory.mktemp("desk"), told)


@pytest.mark.parametrize(
    ("known", "mean", "sd"),
    [
        (Known(low=2, high=8), 5.0, 6 / np.sqrt(12)),
        (Known(low=0, mode=3, high=6), 3.0, np.sqrt(1.5)),
        (Known(low=0, mode=0, high=6), 2.0, np.sqrt(2)),
        (Known(mean=100, cv=0.2), 100.0, 20.0),
        (Known(mean=-5, sd=2), -5.0, 2.0),
    ],
)
def test_values_have_the_mean_and_the_spread_that_are_told(known, mean, sd):
    """Without it a belief would be drawn otherwise than it is written."""
    values = np.array([known.at(share) for share in SHARES])
    assert values.mean() == pytest.approx(mean, rel=0.01)
    assert values.std() == pytest.approx(sd, rel=0.05)  # what has no ends is cut to the middle 99 %
    assert np.all(np.diff(values) > 0)
    low, high = (known.at(end) for end in known.ends)
    inside = np.mean((values >= low) & (values <= high))
    assert inside == pytest.approx(1.0 if known.has_ends else 0.95 / 0.99, abs=0.001)


def test_a_factor_moves_every_place_and_one_that_says_none_counts_as_one(desk):
    """Without it demand without a factor would stay as it is when all demand is scaled."""
    (one,) = inputs_of(desk, {"demand.*.factor": Uncertain(factor=Known(low=0.5, high=1.5))})
    assert settings_at([one], [1.0]) == {"demand.0.factor": 1.5, "demand.1.factor": 3.0}
    assert one.value(0.5) == 1.0


def test_what_counts_stays_whole_and_what_does_not_is_not_rounded(desk):
    """Without it half an agent would be a fault, or 35 s would move in steps of a second."""
    seconds = "teams.front.service.default.mean_s=*0.9..1.1"
    inputs = all_inputs(desk, ["teams.front.agents=*0.5..1.5", "teams.front.concurrency=1..2", seconds])
    assert [one.whole for one in inputs] == [False, True, True, False]
    settings = settings_at(inputs, [0.5, 0.8, 0.3, 0.6])
    assert settings["teams.front.agents"] == {"00:00": 4}  # 3 x 1.3
    assert settings["teams.front.concurrency"] == 1
    assert settings["teams.front.service.default.mean_s"] == pytest.approx(306.0)


def test_factors_that_meet_multiply_and_values_that_meet_are_a_fault(desk):
    """Without it the later of two beliefs on one number would silently win."""
    both = typed_uncertain(["demand.*.factor=*0.9..1.1", "demand[intent=ask].factor=*0.5..1.5"])
    assert settings_at(inputs_of(desk, both), [1.0, 1.0])["demand.1.factor"] == pytest.approx(2.0 * 1.1 * 1.5)
    clash = typed_uncertain(["teams.*.resolves=*0.9..1.1", "teams.front.resolves=0.7..0.9"])
    with pytest.raises(FaultsFoundError, match=r"moved by teams\.\*\.resolves too"):
        inputs_of(desk, clash)


def test_every_slip_is_told_at_once_with_what_would_be_right(desk):
    """Without it a planner would mend one slip a run."""
    with pytest.raises(FaultsFoundError) as caught:
        all_inputs(desk, ["teams.frnt.agents=*0.9..1.1", "teams.front.resolves=0.9..1.2", "goals=1..2"])
    told = str(caught.value)
    assert "front (did you mean it?)" in told
    assert "1.2; expected at most 1" in told
    assert "how it is judged" in told
    with pytest.raises(FaultsFoundError) as caught:
        typed_uncertain(["a", "b=3..1", "c=1..2", "c=1..3", "d={low: 1, hgih: 2}"])
    told = str(caught.value)
    for text in ("--uncertain a", "--uncertain b=3..1", "c is told twice", "high (did you mean it?)"):
        assert text in told


def test_what_is_typed_stands_before_what_the_scenario_tells(desk):
    """Without it nobody could try another range than the file's without changing it."""
    (one,) = all_inputs(desk, ["teams.front.resolves=0.75..0.85"])
    assert (one.value(0.0), one.value(1.0)) == (0.75, 0.85)
    (own,) = all_inputs(desk)
    assert own.told.source == "a belief"


def test_a_scenario_without_beliefs_to_weigh_is_told_how_to_tell_some():
    """Without it an empty analysis would look like one in which nothing matters."""
    with pytest.raises(FaultsFoundError, match="--uncertain"):
        all_inputs(load_scenario(HERE / "complaints_backlog.yaml"))


def test_the_shipped_scenario_tells_of_each_belief_who_says_so():
    """Without it a range could be taken for something that was measured."""
    told = load_scenario(HERE / "broadband_move.yaml").scenario.uncertain
    assert len(told) >= 6
    assert all(one.source and one.says for one in told.values())
