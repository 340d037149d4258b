"""What-ifs on desks where the truth is known, and that who plays, and when it ends, changes no number."""

from __future__ import annotations

import numpy as np
import pytest

import simulator.whatif
from results.kept_rows import KeptRows
from results.service_costs import hours_of, service_costs_of
from scenarios.alternatives import Alternative, typed
from simulator.causes import lost_of, summed
from simulator.precision import PrecisionError
from simulator.simulate import believed_churn, simulate
from simulator.whatif import asked_about, whatif
from simulator.whatif_measures import measures_of
from simulator.whatif_worlds import Together, WorldWork
from tests.written import about, demand, exactly, one_desk, written


def desk_of(folder, **changes):
    """Two teams that know nothing of each other: telephone, which is short of people, and chat."""
    desk = one_desk(agents=3, service=about(300), demand=[demand(500), demand(40, "ask", "chat")])
    desk["intents"]["ask"] = "What is there to buy?"
    desk["channels"]["chat"] = {"opens": "00:00", "closes": "24:00"}
    desk["teams"]["chat"] = {"channels": ["chat"], "agents": {"00:00": 2}, "service": {"default": exactly(120)}}
    desk["patience"] = {"phone": about(600)}
    return written(folder, {**desk, **changes})


def with_money(folder):
    """The same desk with customers who may leave, and prices."""
    segment = {"share": 1.0, "monthly_revenue": {"mean": 50.0, "cv": 0.3}, "margin": 0.4}
    return desk_of(
        folder,
        churn={"model": "published", "observed": {"rate": 0.03, "over_days": 30, "source": "billing"}},
        customers={"count": 5000, "currency": "EUR", "segments": {"all": segment}},
        costs={"contact": {"phone": 0.5}, "paid_hour": {"default": 30}, "compensation": 5},
    )


def verdicts(found, at=0):
    pairs = zip(found.measures, found.alternatives[at].differences, strict=True)
    return {measure.name: one.verdict for measure, one in pairs}


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """One what-if of four alternatives whose truth is known."""
    loaded = desk_of(tmp_path_factory.mktemp("desk"))
    texts = ("teams.front.agents=+2", "teams.front.agents=-1", "teams.chat.agents=+5", "teams.front.agents=+0")
    return loaded, [typed(text) for text in texts], whatif(loaded, [typed(text) for text in texts], replications=40)


def test_more_people_are_better_fewer_worse_and_who_has_nothing_to_do_changes_nothing(asked):
    """Without it the one answer that a planner asks for could be the wrong one."""
    _, _, found = asked
    assert verdicts(found, 0)["phone.wait_s_mean"] == "better"
    assert verdicts(found, 0)["phone.abandonment"] == "better"
    assert verdicts(found, 0)["chat.wait_s_mean"] == "same"
    assert verdicts(found, 1)["phone.wait_s_mean"] == "worse"
    assert verdicts(found, 2)["phone.wait_s_mean"] == "same"
    assert found.decided
    assert found.whole


def test_the_price_of_an_alternative_is_told_without_a_verdict(asked):
    """Without it two more agents would look free, or be called worse for being paid."""
    _, _, found = asked
    at = [measure.name for measure in found.measures].index("paid_hours")
    one = found.alternatives[0].differences[at]
    assert (one.difference, one.verdict) == (pytest.approx(48.0, abs=0.5), None)


def test_an_alternative_that_is_the_scenario_itself_is_said_to_be_and_not_played(asked):
    """Without it 100 replications would show that nothing differs from itself."""
    _, _, found = asked
    same = found.alternatives[3]
    assert (same.differs, same.changes_nothing) == (False, True)
    assert {one.verdict for one in same.differences} <= {"same", None, "cannot tell"}


def test_playing_ends_when_all_is_decided_and_an_alternative_is_left_out_when_it_is(asked):
    """Without it four alternatives would take as long as the hardest of them, four times."""
    _, _, found = asked
    assert found.replications < found.most
    assert found.looks == tuple(range(5, found.replications + 1, 5))
    assert len({one.replications for one in found.alternatives}) > 1
    assert max(one.replications for one in found.alternatives) == found.replications


def test_threads_change_no_number(asked):
    """Without it a planner with more cores would get other answers."""
    loaded, alternatives, found = asked
    again = whatif(loaded, alternatives, replications=40, threads=3)
    assert again.facts() == found.facts()
    assert again.pairs().equals(found.pairs())


