"""`testdrive losses`: from a scenario to what loses its customers, in words, as JSON and in the run folder."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import simulator.causes
import testdrive
from results.runs import Run
from tests.written import about, demand, one_desk

CAUSE_KEYS = {
    "name", "says", "do", "kind", "customers_kept", "low", "high", "margin_kept", "margin_low", "margin_high",
    "share_of_losses", "interval_ratio", "replications", "costs_month",
}  # fmt: skip


def scenario(folder: Path, **changes: object) -> Path:
    desk = one_desk(agents=2, service=about(1500), demand=[demand(100)], patience={"phone": about(900)})
    desk["churn"] = {"model": "published", "observed": {"rate": 0.03, "over_days": 30, "source": "billing"}}
    desk["customers"] = {
        "count": 5000, "currency": "EUR",
        "segments": {"all": {"share": 1.0, "monthly_revenue": {"mean": 50.0}, "margin": 0.4}},
    }  # fmt: skip
    desk["teams"]["front"]["resolves"] = 0.8
    desk["remedies"] = {"quick": {"says": "Be quicker", "set": {"teams.front.service.default.mean_s": 600}}}
    path = folder / "one_desk.yaml"
    path.write_text(json.dumps({**desk, **changes}, indent=1))
    return path


def losses(*words: object) -> int:
    return testdrive.main(["losses", *map(str, words)])


def test_what_loses_customers_and_what_keeps_them_is_told_in_words(tmp_path, capsys):
    """Without it a leader would have to read JSON."""
    assert losses(scenario(tmp_path), "--replications", 3, "-o", tmp_path / "run") == 0
    shown = capsys.readouterr().out
    assert "customers who make contact are lost" in shown
    assert "problems not solved at once" in shown
    assert "Be quicker: keeps" in shown
    assert "margin at risk" in shown
    assert "report.html" in shown


def test_the_run_keeps_its_tables_and_what_was_found(tmp_path, capsys):
    """Without it the page would have nothing to show, and nobody could look at the customers behind a figure."""
    assert losses(scenario(tmp_path), "--replications", 3, "--seed", 5, "--json", "-o", tmp_path / "run") == 0
    document = json.loads(capsys.readouterr().out)
    run = Run.open(tmp_path / "run")
    assert run.facts["state"] == "finished"
    assert (run.facts["seed"], run.facts["replications"]) == (5, 3)
    assert document["causes"] == run.facts["causes"]
    assert document["losses"]["lost"]["value"] == run.facts["losses"]["lost"]["value"]
    assert len(run.table("customers")) == len(run.table("legs")[["replication", "customer_id"]].drop_duplicates())
    assert document["withheld"] is None
    assert {key for cause in document["causes"] for key in cause} == CAUSE_KEYS
    assert {cause["kind"] for cause in document["causes"]} == {"cause", "remedy"}
    assert len(pd.read_parquet(tmp_path / "run" / "legs.parquet")["replication"].unique()) == 3
    assert (tmp_path / "run" / "staffing.parquet").is_file()


def test_money_is_withheld_where_customers_only_said_they_would_leave(tmp_path, capsys):
    """Without it margin would be shown for an intention."""
    path = scenario(tmp_path, churn={"model": "published"})
    assert losses(path, "--replications", 2, "-o", tmp_path / "run") == 0
    shown = capsys.readouterr().out
    assert "margin kept" not in shown
    assert "no money is shown" in shown
    assert {cause["margin_kept"] for cause in Run.open(tmp_path / "run").facts["causes"]} == {None}


@pytest.mark.parametrize(("churn", "replications"), [(None, 3), ({"model": "published"}, 1)])
def test_what_cannot_be_told_is_said_before_anything_is_played(tmp_path, capsys, churn, replications):
    """Without it an hour would pass before the verb says that it knows nothing."""
    path = scenario(tmp_path, churn=churn)
    assert losses(path, "--replications", replications, "-o", tmp_path / "run") == 3
    assert capsys.readouterr().err.strip()
    assert not (tmp_path / "run").exists()


def test_a_remedy_with_a_wrong_key_is_a_fault_of_the_file(tmp_path, capsys):
    """Without it the slip would be found after all the causes were played, and without its line."""
    path = scenario(tmp_path, remedies={"quick": {"says": "Be quicker", "set": {"teams.frnt.sick": 0.1}}})
    assert losses(path, "--json", "-o", tmp_path / "run") == 2
    (fault,) = json.loads(capsys.readouterr().out)["faults"]
    assert fault["key"] == "remedies.quick.set.teams.frnt.sick"
    line = next(at for at, text in enumerate(path.read_text().splitlines(), 1) if "frnt" in text)
    assert fault["line"] == line
    assert "front (did you mean it?)" in fault["message"]


def test_a_run_whose_causes_were_not_found_does_not_say_it_is_finished(tmp_path, monkeypatch):
    """Without it a run without causes would be taken for one of a desk that has none."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(simulator.causes, "causes_of", interrupted)
    assert losses(scenario(tmp_path), "--replications", 2, "-o", tmp_path / "run") == 130
    facts = Run.open(tmp_path / "run").facts
    assert (facts["state"], facts["causes"]) == ("interrupted", [])
    assert facts["losses"]["lost"]["value"] > 0
    assert (tmp_path / "run" / "legs.parquet").is_file()


def test_an_interrupted_search_keeps_what_is_done(tmp_path, capsys, monkeypatch):
    """Without it Ctrl-C would leave a run that says it is finished, or nothing."""
    whole = simulator.causes.causes_of

    def interrupted(loaded, seed, replications, threads, progress, churn):
        def tell(share):
            if share > 0.7:
                raise KeyboardInterrupt

        return whole(loaded, seed, replications, 1, tell, churn)

    monkeypatch.setattr(simulator.causes, "causes_of", interrupted)
    assert losses(scenario(tmp_path), "--replications", 4, "-o", tmp_path / "run") == 130
    facts = Run.open(tmp_path / "run").facts
    assert (facts["state"], facts["causes"][0]["replications"]) == ("interrupted", 2)
    assert "are lost" in capsys.readouterr().out
