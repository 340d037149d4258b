"""docs/customers.md: its keys are those of the language, its figures those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from results.churn import DRAWS
from results.churn_draws import BINS
from results.consequences import BAD, PUBLISHED
from scenarios.churn import ChurnBelief
from scenarios.expectations import PUBLISHED as EXPECTED
from scenarios.population import Contract, Costs, Population, Returns, Segment, Spread
from scenarios.yaml_reader import read_text

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "customers.md").read_text(encoding="utf-8")


def part(title):
    """Return a section of the page."""
    return PAGE.split(f"\n## {title}", 1)[1].split("\n## ", 1)[0]


def test_what_the_page_shows_can_be_written():
    """Without it who copies from the page would be refused."""
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    told = read_text(text, "page").values
    assert Population.model_validate(told["customers"]).segments["bundle"].contract
    assert Costs.model_validate(told["costs"]).winning == 150
    assert ChurnBelief.model_validate(told["churn"]).observed
    assert set(told) == {"customers", "costs", "churn", "expectations"}


def test_the_page_names_every_key():
    """Without it a key could be added that only who reads the code would find."""
    for title, models in (
        ("`customers`", (Population, Segment, Spread, Contract, Returns)),
        ("`costs`", (Costs,)),
    ):
        keys = {name for one in models for name in one.model_fields}
        assert {key for key in keys if f"`{key}`" not in part(title)} <= {"share", "months"}
        rows = re.findall(r"^\| (?:… )?`(\w+)`", part(title), re.MULTILINE)
        assert set(rows) <= keys


def test_the_pages_defaults_are_those_of_the_code():
    """Without it the page would promise other figures than a run is reckoned with."""
    assert f"| {Population.model_fields['value_months'].default:g} |" in part("`customers`")
    assert f"`service` {Returns().service:g}" in part("`customers`")
    phone, chat, social = (EXPECTED[name].law for name in ("phone", "chat", "social"))
    assert phone == chat
    assert f"{100 * phone.zero:g} % find any wait too long" in part("`expectations`")
    assert f"{phone.mean_s:g} s on average" in part("`expectations`")
    assert social.value_s == 3600
    assert set(EXPECTED) == {"phone", "chat", "social"}
    assert f"{DRAWS:,} draws" in PAGE
    assert f"in {BINS} steps" in PAGE


def test_the_pages_figures_and_sources_are_those_that_are_reckoned_with():
    """Without it a figure could be changed and its source stand there as it was."""
    rows = [line for line in part("What follows").splitlines() if line.startswith("| `")]
    told = {}
    for line in rows:
        names, figures, source = re.findall(r"`(\w+)`", line.split("|")[1]), line.split("|")[2], line.split("|")[3]
        for name, figure in zip(names, figures.split(","), strict=False):
            told[name] = (figure.strip(), source.strip())
        told |= {name: (figures.strip(), source.strip()) for name in names[1:] if name not in told}
    for name, fact in PUBLISHED.items():
        figure, source = told[name]
        assert figure == ("no number" if fact.value is None else f"{fact.value:g}"), name
        assert f"{source})" in fact.source, name
        year = re.search(r"20\d\d", fact.source)
        assert year
        assert year.group() in part("What follows").split("S0 is")[1]
    assert set(re.findall(r"`(\w+)`", part("What follows").split("|")[0])) == set(BAD)
