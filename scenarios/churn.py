"""A churn model: how likely a customer is to leave after what they lived through. The typed file, and nothing else.

Every number has a unit, a source and an uncertainty. A term without a coefficient has no effect, and the file says why.
`results.churn` turns a model into shares that leave; `scenarios.churn_law` is the same formula for the engines.

Two forms. `logistic`: log-odds of leaving after one case, log(p / (1 - p)) = base + sum of value x count. `hazard`: the
rate of leaving over time, hazard(t) = base(t) x exp(sum of value x count), so p = 1 - exp(-cumulative hazard).

>>> from scenarios.reading import HERE
>>> read_churn(HERE / "churn_models" / "published.yaml").form
'logistic'
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from scenarios.experience import TERMS, Term
from scenarios.faults import Fault
from scenarios.models import Strict, read_model
from scenarios.yaml_reader import MISSING, Document, Words

Form = Literal["logistic", "hazard"]

DAYS_MOST = 36_525
EFFECT_MOST = 50
"""On the log scale, of a term; beyond it nothing is a probability any more. Columns have units of any size."""

Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$")]
Share = Annotated[float, Field(gt=0, lt=1)]
Days = Annotated[float, Field(gt=0, le=DAYS_MOST)]

SURE = 1.959963984540054
"""Standard errors to either side that hold 95 % of a normal law."""

VARIANCE_SLACK = 0.02
"""By how much a covariance may contradict a standard error beside it: both are written with four digits."""


class Observed(Strict):
    """The share of customers who really left: what stated intentions are scaled to."""

    rate: Share = Field(description="share of the customers who left, 0 to 1")
    over_days: Days = Field(description="within so many days")
    standard_error: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0, description="of the rate's log-odds (logistic) or log cumulative hazard; 0: counted, not sampled"
    )
    source: str = Field(min_length=1, description="who counted them, where and when")


class Base(Strict):
    """How many leave of those with every term at 0 and every column at its `centre`."""

    rate: Share = Field(description="share who leave, 0 to 1")
    over_days: Days | None = Field(None, description="within so many days; needed for a hazard")
    standard_error: Annotated[float, Field(ge=0, le=10)] = Field(
        description="of the rate's log-odds (logistic) or log cumulative hazard (hazard)"
    )
    uncertain_by: str = Field(min_length=1, description="where the standard error comes from")
    source: str = Field(min_length=1, description="where the rate comes from")
    stated: bool = Field(False, description="what customers said they would do, not what they did")


class Coefficient(Strict):
    """What one more of a term, or of a column of the customers' table, does to leaving."""

    term: Term | None = Field(None, description="the experience that it weighs")
    column: str | None = Field(None, min_length=1, description="the column of the customers' table it was fitted to")
    level: str | None = Field(None, description="with a column of words: counts 1 where it says this, else 0")
    value: float = Field(description="added to the log-odds (logistic) or log hazard (hazard) for each unit")
    unit: str = Field(min_length=1, description="what one more is, such as: case not resolved")
    standard_error: Annotated[float, Field(ge=0, le=1e100)] = Field(description="of the value")
    uncertain_by: str = Field(min_length=1, description="where the standard error comes from: sampling, or assumed")
    source: str = Field(min_length=1, description="who published or fitted it")
    derivation: str | None = Field(None, description="arithmetic that gives the value from what the source says")
    stated: bool = Field(False, description="what customers said they would do, not what they did")
    confounded: str | None = Field(None, description="why it may not be what the experience causes")
    most: Annotated[float, Field(gt=0)] | None = Field(None, description="more of it than this counts as this")
    without: list[Term] = Field(default_factory=list, description="counts only where all of these terms are 0")
    centre: float = Field(0.0, description="the value of the column that adds nothing")
    spread: Annotated[float, Field(gt=0)] | None = Field(None, description="standard deviation of the column")
    knots: list[float] = Field(
        default_factory=list, max_length=10, description="a curve: where its pieces meet (natural cubic spline)"
    )
    bends: list[float] = Field(default_factory=list, description="a curve: weight of each of its bends")

    @model_validator(mode="after")
    def _whole(self) -> Coefficient:
        if (self.term is None) == (self.column is None):
            raise ValueError("exactly one of: term, column")
        if self.term is not None and (self.knots or self.level is not None or self.centre):
            raise ValueError("knots, level and centre only with a column")
        if self.term is not None and max(abs(self.value), self.standard_error) > EFFECT_MOST:
            raise ValueError(f"a value and a standard error of at most {EFFECT_MOST}: they are on the log scale")
        if self.column is not None and (self.without or self.most is not None):
            raise ValueError("most and without only with a term")
        if len(self.bends) != max(len(self.knots) - 2, 0) or sorted(set(self.knots)) != self.knots:
            raise ValueError("knots that rise, and two bends fewer than knots")
        return self

    @property
    def name(self) -> str:
        """What it weighs, as people read it."""
        name = self.term or self.column or ""
        return name if self.level is None else f"{name} = {self.level}"

    @property
    def interval(self) -> tuple[float, float]:
        """The value's 95 % interval."""
        return self.value - SURE * self.standard_error, self.value + SURE * self.standard_error