def test_a_cluster_changes_no_number(asked):
    """Without it the same question would have another answer on a cluster."""
    distributed = pytest.importorskip("distributed")
    loaded, alternatives, found = asked
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        again = whatif(loaded, alternatives, replications=40, cluster=cluster.scheduler_address)
    assert again.facts() == found.facts()


def test_figures_are_those_that_simulate_tells(asked):
    """Without it two verbs could tell two waits of one desk."""
    loaded, _, found = asked
    run = simulate(loaded, replications=found.replications, summary=True)
    told = {(one.name, one.channel): one.value for one in run.figures()}
    for column, measure in enumerate(found.measures):
        if measure.key.metric in ("wait_s_mean", "abandonment"):
            mean = np.nanmean(found.base_values[:, column])
            assert mean == pytest.approx(told[measure.key.metric, measure.key.channel], rel=1e-12)


def test_an_interruption_keeps_what_is_done_and_says_that_it_cannot_tell(tmp_path):
    """Without it Ctrl-C would throw an hour away, or pass two days off as an answer."""
    loaded, asked = desk_of(tmp_path), [typed("teams.front.agents=+1")]

    def stop(share):
        if share >= 7 / 40:
            raise KeyboardInterrupt

    found = whatif(loaded, asked, replications=40, progress=stop)
    assert (found.whole, found.looks) == (False, (5, 7))
    assert verdicts(found)["phone.wait_s_mean"] == "cannot tell"
    assert found.alternatives[0].differences[0].would_decide is not None
    with pytest.raises(KeyboardInterrupt):
        whatif(loaded, asked, replications=40, progress=lambda _: (_ for _ in ()).throw(KeyboardInterrupt))


@pytest.mark.parametrize("threads", [1, 2])
def test_what_was_interrupted_goes_on_as_if_it_had_not_been(asked, tmp_path, monkeypatch, threads):
    """Without it an hour would be played again, or the answer depend on when somebody pressed Ctrl-C."""
    loaded, alternatives, found = asked
    about = asked_about(loaded, alternatives, 1, 40)

    def stop(share):
        if share >= 7 / 40:
            raise KeyboardInterrupt

    with KeptRows.create(tmp_path / "rows.jsonl", about) as kept:
        assert not whatif(loaded, alternatives, replications=40, threads=threads, progress=stop, kept=kept).whole
        rows = len(kept)
    played = []
    play = Together.play
    monkeypatch.setattr(Together, "play", lambda self, at: played.append(at) or play(self, at))
    with KeptRows.reopen(tmp_path / "rows.jsonl", about) as kept:
        again = whatif(loaded, alternatives, replications=40, threads=threads, kept=kept)
        assert len(kept) > rows
    assert again.facts() == found.facts()
    assert again.pairs().equals(found.pairs())
    assert sorted(played) == list(range(7, found.replications))
    with KeptRows.reopen(tmp_path / "rows.jsonl", about) as kept:
        played.clear()
        assert whatif(loaded, alternatives, replications=40, kept=kept).pairs().equals(found.pairs())
    assert played == []


def test_what_is_lost_and_what_serving_costs_are_what_the_other_verbs_tell(tmp_path):
    """Without it a what-if could promise savings that the page of losses does not know."""
    loaded = with_money(tmp_path)
    model = believed_churn(loaded, 1)
    keys = tuple(measure.key for measure in measures_of(loaded))
    world = WorldWork.of(loaded, 1, keys, model)
    lives = lost_of([summed(world.work, 3)], model, loaded)
    run = simulate(loaded, replications=1, churn=model)
    costs = service_costs_of(run.legs, run.cases, loaded.scenario.costs, hours_of(run.legs, run.staffing, loaded), 1)
    third, first = (dict(zip([key.metric for key in keys], world.play(at), strict=True)) for at in (3, 0))
    assert third["customers_lost"] == pytest.approx(lives.customers[0])
    assert third["margin_lost"] == pytest.approx(lives.margin[0])
    assert first["cost_of_serving"] == pytest.approx(costs.total)
    assert third["customers_lost"] > 0


def test_each_world_is_played_once_per_replication(tmp_path, monkeypatch):
    """Without it the scenario would be simulated again for each alternative, in vain."""
    loaded, played = desk_of(tmp_path), []
    whole = Together.play

    def counting(self, replication):
        played.append((replication, len(self.worlds)))
        return whole(self, replication)

    monkeypatch.setattr(Together, "play", counting)
    whatif(loaded, [typed("teams.front.agents=+2"), typed("teams.front.agents=+3")], replications=5)
    assert played == [(number, 3) for number in range(5)]


