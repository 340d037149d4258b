"""`testdrive fit-churn`: from a table to a model file, a page and a sentence; or a model held against a table."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import testdrive
from results.churn_check import Interval
from scenarios.churn import read_churn
from scenarios.reading import load_scenario
from tests.results.pages import Page
from tests.written import demand, one_desk

CUSTOMERS = 1200


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two tables of customers of one kind; the name of a plan tries to be markup."""
    folder = tmp_path_factory.mktemp("tables")
    paths = []
    for seed in (1, 2):
        rng = np.random.default_rng(seed)
        complains = (rng.random(CUSTOMERS) < 0.2).astype(int)
        age = rng.integers(18, 80, CUSTOMERS)
        odds = np.exp(-2.0 + 2.0 * complains + 0.02 * (age - 45))
        rows = {
            "Complains": complains, "Age": age, "Plan": np.where(age % 3 == 0, "<script>alert(1)</script>", "basic"),
            "Months": rng.integers(1, 37, CUSTOMERS), "Churn": (rng.random(CUSTOMERS) < odds / (1 + odds)).astype(int),
        }  # fmt: skip
        paths.append(folder / f"2025 customers {seed}.csv")
        pd.DataFrame(rows).to_csv(paths[-1], index=False)
    return paths[0], paths[1]


def run(*words: object) -> int:
    return testdrive.main(["fit-churn", *map(str, words)])


def test_a_table_becomes_a_model_that_a_scenario_can_believe(tables, tmp_path, capsys):
    """Without it the file that was written could be one that nothing reads."""
    out = tmp_path / "out"
    told = ("--left", "Churn", "--terms", "complaints=Complains", "--over", 90)
    assert run(tables[0], *told, "-o", out) == 0
    shown = capsys.readouterr()
    assert "Of customers with complaints" in shown.out
    assert "calibrated: predictions for customers the fit has not seen" in shown.out
    model = read_churn(out / "churn.yaml")
    assert model.churn == "churn_2025_customers_1"
    assert (model.base.over_days, model.fitted.customers) == (90, CUSTOMERS)
    assert model.terms["complaints"].value == pytest.approx(2.0, abs=0.6)
    assert len(pd.read_csv(out / "predictions.csv")) == CUSTOMERS
    (tmp_path / "s.yaml").write_text(
        json.dumps(one_desk(demand=[demand(10)], churn={"model": "out/churn.yaml"}))
    )  # fmt: skip
    assert load_scenario(tmp_path / "s.yaml").churn == model
    assert testdrive.main(["check", str(out / "churn.yaml")]) == 0
    assert run(tables[0], *told, "-o", out) == 2
    assert "holds something already" in capsys.readouterr().err


def test_the_same_table_gives_the_same_file(tables, tmp_path):
    """Without it a model could not be checked by fitting it again."""
    for name in "ab":
        run(tables[0], "--left", "Churn", "--terms", "complaints=Complains", "-o", tmp_path / name)
    assert (tmp_path / "a" / "churn.yaml").read_text() == (tmp_path / "b" / "churn.yaml").read_text()


def test_a_model_is_held_against_another_table(tables, tmp_path, capsys):
    """Without it a model could only ever be judged on the table that made it."""
    told = ("--left", "Churn", "--terms", "complaints=Complains")
    run(tables[0], *told, "-o", tmp_path / "fit")
    capsys.readouterr()
    model = tmp_path / "fit" / "churn.yaml"
    code = run(tables[1], *told, "--model", model, "-o", tmp_path / "other", "--json")
    document = json.loads(capsys.readouterr().out)
    assert document["check"]["verdict"] == {0: "calibrated", 1: "not calibrated", 3: "cannot tell"}[code]
    assert document["check"]["unseen"] is True
    assert set(document["check"]["slope"]) == {"value", "low", "high"}
    text = model.read_text()
    rate = read_churn(model).base.rate
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text.replace(f"rate: {rate}", "rate: 0.6"))
    assert run(tables[1], *told, "--model", wrong, "-o", tmp_path / "wrong") == 1
    assert "do not come true" in (tmp_path / "wrong" / "churn.html").read_text()
    capsys.readouterr()
    assert run(tables[0], *told, "--model", model, "-o", tmp_path / "same") == 0
    assert "NOT a test" in capsys.readouterr().out
    assert "is no test" in Page((tmp_path / "same" / "churn.html").read_text()).text


