"""How people treat customers: as often as told, moving nothing that happens, and the same through every door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import testdrive
from results.conduct import conduct_of
from results.experience import CASE_COLUMNS, cases_of
from results.log import table_of
from results.log_losses import lived_in
from results.runs import Run
from scenarios.changes import changed
from scenarios.conduct import ANSWERS, LABELS, WRONG_ANSWER, Conduct, behave, chances_of
from scenarios.expectations import Expectations
from scenarios.experience import TERMS
from scenarios.ledger import CONTRADICTIONS, CUT_OFF, CUT_OFFS, OTHER_END, TRANSFERRED, new_rows
from scenarios.reading import LoadedScenario
from simulator.causes import causes_of
from simulator.simulate import EngineName, simulate
from simulator.worlds import worlds_of
from tests.simulator.engines_equal import NAMES, OF_CONDUCT, by_compiled, by_simpy, by_tables
from tests.written import about, demand, exactly, one_desk, written

MODEL = str(Path(__file__).parent / "every_term.yaml")
ALL = {"blames": 0.2, "shows_empathy": 0.6, "apologises": 0.5, "compensates": 0.3, "wrong_answers": 0.25}
CUSTOMERS = {
    "count": 30,
    "currency": "EUR",
    "segments": {"some": {"share": 1.0, "monthly_revenue": {"mean": 50.0}, "margin": 0.5}},
}
ENGINES = pytest.mark.parametrize("engine", ["compiled", "simpy"])


def desk(tmp_path: Path, conduct: dict[str, float] | None = None, **changes: Any) -> LoadedScenario:
    """A desk of plenty that passes some on and answers some in vain, who come again; nobody finds a wait too long."""
    scenario = one_desk(
        60, about(300), demand=[demand(400)], expectations={"phone": exactly(1e6)},
        retry={"phone": {"probability": 0.5, "probability_unresolved": 0.7, "after": about(900)}},
        transfers=[{"from": "front", "to": "back", "probability": 0.3, "cut_off": 0.1}],
    )  # fmt: skip
    front = scenario["teams"]["front"] | {"resolves": 0.6}
    scenario["teams"] = {"front": front, "back": {**front, "skills": []}}
    front["skills"] = ["order"]
    for team in scenario["teams"].values():
        team |= {} if conduct is None else {"conduct": conduct}
    return written(tmp_path, {**scenario, **changes})


def by_people(legs: pd.DataFrame) -> pd.DataFrame:
    """The legs in which a person answered, and that have ended."""
    return legs[legs["agent"].notna() & legs["ended_s"].notna()]


def troubled(legs: pd.DataFrame) -> pd.Series[bool]:
    """Say before which legs something went wrong in the case, or in them: passed on, cut off before, or come again."""
    return (legs["attempt"] > 1) | (legs["leg"] > 0) | (legs["leg_end"] == "transferred")


@ENGINES
def test_each_conduct_is_as_frequent_as_told(tmp_path: Path, engine: EngineName) -> None:
    """Without it a chance could parse and nothing, or something else, come of it."""
    run = simulate(desk(tmp_path, ALL), replications=4, engine=engine)
    legs = by_people(run.legs)
    of = {
        "blame_customer": len(legs),
        "empathy": len(legs),
        "apology": int(troubled(legs).sum()),
        "honours_mistake": int(troubled(legs).sum()),
        "wrong_answer": int((legs["leg_end"] == "answered").sum()),
    }
    assert min(of.values()) > 1000
    for (label, bit), chance in zip(LABELS.items(), ALL.values(), strict=True):
        found, n = int((run.conduct["label"] == label).sum()), of[label]
        assert abs(found - n * chance) < 4 * (n * chance * (1 - chance)) ** 0.5, label
        assert list(ALL)[bit] in Conduct.model_fields


def test_the_luck_of_each_conduct_is_its_own(tmp_path: Path) -> None:
    """Without it who is blamed would be who is consoled, and two chances could not be told apart."""
    run = simulate(desk(tmp_path, dict.fromkeys(ALL, 0.5)), replications=4)
    answered = by_people(run.legs).loc[lambda legs: troubled(legs) & (legs["leg_end"] == "answered")]
    keys = ["replication", "contact_id", "leg"]
    shown = {
        label: answered[keys].merge(run.conduct[run.conduct["label"] == label][keys].assign(it=1), "left")["it"].eq(1)
        for label in LABELS
    }
    together = pd.DataFrame(shown).corr().to_numpy() - np.eye(len(LABELS))
    assert np.abs(together).max() < 4 / len(answered) ** 0.5


def test_more_blame_blames_the_same_customers_and_others(tmp_path: Path) -> None:
    """Without it a what-if on the same luck would compare two strangers."""
    some, more = (
        set(simulate(desk(tmp_path, {"blames": share}), replications=1).conduct["contact_id"]) for share in (0.2, 0.5)
    )
    assert 0 < len(some) < len(more)
    assert some < more


@ENGINES
def test_no_conduct_moves_a_leg(tmp_path: Path, engine: EngineName) -> None:
    """Without it to say how people talk would change who waits, and no difference could be laid to the words."""
    bare, told = (
        simulate(desk(tmp_path / name, conduct, churn={"model": MODEL}), replications=2, engine=engine)
        for name, conduct in (("a", None), ("b", ALL))
    )
    pd.testing.assert_frame_equal(bare.legs.drop(columns="run_id"), told.legs.drop(columns="run_id"))
    pd.testing.assert_frame_equal(bare.staffing, told.staffing)
    others = [name for name in CASE_COLUMNS if name not in OF_CONDUCT]
    pd.testing.assert_frame_equal(bare.cases[others], told.cases[others])
    assert (told.cases[list(OF_CONDUCT)].sum() > 20).all()
    assert bare.cases[list(OF_CONDUCT)].to_numpy().sum() == 0
    assert bare.conduct.empty


def test_three_doors_tell_the_same_of_conduct(tmp_path: Path) -> None:
    """Without it the engines could have other customers blamed, or their log tell of other words."""
    loaded = desk(tmp_path, ALL, customers=CUSTOMERS, churn={"model": MODEL}, expectations={}, days=2)
    simpy, compiled = by_simpy(loaded), by_compiled(loaded)
    for name, one, other in zip(NAMES, simpy, compiled, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_dtype=False, obj=name)
    for one, other in zip(by_tables(loaded, simpy[0]), compiled[2:], strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_dtype=False)
    assert (compiled[2][list(OF_CONDUCT)].sum() > 5).all()
    assert compiled[3]["left"].sum() > 5


@pytest.mark.parametrize("same_plan", [False, True])
def test_what_was_drawn_stands_in_the_log(tmp_path: Path, same_plan: bool) -> None:
    """Without it a simulated run that is read again would forget its blame, or lay it on another replication."""
    loaded = desk(tmp_path, ALL, churn={"model": MODEL})
    run = simulate(loaded, replications=3, same_plan=same_plan)
    expected = Expectations(loaded.scenario.expectations, loaded.scenario.seed)
    again = cases_of(run.legs, expected, loaded.horizon_s, same_plan=same_plan, conduct=run.conduct)
    pd.testing.assert_frame_equal(again[list(TERMS)], run.cases[list(TERMS)], check_dtype=False)
    pd.testing.assert_frame_equal(table_of("conduct", run.conduct), run.conduct)
    blamed = run.conduct[run.conduct["label"] == "blame_customer"].groupby("replication")["contact_id"].agg(set)
    assert 0 < len(blamed[0] & blamed[1]) < 0.5 * len(blamed[0]), "the desk has other luck in each"


def test_a_run_folder_holds_conduct_and_is_read_with_it(tmp_path: Path) -> None:
    """Without it `losses --of` would tell of a simulated run that nobody was ever blamed."""
    loaded = desk(tmp_path / "a", ALL, churn={"model": MODEL})
    assert testdrive.main(["simulate", str(loaded.path), "-o", str(tmp_path / "run"), "--replications", "2"]) == 0
    run = Run.open(tmp_path / "run")
    lived = lived_in(run, loaded.scenario, loaded.scenario.seed, same_plan=False)
    pd.testing.assert_frame_equal(
        lived[list(TERMS)], simulate(loaded, replications=2).cases[list(TERMS)], check_dtype=False
    )
    bare = desk(tmp_path / "b", churn={"model": MODEL})
    assert testdrive.main(["simulate", str(bare.path), "-o", str(tmp_path / "bare"), "--replications", "1"]) == 0
    assert not Run.open(tmp_path / "bare").has_table("conduct")


def test_nobody_is_sorry_where_nothing_went_wrong(tmp_path: Path) -> None:
    """Without it an apology would be a manner of speaking, and buy customers back who never were in danger."""
    sorry = {"apologises": 1.0, "compensates": 1.0}
    fine = {"transfers": [], "retry": {}}
    untroubled = simulate(desk(tmp_path / "a", sorry, **fine), replications=1)
    assert len(untroubled.legs) > 300
    assert untroubled.conduct.empty
    waiting = desk(tmp_path / "b", sorry, **fine, expectations={"phone": exactly(0)})
    waiting = changed(waiting, {"teams.front.agents": {"00:00": 2}, "teams.front.resolves": 1.0})
    run = simulate(waiting, replications=1)
    late = by_people(run.legs).loc[lambda legs: legs["answered_s"] > legs["arrived_s"]]
    assert 50 < len(late) < 0.95 * len(run.legs)
    keys = ["contact_id", "leg"]
    for label in ("apology", "honours_mistake"):
        said = run.conduct[run.conduct["label"] == label]
        assert said[keys].to_numpy().tolist() == late[keys].to_numpy().tolist()


def test_who_passes_a_customer_on_is_sorry_for_that_and_nobody_for_a_line_as_it_is_cut(tmp_path: Path) -> None:
    """Without it apologies on passing on could not be tried, or would be said into a dead line."""
    run = simulate(desk(tmp_path, {"apologises": 1.0}, retry={}), replications=2)
    legs = by_people(run.legs)
    sorry = legs.merge(run.conduct, on=["replication", "contact_id", "leg"])
    assert sorry["leg_end"].value_counts().to_dict().keys() == {"transferred", "answered"}
    assert len(sorry) == (legs["leg_end"].eq("transferred") | legs["leg"].gt(0)).sum() > 100
    assert legs["leg_end"].eq("cut_off").sum() > 5


ONE_WRONG, ONE_RIGHT = 0, 1


@pytest.mark.parametrize(
    ("answers", "counted"), [("RR", 0), ("WW", 0), ("RW", 1), ("WR", 1), ("RWR", 2), ("RWWR", 4), ("WWR", 2), ("R", 0)]
)
def test_two_answers_of_a_case_contradict_where_one_is_right(answers: str, counted: int) -> None:
    """Without it two people who are wrong would be found to agree or not as it happens."""
    row, chances = new_rows(1)[0], chances_of([Conduct(wrong_answers=1.0), Conduct()])
    for number, answer in enumerate(answers):
        team = ONE_WRONG if answer == "W" else ONE_RIGHT
        passed_on = behave(row, chances, ONE_WRONG, TRANSFERRED, 1, 0, 7, number)
        assert passed_on == 0, "who passes on leaves the answer to others"
        drawn = behave(row, chances, team, OTHER_END, 1, 0, 7, number)
        assert (drawn >> ANSWERS & 1, drawn >> WRONG_ANSWER & 1) == (1, answer == "W")
    assert row[CONTRADICTIONS] == counted


def test_a_line_that_was_cut_before_is_to_be_sorry_for() -> None:
    """Without it only the cut of this moment would count, of which nobody can speak."""
    chances = chances_of([Conduct(apologises=1.0)])
    for cuts, end, apologises in ((1, CUT_OFF, 0), (2, CUT_OFF, 1), (1, OTHER_END, 1), (0, OTHER_END, 0)):
        row = new_rows(1)[0]
        row[CUT_OFFS] = cuts
        assert behave(row, chances, 0, end, 1, 0, 7, 0) >> LABELS["apology"] & 1 == apologises


def test_a_contradiction_names_the_earlier_contact_that_it_contradicts(tmp_path: Path) -> None:
    """Without it nobody could look at the two answers that a customer was given."""
    run = simulate(desk(tmp_path, {"wrong_answers": 0.5}), replications=2)
    keys = ["replication", "contact_id"]
    told = run.conduct.merge(run.legs.drop_duplicates(keys)[[*keys, "case_id", "attempt"]], on=keys)
    wrong = set(told.loc[told["label"] == "wrong_answer", keys].itertuples(index=False, name=None))
    clashes = told[told["label"] == "contradiction"]
    earlier = run.legs.drop_duplicates(keys).set_index(keys)[["case_id", "attempt"]]
    before = earlier.loc[list(zip(clashes["replication"], clashes["against"], strict=True))]
    assert len(clashes) > 50
    assert (before["case_id"].to_numpy() == clashes["case_id"].to_numpy()).all()
    assert (before["attempt"].to_numpy() < clashes["attempt"].to_numpy()).all()
    for replication, later, against in clashes[[*keys, "against"]].itertuples(index=False, name=None):
        assert ((replication, later) in wrong) is not ((replication, against) in wrong)


def test_the_later_answer_is_the_one_that_ended_later(tmp_path: Path) -> None:
    """Without it the engines, which fold legs as they end, would lay a contradiction on the other contact."""
    loaded = desk(tmp_path, {"wrong_answers": 0.5, "apologises": 1.0})
    told = {"source": "simulated", "replication": 0, "customer_id": "ann", "case_id": "ann/0", "leg": 0}
    talk = {"channel": "phone", "intent": "order", "team": "front", "agent": "front-01", "leg_end": "answered"}
    times = [(1, 100.0, 900.0), (2, 200.0, 300.0)]
    legs = [
        {**told, **talk, "contact_id": f"ann/0/{attempt}", "attempt": attempt, "arrived_s": arrived_s,
         "answered_s": arrived_s, "ended_s": ended_s, "talk_s": ended_s - arrived_s, "contact_outcome": "unresolved"}
        for attempt, arrived_s, ended_s in times
    ]  # fmt: skip
    drawn = pd.concat(
        [conduct_of(table_of("legs", legs), loaded.scenario, loaded.horizon_s, seed) for seed in range(20)]
    )
    clashes = drawn[drawn["label"] == "contradiction"]
    assert 3 < len(clashes) < 17
    assert set(drawn.loc[drawn["label"] == "apology", "contact_id"]) == {"ann/0/1"}, "only then was there another"
    assert set(zip(clashes["contact_id"], clashes["against"], strict=True)) == {("ann/0/1", "ann/0/2")}


def test_no_contact_has_two_answers(tmp_path: Path) -> None:
    """Without it one contact could contradict itself, and the later of the two be the same."""
    legs = by_people(simulate(desk(tmp_path, ALL), replications=2).legs)
    assert not legs[legs["leg_end"] == "answered"].duplicated(["replication", "contact_id"]).any()


def test_a_what_if_by_path_changes_conduct(tmp_path: Path) -> None:
    """Without it nobody could ask what an apology would do, nor write it as a remedy."""
    loaded = desk(tmp_path, {"apologises": 0.1}, remedies={
        "sorry": {"says": "Say sorry", "set": {"teams.*.conduct.apologises": 0.9}, "against": ["apologies"]},
    })  # fmt: skip
    other = changed(loaded, {"teams.front.conduct.apologises": 0.9})
    assert other.scenario.teams["front"].conduct == Conduct(apologises=0.9)
    assert other.scenario.teams["back"].conduct == Conduct(apologises=0.1)
    few, many = (len(simulate(one, replications=1).conduct) for one in (loaded, other))
    assert many > 3 * few
    remedy = next(world for world in worlds_of(loaded).worlds if world.name == "sorry")
    assert remedy.loaded.scenario.teams["back"].conduct == Conduct(apologises=0.9)


def test_worlds_without_blame_and_without_wrong_answers_keep_who_left_over_them(tmp_path: Path) -> None:
    """Without it a model that weighs blame would have nothing to weigh in the simulator, and no page would say so."""
    loaded = desk(tmp_path, {"blames": 0.3, "wrong_answers": 0.3}, churn={"model": MODEL})
    found = {cause.name: cause for cause in causes_of(loaded, replications=4).causes}
    for name in ("blame", "contradictions"):
        assert found[name].low > 0
    worlds = {world.name: world.loaded for world in worlds_of(loaded).worlds}
    assert simulate(worlds["blame"], replications=1).cases["blamed"].sum() == 0
    assert simulate(worlds["blame"], replications=1).cases["contradictions"].sum() > 0
    assert simulate(worlds["contradictions"], replications=1).cases["contradictions"].sum() == 0
    bare = {world.name for world in worlds_of(desk(tmp_path / "bare", {"apologises": 0.5})).worlds}
    assert not bare & {"blame", "contradictions"}


def test_who_is_blamed_leaves_sooner_and_calls_no_more(tmp_path: Path) -> None:
    """Without it blame would stand in a table that nobody reads, while the blamed go on calling."""
    many = {**CUSTOMERS, "count": 100}
    loaded = desk(tmp_path, {"blames": 0.0}, churn={"model": MODEL}, customers=many, days=2)
    polite, rude = (simulate(one, replications=1) for one in (loaded, changed(loaded, {"teams.*.conduct.blames": 1.0})))
    gone = [set(run.customers.loc[run.customers["left"].fillna(False), "customer_id"]) for run in (polite, rude)]
    assert gone[0] < gone[1]
    assert rude.legs["case_id"].nunique() < polite.legs["case_id"].nunique() - 20
