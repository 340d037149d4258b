"""`testdrive losses`: from a scenario to what loses its customers, in words, as JSON and in the run folder."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import commands.losing
import simulator.causes
import simulator.simulate
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


def test_who_complained_has_complained_on_every_page_of_a_run(tmp_path):
    """Without it the story of a complaint would end with one who made none, once the page is written again."""
    path = scenario(tmp_path)
    told = json.loads(path.read_text())
    told["customers"]["complaints"] = ["order"]
    path.write_text(json.dumps(told))
    assert losses(path, "--replications", 3, "-o", tmp_path / "run") == 0
    assert testdrive.main(["report", str(tmp_path / "run"), "-o", str(tmp_path / "again.html")]) == 0
    for page in (tmp_path / "run" / "report.html", tmp_path / "again.html"):
        assert "One possible course, drawn: complained" in page.read_text()
        assert "made no complaint" not in page.read_text()


def interrupting(*_, **__):
    raise KeyboardInterrupt


def test_ctrl_c_before_anything_is_simulated_says_that_nothing_is_there(tmp_path, capsys, monkeypatch):
    """Without it the folder would seem to run for ever, and the sentence promise a log that nobody has."""
    monkeypatch.setattr(simulator.simulate.Work, "play", interrupting)
    assert losses(scenario(tmp_path), "--replications", 2, "-o", tmp_path / "run") == 130
    shown = capsys.readouterr()
    assert f"{tmp_path / 'run'} holds run.json alone" in shown.err
    assert "kept" not in shown.err + shown.out
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["run.json"]
    assert Run.open(tmp_path / "run").facts["state"] == "interrupted"
    of = ["losses", scenario(tmp_path), "--of", tmp_path / "run"]
    for words, said in (
        (["report", tmp_path / "run"], "was interrupted before it had figures"),
        (of, "has no contact log (legs) as it was interrupted too early"),
        (["losses", tmp_path / "run"], "is a run, losses takes a scenario"),
    ):
        assert testdrive.main([*map(str, words)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"{tmp_path / 'run'} {said}")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["run.json"]


def test_ctrl_c_while_the_log_is_written_leaves_no_half_of_a_table(tmp_path, capsys, monkeypatch):
    """Without it a folder could hold a log without the customers whose losses it is there for, and say nothing."""
    whole = Run.write_table

    def interrupted(run, name, frame):
        if name == "staffing":
            (run.folder / ".staffing.part").write_bytes(b"PAR1")
            raise KeyboardInterrupt
        whole(run, name, frame)

    monkeypatch.setattr(Run, "write_table", interrupted)
    assert losses(scenario(tmp_path), "--replications", 2, "-o", tmp_path / "run") == 130
    assert "holds run.json and legs, but no figures and no page" in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"run.json", "legs.parquet"}
    assert Run.open(tmp_path / "run").facts["state"] == "interrupted"
    assert testdrive.main(["report", str(tmp_path / "run")]) == 2
    assert "was interrupted before it had figures" in capsys.readouterr().err


def test_ctrl_c_while_losses_are_reckoned_says_what_is_there(tmp_path, capsys, monkeypatch):
    """Without it the sentence would be that of a probe, and nobody know that the log can be told of still."""
    monkeypatch.setattr(commands.losing, "lost_of", interrupting)
    path = scenario(tmp_path)
    assert losses(path, "--replications", 2, "-o", tmp_path / "run") == 130
    assert "holds run.json, legs, staffing and customers, but no figures" in capsys.readouterr().err
    assert losses(path, "--of", tmp_path / "run", "-o", tmp_path / "told") == 0


@pytest.mark.parametrize("words", [["--summary"], ["--half-width", "wait_s_mean=200"]])
@pytest.mark.parametrize("json_too", [[], ["--json"]])
def test_a_simulation_that_keeps_no_log_says_why_no_losses_are_told(tmp_path, capsys, words, json_too):
    """Without it who asks for a summary would think that the scenario loses nobody."""
    asked = ["simulate", scenario(tmp_path), "--replications", 3, "-o", tmp_path / "run", *words, *json_too]
    testdrive.main([*map(str, asked)])
    shown = capsys.readouterr()
    assert "Customers lost are not told here" in (shown.err if json_too else shown.out)
    assert f"testdrive losses {tmp_path}" in shown.err + shown.out


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
