"""docs/churn.md: its numbers are those of the files, and every term without a default stands there."""

from __future__ import annotations

import re
from pathlib import Path

from scenarios.churn import ChurnBelief, Coefficient, read_churn
from scenarios.reading import HERE
from scenarios.yaml_reader import read_text
from simulator.churn_estimate import KNOTS_AT, PRIOR_SD
from simulator.churn_table import LEAVERS_LEAST

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "churn.md").read_text(encoding="utf-8")


def test_the_page_tells_the_numbers_of_the_files():
    """Without it a default could be changed and its derivation stand there as it was."""
    rows = {line.split("`")[1]: line for line in PAGE.splitlines() if re.match(r"\| `\w+` \| CX.*\|.*\|.*\|", line)}
    for name, column in (("published", 3), ("published_over_time", 4)):
        model = read_churn(HERE / "churn_models" / f"{name}.yaml")
        assert set(model.terms) == set(rows)
        for term, one in model.terms.items():
            assert f"{one.value:.3f}" in rows[term].split("|")[column]
    assert "| 5 % | 5 % in 91 days (assumed) |" in PAGE


def test_the_page_names_every_term_without_a_default():
    """Without it one would take a term that nothing supports for one that was forgotten."""
    part = PAGE.split("**No default.**")[1].split("Not used either")[0]
    model = read_churn(HERE / "churn_models" / "published.yaml")
    assert set(re.findall(r"`(\w+)`", part)) - set(model.terms) == set(model.no_effect)


def test_what_the_page_shows_can_be_written():
    """Without it who copies a belief from the page would be refused."""
    first, second = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert ChurnBelief.model_validate(read_text(first, "page").values["churn"]).observed
    assert Coefficient.model_validate(read_text(second, "page").values[0]).term == "promises_broken"


def test_the_pages_constants_are_those_of_the_code():
    """Without it the page would tell of another prior, other knots or another least number of leavers."""
    assert f"fewer than {LEAVERS_LEAST} who left or stayed" in PAGE
    assert f"normal, sd {PRIOR_SD:g}" in PAGE
    assert len(KNOTS_AT) == 4
    assert "four knots" in PAGE
