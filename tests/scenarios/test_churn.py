"""Churn models as files: what published numbers support, what has no effect, what a scenario may believe."""

from __future__ import annotations

import math

import pytest

from results.churn import describe
from scenarios.churn import ChurnModel, Observed, _references, log_scale, read_churn, withheld_money, write_churn
from scenarios.experience import TERMS
from scenarios.faults import FaultsFoundError
from scenarios.models import check_model
from scenarios.reading import HERE, load_scenario
from scenarios.yaml_reader import Document, read_file
from tests.written import demand, one_desk, written

OURS = {"logistic": "published", "hazard": "published_over_time"}

FACTS = {"CX01": 0.05, "CX02": 0.09, "CX03": 0.25, "CX21": 0.83}
"""What the published table says; the customers of CX21 who did not complain: 0.101."""
BESIDE = {"CX02": FACTS["CX01"], "CX03": FACTS["CX01"], "CX21": 0.101}
TERM_OF = {"CX02": "repeats", "CX03": "unresolved", "CX21": "complaints"}


def ours(form):
    return read_churn(HERE / "churn_models" / f"{OURS[form]}.yaml")


@pytest.mark.parametrize("form", OURS)
def test_each_published_coefficient_follows_from_its_source(form):
    """Without it a default could be a slip of the pen, and lead every what-if."""
    model = ours(form)
    assert model.base.rate == FACTS["CX01"]
    assert set(model.terms) == set(TERM_OF.values())
    for fact, term in TERM_OF.items():
        one = model.terms[term]
        assert one.source.startswith(fact)
        wanted = log_scale(form, FACTS[fact]) - log_scale(form, BESIDE[fact])
        assert one.value == pytest.approx(wanted, abs=0.0006)
        assert eval(one.derivation, {"log": math.log}) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("form", "term", "ratio"),
    [
        ("logistic", "unresolved", 6.33), ("logistic", "repeats", 1.88), ("logistic", "complaints", 43),
        ("hazard", "unresolved", 5.61), ("hazard", "repeats", 1.84), ("hazard", "complaints", 16.6),
    ],
)  # fmt: skip
def test_the_ratios_are_those_that_are_published(form, term, ratio):
    """Without it the derivation could be right arithmetic of something else."""
    assert math.exp(ours(form).terms[term].value) == pytest.approx(ratio, rel=0.012)


def test_what_complaints_are_known_to_is_what_the_table_allows():
    """Without it the one observed default could pass for better known than its counts say."""
    left, others = (122, 149), (173, 1767)
    part = 1916 / 3150
    counts = [left[0], left[1] - left[0], others[0], others[1] - others[0]]
    assert ours("logistic").terms["complaints"].standard_error == pytest.approx(
        math.sqrt(sum(1 / count for count in counts) * part), abs=0.001
    )
    spread = sum((k / n) / (n * (1 - k / n) * math.log(1 - k / n) ** 2) for k, n in (left, others))
    assert ours("hazard").terms["complaints"].standard_error == pytest.approx(math.sqrt(spread * part), abs=0.001)


@pytest.mark.parametrize("form", OURS)
def test_every_term_without_an_effect_says_why(form):
    """Without it waiting or broken promises would seem to be known to do nothing, rather than not known."""
    model = ours(form)
    assert {term for term, _ in model.silent_terms()} | set(model.terms) == set(TERMS)
    assert set(model.no_effect) == set(TERMS) - set(model.terms)
    told = "\n".join(describe(model))
    for term, why in model.no_effect.items():
        assert f"{term}: no effect; {why}" in told
    assert "not what it causes alone" in told


@pytest.mark.parametrize("form", OURS)
def test_intentions_show_no_money_before_they_are_scaled_to_what_customers_do(form):
    """Without it 5 % who told a survey that they would leave would be shown as money that leaves."""
    model = ours(form)
    assert model.states == ["base", "unresolved", "repeats"]
    assert "what customers said they would do" in withheld_money(model)
    seen = Observed(rate=0.02, over_days=30, source="our billing")
    assert withheld_money(model.model_copy(update={"observed": seen})) is None
    done = model.base.model_copy(update={"stated": False})
    assert withheld_money(model.model_copy(update={"base": done})) is None


@pytest.mark.parametrize("form", OURS)
def test_a_model_that_was_written_is_read_as_the_same(form, tmp_path):
    """Without it what fit-churn writes might not be what a scenario believes."""
    errors = [0.354, 0.354, 0.354, ours(form).terms["complaints"].standard_error]
    rows = [[0.0] * at + [error**2] for at, error in enumerate(errors)]
    rows[2][1] = 0.01
    model = ours(form).model_copy(update={"covariance": rows})
    write_churn(tmp_path / "a.yaml", model)
    assert read_churn(tmp_path / "a.yaml") == model


def test_a_scenario_believes_a_model_and_how_many_really_leave(tmp_path):
    """Without it a fitted model could not be used, or a change of it would pass for the same scenario."""
    believed = {"model": "mine.yaml", "observed": {"rate": 0.02, "over_days": 30, "source": "our billing"}}
    write_churn(tmp_path / "mine.yaml", ours("logistic"))
    scenario = one_desk(2, churn=believed, demand=[demand(10)])
    loaded = written(tmp_path, scenario)
    assert loaded.churn.observed.rate == 0.02
    assert loaded.churn.terms == ours("logistic").terms
    write_churn(tmp_path / "mine.yaml", ours("logistic").model_copy(update={"title": "another"}))
    assert written(tmp_path, scenario).hash != loaded.hash
    (tmp_path / "mine.yaml").write_text("churn: mine\n")
    with pytest.raises(FaultsFoundError, match=r"mine.yaml:1: (base|title) is missing"):
        written(tmp_path, scenario)
    named = written(tmp_path, {**scenario, "churn": {"model": "published_over_time"}})
    assert named.churn == ours("hazard")
    assert load_scenario(HERE / "quiet_tuesday.yaml").churn is None


JUNK = (None, True, -1, 0, 1e300, 10**400, "x", "", [], {}, [1], [{}], [["a"]], {"term": "hops"}, [[1], [2, "x"]])


def _replaced(node, path, value):
    if not path:
        return value
    if isinstance(node, dict):
        return {name: _replaced(child, path[1:], value) if name == path[0] else child for name, child in node.items()}
    return [_replaced(child, path[1:], value) if at == path[0] else child for at, child in enumerate(node)]


def _paths(node, path=()):
    yield path
    for part, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from _paths(child, (*path, part))


def test_a_model_with_anything_anywhere_is_read_or_told():
    """Without it some wrong value in some place would end in a traceback instead of a fault."""
    values = read_file(HERE / "churn_models" / "published_over_time.yaml").values
    values["covariance"] = [[0.125316], [0, 0.125316], [0, 0, 0.125316], [0, 0, 0, 0.009801]]
    told = 0
    for path in _paths(values):
        for junk in JUNK:
            document = Document("x.yaml", _replaced(values, path, junk), {(): 1})
            try:
                check_model(document, ChurnModel, _references)
            except FaultsFoundError as error:
                told += bool(error.faults)
    assert told > 500
    assert check_model(Document("x.yaml", values, {(): 1}), ChurnModel, _references).covariance
