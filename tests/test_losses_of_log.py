"""`testdrive losses --of RUN`: what a log loses that is there already, whoever wrote it."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import testdrive
from results.importing import import_log
from results.leavers import shares_after
from results.log import table_of
from results.log_losses import days_of, lived_in
from results.runs import FINISHED, INTERRUPTED, Run
from scenarios.reading import load_scenario
from simulator.simulate import believed_churn
from tests.results.journeys import leg
from tests.results.pages import Page
from tests.results.test_importing import BANK, call, write_log
from tests.test_losses_verb import losses, scenario

OBSERVED = {"model": "published", "observed": {"rate": 0.2, "over_days": 30, "source": "billing"}}
FACTS: dict[str, Any] = {
    "run_id": "measured-by-hand", "kind": "measured", "scenario": "another", "title": "A desk by hand", "days": 2,
    "origin": "2026-03-10T00:00:00+01:00", "time_zone": "Europe/Rome", "seed": 7, "rehearsal": True,
}  # fmt: skip


def measured(folder: Path, *legs: dict[str, Any], state: str = FINISHED, **facts: Any) -> Run:
    """Write a measured run: ada is blamed and told two things, bob waits for half an hour and gives up."""
    own = {"source": "measured", "played_by": "shopper"}
    told = legs or (
        leg("ada", 1, 0, 36_000.0, 20.0, **own),
        leg("ada", 2, 0, 40_000.0, 20.0, **own),
        leg("bob", 1, 0, 37_000.0, None, 1800.0, leg_end="abandoned", contact_outcome="abandoned", **own),
    )
    run = Run.create(folder, {**FACTS, **facts})
    run.write_table("legs", table_of("legs", told))
    findings = {"contact_id": "ada/0/1", "leg": 0, "turn": 1, "label": "blame_customer", "gates": True}
    answers = {"contact_id": "ada/0/2", "against": "ada/0/1", "relation": "contradict"}
    run.write_table("findings", table_of("findings", [findings]))
    run.write_table("answers", table_of("answers", [answers]))
    run.write_facts(state=state)
    return run


def found_in(folder: Path) -> tuple[Run, pd.DataFrame, str]:
    """Return what was written: the run, its customers by id, and what is read on its page."""
    run = Run.open(folder)
    page = Page((folder / "report.html").read_text(encoding="utf-8"))
    return run, run.table("customers").set_index("customer_id"), page.text


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_simulated_run_told_of_again_has_the_customers_it_has(tmp_path, capsys):
    """Without it the same code could judge a log otherwise than the engines that have played it, and nobody saw."""
    path = scenario(tmp_path, churn=OBSERVED, days=2, costs={"paid_hour": {"default": 30}})
    words = ("simulate", path, "--replications", 3, "--seed", 5, "--days", 3, "-o", tmp_path / "run")
    assert testdrive.main([*map(str, words)]) == 0
    own = Run.open(tmp_path / "run").table("customers")
    assert own["left"].sum() > 10
    capsys.readouterr()
    assert losses(path, "--of", tmp_path / "run", "--json", "-o", tmp_path / "told") == 0
    told = json.loads(capsys.readouterr().out)["losses"]
    again = Run.open(tmp_path / "told").table("customers")
    pd.testing.assert_frame_equal(own, again, check_exact=True)
    assert (told["replications"], told["days"]) == (3, 3.0)
    hours = [line for line in Run.open(tmp_path / "told").facts["service_costs"]["lines"] if line["unit"] == "hours"]
    assert [line["quantity"] for line in hours] == [2 * 3 * 24]  # two agents, around the clock


def test_what_was_measured_and_read_is_in_the_ledger(tmp_path, capsys):
    """Without it blame, contradictions and waits of a measured desk would be counted nowhere."""
    measured(tmp_path / "run")
    path = scenario(tmp_path, expectations={"phone": {"law": "deterministic", "value_s": 60}})
    assert losses(path, "--of", tmp_path / "run", "--json", "-o", tmp_path / "told") == 0
    document = json.loads(capsys.readouterr().out)
    run, customers, text = found_in(tmp_path / "told")
    assert (customers.loc["ada", "blamed"], customers.loc["ada", "contradictions"]) == (1, 1)
    assert (customers.loc["ada", "repeats"], customers.loc["bob", "wait_beyond_min"]) == (1, 29)
    assert (run.facts["kind"], run.facts["of"]["run_id"], run.facts["seed"]) == ("losses", "measured-by-hand", 7)
    assert document["causes"] == run.facts["causes"] == []
    assert document["losses"]["customers"] == 2
    assert "No cause was tried" in text
    assert "A desk by hand" in text
    assert "State finished" in text
    assert "Tuesday 10:16" in text  # bob's contact, by the clock of the log


def test_a_log_is_judged_by_the_model_that_was_scaled_on_the_scenario(tmp_path, capsys):
    """Without it a desk that serves its customers worse than the scenario believes would lose as many."""
    measured(tmp_path / "run")
    path = scenario(tmp_path, churn=OBSERVED)
    assert losses(path, "--of", tmp_path / "run", "--json", "-o", tmp_path / "told") == 0
    told = json.loads(capsys.readouterr().out)["losses"]
    seed = Run.open(tmp_path / "told").facts["seed"]
    model = believed_churn(load_scenario(path), seed)
    cases = lived_in(Run.open(tmp_path / "run"), load_scenario(path).scenario, seed, False)
    assert told["lost"]["value"] == pytest.approx(shares_after(model, cases).sum())
    assert told["days"] == 2


def test_the_page_of_a_measured_log_tells_nothing_that_was_drawn(tmp_path):
    """Without it a leader would read of a real caller's revenue, or that they left, which a lot has decided."""
    measured(tmp_path / "run")
    assert losses(scenario(tmp_path, churn=OBSERVED), "--of", tmp_path / "run", "-o", tmp_path / "told") == 0
    _, customers, text = found_in(tmp_path / "told")
    assert customers["monthly_revenue"].notna().all()
    assert "EUR a month" not in text
    assert "Left (" not in text
    assert "The chance that they leave is" in text
    assert "simulated" not in text.lower()
    for several in ("the mean of one log", "chance, the mean", "day-to-day"):
        assert several not in text
    for sentence in (
        "3 of 3 contacts were those of our own shoppers",
        "drawn from the scenario's segments",
        "Measured on the rehearsal desk",
        "one log of 2 days",
        "Longer logs narrow chance",
        "chance: who draws leaving, if the coefficients are right",
        "What the log leaves out",
    ):
        assert sentence in text