def test_a_world_without_a_channel_or_team_tells_nothing_of_it(tmp_path):
    """Without it closing a channel would be a fault of ours, or its waits 0."""
    loaded = desk_of(tmp_path)
    closed = Alternative("closed", {"channels.chat": None, "teams.chat": None, "demand.1": None})
    found = whatif(loaded, [closed], replications=5)
    told = dict(zip([measure.name for measure in found.measures], found.alternatives[0].differences, strict=True))
    assert (told["chat.wait_s_mean"].value, told["chat.wait_s_mean"].verdict) == (None, "cannot tell")
    assert told["chat.occupancy"].value is None
    assert told["phone.wait_s_mean"].value is not None


def test_what_decides_is_asked_for_or_named_by_goals_or_usual(tmp_path):
    """Without it playing would go on for figures that nobody asked about."""
    goals = [
        {"metric": "service_level_offered", "channel": "phone", "within_s": 60, "at_least": 0.8},
        {"metric": "occupancy", "team": "front", "at_most": 0.85},
    ]
    gates = [{"metric": "wait_s_mean", "channel": "phone", "tolerance_absolute": 4}]
    usual, wanted = desk_of(tmp_path / "a", gates=gates), desk_of(tmp_path / "b", goals=goals)
    found = {one.name: one for one in measures_of(usual)}
    assert [name for name, one in found.items() if one.decides] == [
        "phone.wait_s_mean", "phone.abandonment", "chat.wait_s_mean",
    ]  # fmt: skip
    assert (found["phone.wait_s_mean"].absolute, found["phone.wait_s_mean"].source) == (4, "gate")
    assert [(one.name, one.better) for one in measures_of(wanted) if one.decides] == [
        ("phone.service_level_offered/60", "more"), ("front.occupancy", "less"),
    ]  # fmt: skip
    asked = measures_of(wanted, ["phone.wait_s_p80", "paid_hours"], ["phone.wait_s_p80=3", "occupancy=10%"])
    assert [one.name for one in asked if one.decides] == ["phone.wait_s_p80"]
    told = {one.name: (one.absolute, one.relative, one.source) for one in asked}
    assert told["phone.wait_s_p80"] == (3.0, None, "asked")
    assert told["front.occupancy"] == told["chat.occupancy"] == (None, 0.1, "asked")


@pytest.mark.parametrize(
    ("metrics", "tolerances", "words"),
    [
        (["wait_mean"], [], "wait_s_mean (did you mean it?)"),
        (["customers_lost"], [], "does not say what that takes"),
        ([], ["phone.wait_s_mean"], "expected METRIC=VALUE"),
        ([], ["phone.wait_s_mean=-1"], "expected METRIC=VALUE"),
        ([], ["phone.wait_mean=3"], "phone.wait_s_mean (did you mean it?)"),
    ],
)
def test_a_figure_or_tolerance_that_is_none_is_said_with_the_nearest(tmp_path, metrics, tolerances, words):
    """Without it a slip would silently leave the usual figures to decide."""
    with pytest.raises(PrecisionError) as found:
        measures_of(desk_of(tmp_path), metrics, tolerances)
    assert words in str(found.value)


def test_the_frame_has_a_row_for_each_alternative_and_figure(asked):
    """Without it who works in a notebook would have to take dataclasses apart."""
    _, alternatives, found = asked
    frame = found.frame()
    assert len(frame) == len(alternatives) * len(found.measures)
    assert {"alternative", "metric", "channel", "base", "value", "difference", "low", "high", "verdict"} <= set(frame)
    pairs = found.pairs()
    first = pairs[(pairs["alternative"] == alternatives[0].name) & (pairs["metric"] == "wait_s_mean")]
    row = frame[(frame["alternative"] == alternatives[0].name) & (frame["metric"] == "wait_s_mean")]
    assert first[first["channel"] == "phone"]["difference"].mean() == pytest.approx(
        float(row[row["channel"] == "phone"]["difference"].iloc[0])
    )


def test_the_default_of_the_verb_is_that_of_the_function():
    """Without it the docs would tell one number, and a script get another."""
    from commands.table import OPTIONS

    assert OPTIONS["replications-most"][1]["default"] == simulator.whatif.REPLICATIONS_MOST