class FittedTo(Strict):
    """The table a model was fitted to."""

    table: str = Field(description="its file name")
    sha256: str = Field(description="its checksum")
    left: str = Field(description="the column that says who left")
    after: str | None = Field(None, description="the column that says after how long")
    customers: Annotated[int, Field(ge=1)] = Field(description="rows that were used")
    leavers: Annotated[int, Field(ge=1)] = Field(description="how many of them left")
    left_out: Annotated[int, Field(ge=0)] = Field(description="rows that were not used, as a value was missing")
    notes: list[str] = Field(default_factory=list, description="what was done that a reader must know")


Piece = Annotated[
    tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]], Field(strict=False, min_length=2)
]


class ChurnModel(Strict):
    """What leaving depends on, and how well that is known."""

    churn: Name = Field(description="the model's name")
    title: str = Field(description="one line")
    form: Form = Field(description="logistic: after one case; hazard: over time")
    base: Base = Field(description="how many leave without any of the experiences below")
    observed: Observed | None = Field(None, description="how many really leave: stated intentions are scaled to it")
    coefficients: list[Coefficient] = Field(default_factory=list, max_length=500, description="what makes them leave")
    no_effect: dict[Term, str] = Field(
        default_factory=dict, description="terms that are given none, and why; so are all others that are not named"
    )
    shape: list[Piece] = Field(
        default_factory=list,
        max_length=100,
        description="with a hazard: pairs [from day, times the hazard of the first]; left out: the same on all days",
    )
    covariance: list[list[float]] = Field(
        default_factory=list,
        description="of base, then values and bends in order: its lower triangle, row by row; left out: independent",
    )
    circumstances: list[float] = Field(
        default_factory=list,
        max_length=1000,
        description="what the columns add together, for customers each as likely as the next: used where a customer's "
        "own columns are not known",
    )
    fitted: FittedTo | None = Field(None, description="the table it was fitted to")

    @model_validator(mode="after")
    def _fits_together(self) -> ChurnModel:
        if self.form == "logistic" and self.shape:
            raise ValueError("a shape only beside form hazard")
        starts = [start for start, _ in self.shape]
        if self.shape and (starts[0] != 0 or sorted(set(starts)) != starts or self.shape[0][1] != 1):
            raise ValueError("a shape that begins with [0, 1] and whose days rise")
        return self

    @property
    def terms(self) -> dict[Term, Coefficient]:
        """The coefficients of experiences."""
        return {one.term: one for one in self.coefficients if one.term is not None}

    @property
    def columns(self) -> list[Coefficient]:
        """The coefficients of columns of the customers' table."""
        return [one for one in self.coefficients if one.column is not None]

    @property
    def states(self) -> list[str]:
        """What in it is only what customers said they would do."""
        base = ["base"] if self.base.stated else []
        return base + [one.name for one in self.coefficients if one.stated]

    def silent_terms(self) -> Iterator[tuple[Term, str]]:
        """Yield each term without an effect, and why it has none."""
        for term in TERMS:
            if term not in self.terms:
                yield term, self.no_effect.get(term, "no effect was given or fitted")


def withheld_money(model: ChurnModel) -> str | None:
    """Say why no money may be shown for what a model says, or None where it may.

    A base rate that customers only stated says little of how many leave: it is scaled to an observed one first.
    """
    if model.base.stated and model.observed is None:
        return (
            f"{model.churn}: its base rate ({model.base.rate:.1%} leave) is what customers said they would do; no "
            "money is shown before it is scaled to how many really leave: "
            "observed: {rate: 0.02, over_days: 30, source: our billing}"
        )
    return None