def test_a_log_whose_words_nobody_has_read_says_so(tmp_path):
    """Without it a desk that was never scored would look like one that blames nobody."""
    run = measured(tmp_path / "run", state=INTERRUPTED)
    for name in ("findings", "answers"):
        (run.folder / f"{name}.parquet").unlink()
    assert losses(scenario(tmp_path), "--of", tmp_path / "run", "-o", tmp_path / "told") == 0
    _, customers, text = found_in(tmp_path / "told")
    assert customers["blamed"].sum() == 0
    assert "What was said has not been read (testdrive score)" in text
    assert "The log is interrupted, not finished" in text


def test_of_a_recorded_log_unknown_customers_are_their_own(tmp_path):
    """Without it all callers whom nobody knows would be one customer, who had thousands of contacts."""
    rows = [call(1), call(2), call(3, customer_id="77"), call(4, customer_id="77", outcome="HANG")]
    import_log(write_log(tmp_path / "log.tsv", rows), BANK, tmp_path / "run")
    costs = {"contact": {"phone": 0.5}, "paid_hour": {"default": 30}}
    assert losses(scenario(tmp_path, costs=costs), "--of", tmp_path / "run", "-o", tmp_path / "told") == 0
    run, customers, text = found_in(tmp_path / "told")
    assert customers["contacts"].to_dict() == {"77": 2, "990103-AA0101-1": 1, "990103-AA0101-2": 1}
    assert customers.loc["77", "cases"] == 2
    assert run.facts["origin"] == "1999-01-03T00:00:00+02:00"
    for sentence in (
        "Of 2 of 4 contacts the log does not say whose they are",
        "each counts as a case of its own",
        "Of 3 of 4 contacts the log does not say whether the matter was settled",
        "A recorded log has a row for each contact",
        "EUR 2, EUR 0.50 each; what people are paid is not in it",
    ):
        assert sentence in text


