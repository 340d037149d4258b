"""Every metric of the registry, reckoned from the compiled engine's arrays, from the log and from SimPy's log."""

import random

import numpy as np
import pytest

from results.figures import Key, figures_from, told_of
from results.metrics import contacts_of
from results.queues import waits_of
from results.worked import worked_of
from scenarios.metric_names import ALL_NAMES, END_SHARES, METRIC_NAMES, QUEUE_METRIC_NAMES, TEAM_METRIC_NAMES
from simulator.loop_legs import ENDS
from simulator.simulate import Work
from tests.simulator.random_scenarios import drawn_opening, random_scenario
from tests.written import about, demand, exactly, one_desk, written


def busy_desk():
    """Return a desk at which every way to wait, to be served and to end occurs that the engines know."""
    called = {"share": 0.5, "after": about(300), "reached": 0.7}
    scenario = one_desk(
        3,
        about(300),
        channels={
            "phone": {
                "opens": "06:00",
                "closes": "22:00",
                "lines": 8,
                "message": {"after_s": 400, "takes_s": 20},
                "at_close": "cleared",
                "silent": {"share": 0.3, "detected_after_s": 30},
                "announcement": {
                    "says": "wait",
                    "balks": [[60, 0.1]],
                    "callback": {"from": 200, "accepted": 0.3, "reached": 0.7, "takes_s": 20},
                },
            },
            "email": {"opens": "00:00", "closes": "24:00"},
            "faq": {"opens": "00:00", "closes": "24:00"},
        },
        intents={"order": "?", "refund": "?"},
        demand=[
            demand(700, channels={"phone": 0.9, "faq": 0.1}),
            demand(300, "refund", channels={"phone": 0.6, "email": 0.4}),
        ],
        patience={"phone": about(150)},
        retry={"phone": {"probability": 0.7, "probability_blocked": 0.9, "after": about(900), "to": {"email": 0.1}}},
        days=2,
        conferences=[{"from": "front", "with": "back", "probability": 0.2, "time": exactly(40)}],
        promises=[
            {"team": "front", "probability": 0.1, "due": about(3000), "by": "back", "fails": 0.2},
            {"team": "front", "probability": 0.1, "due": about(3000), "kept": 0.5},
        ],
        transfers=[
            {"from": "front", "to": "back", "probability": 0.2, "cut_off": 0.1, "calls_back": called},
            {
                "from": "front",
                "to": "back",
                "probability": 0.1,
                "intents": ["refund"],
                "history_carried": True,
                "escalates": True,
            },
        ],
    )
    scenario["teams"]["front"] |= {"wrap": exactly(20), "resolves": 0.8, "concurrency": 2, "shrinkage": 0.1}
    scenario["teams"]["back"] = {
        "channels": ["email"], "interruptible": ["work"], "agents": {"08:00": 1}, "service": {"default": about(400)},
    }  # fmt: skip
    menu = {"channels": ["phone"], "skills": ["refund"], "self_service": True, "contained": 0.1}
    scenario["teams"] = {"menu": {**menu, "service": {"default": exactly(20)}}, **scenario["teams"]}
    scenario["transfers"].append({"from": "menu", "to": "anyone", "probability": 0.95})
    scenario["teams"]["pages"] = {
        "channels": ["faq"], "self_service": True, "contained": 0.5, "service": {"default": about(60)},
    }  # fmt: skip
    return scenario


def every_key(loaded):
    """Return every metric, of each channel or team where it is of one."""
    channels, teams = list(loaded.scenario.channels), loaded.scenario.teams.items()
    keys = [
        Key(name, 60.0 if known.needs_within_s else None, channel, None)
        for name, known in METRIC_NAMES.items()
        for channel in (None, *channels)
    ]
    keys += [Key(name, None, channel, None) for name in QUEUE_METRIC_NAMES for channel in channels]
    return keys + [
        Key(name, None, None, team) for name in TEAM_METRIC_NAMES for team, told in teams if not told.self_service
    ]


def from_log(work, legs, staffing):
    """Reckon the figures of one replication from its log."""
    worked = worked_of(legs, staffing, work.loaded, work.works_from_s)
    waits = waits_of(legs, work.loaded.scenario, work.works_from_s)
    return told_of(contacts_of(legs, work.loaded.horizon_s), worked, work.asked, work.counts_from_s, waits)


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """All figures of two replications, by how they were reckoned."""
    loaded = written(tmp_path_factory.mktemp("alike"), busy_desk())
    keys = every_key(loaded)
    found = {}
    for engine in ("compiled", "simpy"):
        work = Work(loaded, 1, False, None, engine, keys, 0.0, False)
        played = [work.play(replication) for replication in range(2)]
        found[engine] = figures_from(keys, [one.told for one in played])
        if engine == "compiled":
            tables = work.tables(played, "run")
            told = [from_log(work, *(one[one["replication"] == r] for one in tables[:2])) for r in range(2)]
            found["log"] = figures_from(keys, told)
    return found


@pytest.mark.parametrize("other", ["log", "simpy"])
def test_every_metric_is_the_same_from_arrays_and_from_tables(figures, other):
    """Without it `--summary`, the log and the engine to read could tell three stories of one run."""
    about_what = [[(f.name, f.channel, f.team, f.n) for f in figures[way]] for way in ("compiled", other)]
    assert about_what[0] == about_what[1]
    values = [[f.value for f in figures[way]] for way in ("compiled", other)]
    assert np.allclose(*values, rtol=1e-9, atol=1e-12)


def test_the_desk_gives_each_metric_something_to_tell(figures):
    """Without it two ways to reckon a metric could agree on nothing but zeros."""
    told = {f.name for f in figures["compiled"] if f.value > 0}
    not_yet = {name for name, end in END_SHARES.items() if end not in ENDS}
    assert set(ALL_NAMES) - told == not_yet


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_every_metric_of_random_scenarios_is_the_same_from_arrays_and_from_the_log(tmp_path, first):
    """Without it a feature of the engines could be folded in one way and forgotten in the other."""
    told = 0
    for number in range(first, first + 20):
        loaded = written(tmp_path / str(number), *random_scenario(number))
        loaded = drawn_opening(random.Random(loaded.hash), loaded)
        work = Work(loaded, 1, False, None, "compiled", every_key(loaded), 0.0, False, loaded.churn)
        played = work.play(0)
        arrays, log = played.told, from_log(work, *work.tables([played], "run")[:2])
        assert arrays.counts.tolist() == log.counts.tolist(), number
        assert np.allclose(arrays.values, log.values, rtol=2e-5, atol=1e-9, equal_nan=True), (
            number
        )  # late times are told to 1e-11 s
        told += int((arrays.values > 0).sum())
        for key, value in zip(work.keys, arrays.values, strict=True):
            assert not (key.metric in ("occupancy", "utilisation") and value > 1 + 1e-9), (number, key)
    assert told > 1000