def log_scale(form: Form, rate: float) -> float:
    """Return a share on the scale on which coefficients add: log-odds, or log cumulative hazard.

    >>> round(log_scale("logistic", 0.5), 3), round(log_scale("hazard", 1 - math.exp(-1)), 3)
    (0.0, 0.0)
    """
    return math.log(rate / (1 - rate)) if form == "logistic" else math.log(-math.log1p(-rate))


def read_churn(path: Path) -> ChurnModel:
    """Read and check a file of a churn model.

    Raises:
        FaultsFoundError: every fault of the file.
    """
    return read_model(path, ChurnModel, _references)


def write_churn(path: Path, model: ChurnModel) -> None:
    """Write a model as a file that `read_churn` reads again; rows of numbers stand on one line."""
    writer = YAML()
    writer.width = 120
    values = model.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    with path.open("w", encoding="utf-8") as out:
        out.write("# A churn model; what each key means: docs/churn.md, and `testdrive fit-churn --model FILE`.\n")
        writer.dump(_in_rows(values), out)


def _in_rows(values: Any) -> Any:
    if isinstance(values, dict):
        return {name: _in_rows(value) for name, value in values.items()}
    if not isinstance(values, list):
        return values
    rows = CommentedSeq([_in_rows(value) for value in values])
    if values and all(isinstance(value, int | float) for value in values):
        rows.fa.set_flow_style()
    return rows


def _references(document: Document) -> Iterator[Fault]:
    """Find a hazard over no time, what is told twice, and a covariance that does not fit."""
    told, base = document.values.get("coefficients"), document.values.get("base")
    if document.values.get("form") == "hazard" and isinstance(base, dict) and "over_days" not in base:
        yield document.fault(("base", "over_days"), MISSING, "days: form is hazard, a rate over time")
    coefficients = told if isinstance(told, list) else []
    if not all(isinstance(one, dict) for one in coefficients):
        return
    seen: dict[str, int] = {}
    for at, one in enumerate(coefficients):
        name = str([one.get("term"), one.get("column"), one.get("level")])
        if seen.setdefault(name, at) != at:
            found = Words(f"told in coefficients[{seen[name]}] too")
            yield document.fault(("coefficients", at), found, "each term, and each column or level of it, once")
    none = document.values.get("no_effect")
    for term in none if isinstance(none, dict) else ():
        if term in [one.get("term") for one in coefficients]:
            yield document.fault(("no_effect", term), term, "a term that has no coefficient above")
    if document.values.get("covariance") not in (None, []):
        yield from _covariance(document, [base if isinstance(base, dict) else {}, *coefficients])


def _covariance(document: Document, parts: list[dict[str, Any]]) -> Iterator[Fault]:
    """Find a covariance of other numbers than the base and the coefficients, or of other standard errors."""
    rows = document.values["covariance"]
    bends = [one["bends"] if isinstance(one.get("bends"), list) else [] for one in parts]
    starts = list(itertools.accumulate([1 + len(bend) for bend in bends], initial=0))
    count = starts[-1]
    lengths = [len(row) if isinstance(row, list) else 0 for row in rows] if isinstance(rows, list) else []
    if lengths != list(range(1, count + 1)):
        found = Words("of rows with " + ", ".join(map(str, lengths[:8])) + " numbers") if lengths else rows
        yield document.fault(("covariance",), found, f"{count} rows, the first with 1 number, the last with {count}")
        return
    for part, at in zip(parts, starts, strict=False):
        error, variance = part.get("standard_error"), rows[at][-1]
        if not isinstance(error, int | float) or not isinstance(variance, int | float):
            continue
        if not 0 <= variance <= 1e200 or not 0 <= error <= 1e100:
            yield document.fault(("covariance", at), rows[at], "a variance at its end, 0 or more")
            continue
        spread = math.sqrt(variance)
        if abs(spread - error) > VARIANCE_SLACK * max(spread, error):
            expected = f"{error**2:.4g}, the square of the standard error told for it"
            yield document.fault(("covariance", at), variance, expected)


class ChurnBelief(Strict):
    """Which churn model a scenario believes in, and how many of its customers really leave."""

    model: str = Field(
        min_length=1, description="one of ours (published, published_over_time), or a file beside this scenario"
    )
    observed: Observed | None = Field(None, description="how many of your customers really leave")