def test_contacts_that_are_our_own_fault_are_no_page_of_nothing(tmp_path, capsys):
    """Without it a run whose generator failed would be reported as one that loses nobody."""
    failed = leg("ada", 1, 0, 36_000.0, None, leg_end="failed", contact_outcome="failed", reason="our browser died")
    measured(tmp_path / "run", {**failed, "source": "measured", "played_by": "shopper"})
    assert losses(scenario(tmp_path), "--of", tmp_path / "run", "-o", tmp_path / "told") == 3
    assert "no contact that tells of the desk" in capsys.readouterr().err
    assert not (tmp_path / "told").exists()


@pytest.mark.parametrize(
    ("named", "more", "code", "said"),
    [
        ("nowhere", (), 2, "is not a run"),
        ("planned", (), 2, "has no contact log"),
        ("day", (), 2, "name {day}/measured"),
        ("run", ("--days", 3), 2, "leave out --days"),
        ("run", ("--factor", 2), 2, "leave out --factor"),
        ("run", ("-o", "{run}/told"), 2, "nothing is written into the run"),
        ("silent", (), 3, "does not say what makes customers leave"),
    ],
)
def test_what_cannot_be_told_of_a_log_is_said_with_the_right_code(tmp_path, capsys, named, more, code, said):
    """Without it a slip in a folder's name would end in a trace, or in a page of nothing."""
    places = {name: str(tmp_path / name) for name in ("nowhere", "planned", "day", "run", "silent")}
    for name, kind in (("planned", "plan"), ("day", "day")):
        Run.create(tmp_path / name, {"run_id": "other", "kind": kind})
    run = measured(tmp_path / ("silent" if named == "silent" else "run"))
    path = scenario(tmp_path, churn=None) if named == "silent" else scenario(tmp_path)
    out = more if "-o" in more else (*more, "-o", tmp_path / "told")
    before = contents(run.folder)
    assert losses(path, "--of", places[named], *(str(word).format(**places) for word in out)) == code
    assert said.format(**places) in capsys.readouterr().err
    assert not (tmp_path / "told").exists()
    assert contents(run.folder) == before


def test_nothing_is_written_into_the_run_that_is_told_of(tmp_path):
    """Without it evidence would be changed by whoever reads it."""
    run = measured(tmp_path / "run")
    before = contents(run.folder)
    assert losses(scenario(tmp_path), "--of", run.folder, "-o", tmp_path / "told") == 0
    assert contents(run.folder) == before
    assert sorted(contents(tmp_path / "told")) == ["customers.parquet", "report.html", "run.json"]


def test_its_page_can_be_written_again_and_without_the_log_too(tmp_path, capsys):
    """Without it the page would be lost with its file, or once the charter lets nobody keep the log."""
    run = measured(tmp_path / "run")
    assert losses(scenario(tmp_path), "--of", run.folder, "-o", tmp_path / "told") == 0
    first = found_in(tmp_path / "told")[2]
    assert testdrive.main(["report", str(tmp_path / "told")]) == 0
    assert found_in(tmp_path / "told")[2] == first
    journeys = "Minutes on the line are those"
    assert journeys in first
    run.write_facts(run_id="another-by-now")
    for there in (True, False):
        if not there:
            shutil.rmtree(run.folder)
        assert testdrive.main(["report", str(tmp_path / "told")]) == 0
        without = found_in(tmp_path / "told")[2]
        assert journeys not in without
        assert "customers who make contact" in without


def test_a_measured_run_that_was_cut_off_covers_as_many_days_as_its_contacts():
    """Without it a week that ended on Tuesday would be scaled to a week's leavers."""
    legs = table_of("legs", [leg("ada", 1, 0, 0.0, 20.0), leg("bob", 1, 0, 2.5 * 86_400, 20.0)])
    week = {"kind": "measured", "days": 7}
    assert days_of({**week, "state": FINISHED}, legs) == 7
    assert days_of({**week, "state": INTERRUPTED}, legs) == pytest.approx(2.5)
    assert days_of({"kind": "recorded"}, legs.iloc[:1]) == 1
    assert math.isclose(days_of({"kind": "recorded", "days": 30, "state": FINISHED}, legs), 30)
