"""Weighing what is not known of a desk: who plays, and when it was interrupted, changes no number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from results.kept_rows import KeptRows, KeptRowsError
from scenarios.changes import changed
from scenarios.uncertain_inputs import settings_at
from scenarios.uncertain_typed import all_inputs
from simulator.precision import PrecisionError
from simulator.sensitivity import asked_about, sensitivity
from simulator.simulate import simulate
from tests.written import about, demand, one_desk, written

BELIEFS = {
    "teams.front.service.default.mean_s": {"factor": {"low": 0.9, "high": 1.1}, "says": "How long calls take"},
    "teams.front.agents": {"low": 3, "high": 3.4},
    "patience.phone.mean_s": {"low": 500, "high": 700, "mode": 600},
}
EVALUATIONS = 420


def desk_of(folder, **changes):
    """A team that is short of people, and what is not known of it."""
    desk = one_desk(agents=3, service=about(300), demand=[demand(700)], patience={"phone": about(600)})
    told = {**BELIEFS, "teams.front.agents": {"factor": {"low": 0.9, "high": 1.1}}}  # 3 either way
    return written(folder, {**desk, "uncertain": told, **changes})


@pytest.fixture(scope="module")
def weighed(tmp_path_factory):
    """One analysis, and the file of its rows."""
    folder = tmp_path_factory.mktemp("desk")
    loaded = desk_of(folder)
    path = folder / "rows.jsonl"
    with KeptRows.create(path, {}) as kept:
        return loaded, path, sensitivity(loaded, evaluations=EVALUATIONS, kept=kept)


def test_what_takes_longer_matters_and_what_changes_nothing_does_not(weighed):
    """Without it a planner could be sent to measure what has no effect."""
    _, _, found = weighed
    wait = found.figures[0]
    longer, agents, _ = wait.swings
    assert wait.measure.name == "phone.wait_s_mean"
    assert longer.told
    assert longer.span[0] > 0
    assert agents.span == (0.0, 0.0, 0.0)
    indices = dict(zip(found.drawn, wait.indices, strict=True))
    assert indices["teams.front.service.default.mean_s"].total > 0.7
    assert indices["teams.front.agents"].total == pytest.approx(0.0)
    assert wait.split.shares is not None


def test_an_evaluation_is_what_simulate_tells_of_that_world(weighed):
    """Without it two verbs could tell two waits of one desk."""
    loaded, _, found = weighed
    shares = [1.0, 0.5, 0.5]
    other = changed(loaded, settings_at(all_inputs(loaded), shares))
    run = simulate(other, replications=3, summary=True)
    told = next(one.value for one in run.figures() if (one.name, one.channel) == ("wait_s_mean", "phone"))
    table = found.evaluations
    rows = table[(table["stage"] == "tornado") & (table["point"] == 2) & (table["replication"] < 3)]
    assert rows["phone.wait_s_mean"].mean() == pytest.approx(told, rel=1e-9)
    assert set(rows["teams.front.service.default.mean_s"]) == {1.1}
    patience = all_inputs(loaded)[2]
    drawn = {patience.value(level) for level in (0.0, 1 / 3, 2 / 3, 1.0)}
    assert set(table.loc[table["stage"] == "morris", "patience.phone.mean_s"]) == drawn


def test_frames_hold_what_was_found(weighed):
    """Without it who works in Python would have to take objects apart."""
    _, _, found = weighed
    tornado, screening, indices, bands = found.tornado(), found.screening(), found.indices(), found.bands()
    figures = len(found.figures)
    assert len(tornado) == len(screening) == len(indices) == 3 * figures
    assert len(bands) == 3 * figures
    assert bands.groupby(["metric", "channel"], dropna=False)["share"].sum().to_numpy() == pytest.approx(1.0)
    first = tornado.iloc[0]
    assert first["span"] == pytest.approx(first["at_high"] - first["at_low"])
    assert (indices["total_low"] <= indices["total"]).all()
    assert len(found.evaluations) <= EVALUATIONS


def test_threads_change_no_number(weighed):
    """Without it a planner with more cores would get other answers."""
    loaded, _, found = weighed
    again = sensitivity(loaded, evaluations=EVALUATIONS, threads=2)
    assert again.facts() == found.facts()
    pd.testing.assert_frame_equal(again.evaluations, found.evaluations)


def test_a_cluster_changes_no_number(weighed):
    """Without it the same question would have another answer on a cluster."""
    distributed = pytest.importorskip("distributed")
    loaded, _, found = weighed
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        again = sensitivity(loaded, evaluations=EVALUATIONS, cluster=cluster.scheduler_address)
    assert again.facts() == found.facts()


@pytest.mark.parametrize("share", [0.1, 0.3, 0.7])
def test_an_interrupted_analysis_tells_what_it_has_and_goes_on_to_the_same_numbers(weighed, tmp_path, share):
    """Without it Ctrl-C would throw an hour away, or a second run would tell other numbers."""
    loaded, _, found = weighed
    path = tmp_path / "rows.jsonl"

    def stop(done):
        if done >= share:
            raise KeyboardInterrupt

    with KeptRows.create(path, {}) as kept:
        part = sensitivity(loaded, evaluations=EVALUATIONS, progress=stop, kept=kept)
    assert not part.whole
    assert 0 < len(part.evaluations) < len(found.evaluations)
    assert part.figures[0].swings[0] is not None
    with path.open("a") as file:
        file.write('{"key": "sobol/0", "row": [0.3')  # as a kill leaves it
    with KeptRows.reopen(path, {}) as kept:
        whole = sensitivity(loaded, evaluations=EVALUATIONS, kept=kept)
    assert whole.facts() == found.facts()
    pd.testing.assert_frame_equal(whole.evaluations, found.evaluations)
    rows = found.evaluations.groupby(["stage", "row"]).ngroups
    assert len(path.read_text().splitlines()) == rows + 1  # none is kept twice


def test_what_was_played_whole_is_not_played_again(weighed, monkeypatch):
    """Without it going on would take as long as beginning anew."""
    loaded, path, found = weighed

    def nobody(*_):
        raise AssertionError("played again")

    monkeypatch.setattr("simulator.sensitivity.Worlds.values", nobody)
    with KeptRows.reopen(path, {}) as kept:
        again = sensitivity(loaded, evaluations=EVALUATIONS, kept=kept)
    assert again.facts() == found.facts()
    pd.testing.assert_frame_equal(again.evaluations, found.evaluations)


@pytest.mark.parametrize(
    "other",
    [
        {"uncertain": ["teams.front.resolves=0.8..1"]},
        {"seed": 2},
        {"evaluations": 421},
        {"replications": 3},
        {"metrics": ["contacts"]},
    ],
)
def test_rows_of_another_question_are_not_gone_on_with(weighed, tmp_path, other):
    """Without it a resumed run could mix two questions."""
    loaded, _, _ = weighed
    asked = {"uncertain": [], "seed": 1, "evaluations": EVALUATIONS, "replications": 2, "metrics": []}
    KeptRows.create(tmp_path / "rows.jsonl", asked_about(loaded, **asked)).__exit__(None, None, None)
    with pytest.raises(KeptRowsError, match="begun with another"):
        KeptRows.reopen(tmp_path / "rows.jsonl", asked_about(loaded, **{**asked, **other}))


def test_too_few_evaluations_are_refused_with_how_many_would_do(weighed):
    """Without it three rows would be served as an answer."""
    loaded, _, _ = weighed
    with pytest.raises(PrecisionError, match="expected at least"):
        sensitivity(loaded, evaluations=50)


def test_figures_that_are_never_known_are_told_as_unknown(tmp_path):
    """Without it a channel on which nobody comes would have a wait of 0 s and no doubt about it."""
    desk = one_desk(agents=3, service=about(300), demand=[demand(300), demand(0, "ask", "chat")])
    desk["intents"]["ask"] = "What is there to buy?"
    desk["channels"]["chat"] = {"opens": "00:00", "closes": "24:00"}
    desk["teams"]["front"]["channels"] = ["phone", "chat"]
    loaded = written(tmp_path, {**desk, "uncertain": {"demand.0.factor": {"low": 0.9, "high": 1.1}}})
    found = sensitivity(loaded, evaluations=150)
    chat = next(one for one in found.figures if one.measure.key.channel == "chat")
    assert (chat.swings, chat.screening, chat.indices, chat.split) == ((None,), None, None, None)
    assert np.isnan(found.indices().set_index("channel").loc["chat", "total"])