def test_time_makes_it_a_hazard(tables, tmp_path, capsys):
    """Without it customers who came last month would count as loyal as those who stayed for years."""
    told = ("--left", "Churn", "--terms", "complaints=Complains", "--after", "Months", "--unit", "month")
    assert run(tables[0], *told, "--over", 365, "-o", tmp_path / "a", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["model"]["form"] == "hazard"
    assert document["model"]["base"]["over_days"] == 365
    assert document["model"]["shape"][0] == [0, 1]
    page = Page((tmp_path / "a" / "churn.html").read_text())
    assert "within 365 days" in page.text
    assert "concordance" in page.text
    assert run(tables[0], "--left", "Churn", "--model", "published_over_time") == 2
    assert "--after COLUMN" in capsys.readouterr().err


def test_the_page_says_what_was_found_and_what_cannot_be_told(tables, tmp_path):
    """Without it a leader would see odds of a fit and take them for what complaints cause."""
    run(tables[0], "--left", "Churn", "--terms", "complaints=Complains", "-o", tmp_path / "a")
    text = (tmp_path / "a" / "churn.html").read_text()
    page = Page(text)
    assert page.fetches == []
    assert "<script" not in text
    assert "Plan = <script>alert(1)</script>" in page.text
    assert "Nobody was drawn by lot" in page.text
    assert "that is not knowledge that it has none" in page.text
    rows = {cells[0]: cells for cells in page.rows if cells}
    complained = pd.read_csv(tables[0]).groupby("Complains")["Churn"].agg(["mean", "size"])
    for row, name in enumerate(("without complaints", "with complaints")):
        assert rows[name][1] == f"{complained['size'][row]:,}"
        assert rows[name][2].startswith(f"{complained['mean'][row]:.0%}".replace("%", " %"))
    assert sum("Tenths of the customers" in str(label) for label in page.labels) == 2
    assert any("What each step multiplies the odds" in str(label) for label in page.labels)
    assert page.text.count("no effect was given or fitted") == 16


def test_published_numbers_are_described_with_what_has_none(capsys):
    """Without it one would have to read YAML to learn that nothing published says what waiting does."""
    assert run("--model", "published") == 0
    told = capsys.readouterr()
    assert "wait_beyond_min: no effect; nothing published ties minutes of waiting to leaving" in told.out
    assert "no money is shown" in told.err
    assert run("--model", "published", "--json") == 0
    assert json.loads(capsys.readouterr().out)["withheld"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name a table of customers and --left COLUMN"),
        (("{table}",), "say which column tells who left: --left COLUMN"),
        (("{table}", "--left", "Chrn"), "expected one of: Churn (did you mean it?)"),
        (("{table}", "--left", "Churn", "--terms", "complaint=Complains"), "complaints (did you mean it?)"),
        (("{table}", "--left", "Churn", "--form", "hazard"), "--after COLUMN"),
        (("{table}", "--left", "Churn", "--curved", "Plan"), "--curved Plan: not a column of numbers"),
        (("{table}", "--left", "Churn", "--columns", "none"), "no column is left to explain who left"),
        (("{table}", "--left", "Churn", "--model", "nowhere.yaml"), "nowhere.yaml:1: the file is No such file"),
        (("{table}", "--left", "Churn", "--over", "0"), "--over 0: a number of days, more than 0"),
        (("{table}", "--left", "Churn", "--after", "Age", "--unit", "year", "--over", "99999"), "at most 36,525"),
        (("nowhere.csv", "--left", "Churn"), "nowhere.csv:1: the file is unreadable (No such file or directory)"),
    ],
)
def test_what_is_asked_wrongly_is_answered_in_a_sentence(tables, tmp_path, capsys, words, said):
    """Without it a slip would end in a traceback, or in a model of something else."""
    asked = [word.replace("{table}", str(tables[0])) for word in words]
    assert run(*asked, *(("-o", tmp_path / "out") if words else ())) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_columns_of_any_size_are_fitted(tables, tmp_path):
    """Without it a share in millionths, or a turnover in billions, would end in a traceback."""
    rows = pd.read_csv(tables[0])
    rows["tiny"], rows["huge"] = rows["Age"] * 1e-9, rows["Months"] * 1e12
    rows.drop(columns=["Age", "Months"]).to_csv(tmp_path / "sizes.csv", index=False)
    told = ("--left", "Churn", "--terms", "complaints=Complains", "--curved", "none")
    assert run(tmp_path / "sizes.csv", *told, "-o", tmp_path / "a") == 0
    columns = {one.name: one for one in read_churn(tmp_path / "a" / "churn.yaml").columns}
    assert columns["tiny"].value == pytest.approx(0.02e9, rel=0.5)
    assert run(tables[1], *told, "-o", tmp_path / "b") == 0


def test_a_missing_extra_is_named(tables, tmp_path, capsys, monkeypatch):
    """Without it those who have not installed Statsmodels would meet an ImportError."""
    monkeypatch.setitem(sys.modules, "statsmodels.api", None)
    assert run(tables[0], "--left", "Churn", "-o", tmp_path / "out") == 2
    assert "pip install 'testdrive-cx[churn]'" in capsys.readouterr().err


def test_no_data_is_no_verdict():
    """Without it an interval without ends could count as inside."""
    nothing = Interval(float("nan"), float("nan"), float("nan"))
    assert not nothing.inside(0, 1)
    assert not nothing.outside(0, 1)
