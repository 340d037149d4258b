"""What follows a bad experience, beside leaving: who stays silent, who is told, who withdraws a rating, who comes back.

Each is a count of the run times a published figure. The published ones are old surveys, quoted by trade articles: they
are defaults that `Believed` holds and anybody may replace, never truths, and each carries where it stands. What nothing
published supports has no number: it is said in words, and is None, not 0.

A bad experience here is a case with any of BAD. A wait alone makes none: a third of customers find any wait too long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from results.amounts import number_text, price_text
from results.loss_bands import Band
from results.losses import Losses
from scenarios.experience import Term
from scenarios.population import Costs, Population, Returns

BAD: tuple[Term, ...] = (
    "unresolved", "repeats", "retellings", "cut_offs", "contradictions", "promises_late", "promises_broken",
    "deflections", "blamed", "complaints",
)  # fmt: skip

S0 = "survey figures quoted by “Fork in the road”, 2019 (S0)"
S3 = "survey figures quoted by “Epic CX fail”, 2017 (S3)"
S4 = "survey figures quoted by “The ultimate CX guide”, 2019 (S4)"
CX04 = "SQM Group survey, 2022 (cx_facts CX04)"
TOLD = "told by the scenario"


@dataclass(frozen=True)
class Fact:
    """A published figure: what it is of, how much, and where it stands."""

    says: str
    value: float | None
    source: str


PUBLISHED: dict[str, Fact] = {
    "silent": Fact("customers who stay silent for each who complains", 26.0, S0),
    "told_bad": Fact("people who are told of a bad experience", 15.0, S0),
    "told_good": Fact("people who are told of a good experience", 11.0, S0),
    "withdrawn_apology": Fact("share of bad ratings that are withdrawn after an apology", 0.45, S0),
    "withdrawn_compensation": Fact("share of bad ratings that are withdrawn after a compensation", 0.23, S0),
    "spends_more": Fact("how much more customers spend after a complaint is handled well and fast", None, S0),
    "returns_service": Fact("share of service leavers who come back", 0.33, S3),
    "returns_price": Fact("share of the other leavers who come back", None, S0),
    "win_times": Fact("times what keeping costs, to win a customer", 5.0, S4),
    "tells_unresolved": Fact("share of customers with an unresolved matter who tell others", 0.74, CX04),
    "told_unresolved": Fact("people whom each of these tells", 5.0, CX04),
}
"""What stands in print. `spends_more` and `returns_price` are printed as a direction, without a number."""


def _printed(name: str) -> float:
    value = PUBLISHED[name].value
    assert value is not None
    return value


@dataclass(frozen=True)
class Believed:
    """The figures that consequences are reckoned with: the published ones, unless others are told."""

    silent: float = _printed("silent")
    told_bad: float = _printed("told_bad")
    told_good: float = _printed("told_good")
    withdrawn_apology: float = _printed("withdrawn_apology")
    withdrawn_compensation: float = _printed("withdrawn_compensation")
    spends_more: float | None = None
    """Share by which a customer spends more after a complaint was handled well; nothing published says how much."""
    bad: tuple[Term, ...] = field(default=BAD)

    def source(self, name: str) -> str:
        """Say where a figure comes from: as published, or told otherwise."""
        fact = PUBLISHED[name]
        return fact.source if getattr(self, name) == fact.value else TOLD


@dataclass(frozen=True)
class Consequence:
    """One thing that follows, a period."""

    name: str
    says: str
    """What is counted."""
    value: float | None
    """None: nothing supports a number; `how` says why."""
    unit: str
    band: Band | None
    """Chance and coefficients together, of what is a part of the losses."""
    how: str
    """From which count of the run, and with which figure."""
    source: str

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Consequence:
        """Return what `dataclasses.asdict` gave, also after it stood in a file."""
        return cls(**{**facts, "band": tuple(facts["band"]) if facts["band"] is not None else None})


@dataclass(frozen=True)
class _Counted:
    """What a run counts, means per period."""

    bad: float
    good: float
    complaints: float
    apologised: float
    compensated: float
    unresolved: float
    settled_complaints: float


def _counted(cases: pd.DataFrame, believed: Believed, replications: int) -> _Counted:
    bad = (cases[list(believed.bad)] > 0).any(axis=1)
    complained, unresolved = cases["complaints"] > 0, cases["unresolved"] > 0
    well = complained & ~(cases[[one for one in believed.bad if one != "complaints"]] > 0).any(axis=1)
    groups = (
        bad, ~bad, complained, bad & (cases["apologies"] > 0), bad & (cases["compensations"] > 0), unresolved, well,
    )  # fmt: skip
    return _Counted(*(float(group.sum()) / replications for group in groups))


def consequences_of(
    cases: pd.DataFrame,
    losses: Losses,
    population: Population | None,
    costs: Costs | None,
    believed: Believed | None = None,
) -> list[Consequence]:
    """Return what follows, a period, in the order in which it is told.

    Args:
        cases: rows of `results.experience.cases_of`, those that `losses` was reckoned of.
        losses: what the period loses.
        population: how many leavers return, and whether any intent is a complaint.
        costs: what winning a customer costs, or keeping one.
        believed: other figures than the published ones.
    """
    told = believed or Believed()
    counted = _counted(cases, told, losses.replications)
    complains = bool(population and population.complaints) or counted.complaints > 0
    return [
        *_silence(counted, told, complains),
        *_word_of_mouth(counted, told),
        *_ratings(counted, told),
        _spending(counted, told, complains),
        *_returning(losses, population),
        _replacing(losses, costs),
    ]


def _silence(counted: _Counted, told: Believed, complains: bool) -> Iterator[Consequence]:
    share, source = f"{told.silent:g} stay silent for each who complains", told.source("silent")
    how = (
        f"{number_text(counted.complaints)} complain in this run; {share}, in contact or not. In the run itself "
        f"{number_text(counted.bad - counted.complaints)} cases with a bad experience are no complaint"
    )
    if not complains:
        how = "no intent of the scenario is called a complaint (customers: complaints), so there is none to count from"
    value = counted.complaints * told.silent if complains else None
    yield Consequence("silent", "customers as unhappy who say nothing", value, "customers", None, how, source)
    how = f"{number_text(counted.bad)} cases with a bad experience; {share}"
    heard = counted.bad / (1 + told.silent)
    yield Consequence("complain", "complaints to be expected of these", heard, "complaints", None, how, source)


def _word_of_mouth(counted: _Counted, told: Believed) -> Iterator[Consequence]:
    how = f"{number_text(counted.bad)} cases with a bad experience, each told to {told.told_bad:g}"
    value, source = counted.bad * told.told_bad, told.source("told_bad")
    yield Consequence("told_bad", "people who hear of a bad experience", value, "people", None, how, source)
    share, each = _printed("tells_unresolved"), _printed("told_unresolved")
    how = (
        f"{number_text(counted.unresolved)} matters that came to nothing; {100 * share:.0f} % of the customers tell "
        f"{each:g} people: a newer figure, of these alone"
    )
    value = counted.unresolved * share * each
    yield Consequence("told_unresolved", "the same by another survey", value, "people", None, how, CX04)
    how = (
        f"{number_text(counted.good)} cases without a bad experience, each told to {told.told_good:g}; at most, as not "
        "every one of them is a good one"
    )
    value, source = counted.good * told.told_good, told.source("told_good")
    yield Consequence("told_good", "people who may hear of a good experience", value, "people", None, how, source)


def _ratings(counted: _Counted, told: Believed) -> Iterator[Consequence]:
    for name, word, cases, share in (
        ("withdrawn_apology", "an apology", counted.apologised, told.withdrawn_apology),
        ("withdrawn_compensation", "a compensation", counted.compensated, told.withdrawn_compensation),
    ):
        of_all = f"after {word} {100 * share:.0f} of 100 bad ratings are withdrawn"
        if cases:
            at_most = f"{number_text(cases)} bad experiences were followed by {word}; at most, as not everybody rates"
            how = f"{at_most}; {of_all}"
        else:
            how = f"no {word.split()[1]} after a bad experience stands in this log; {of_all}"
        value = cases * share if cases else None
        says = f"bad ratings that are withdrawn after {word}"
        yield Consequence(name, says, value, "ratings", None, how, told.source(name))


def _spending(counted: _Counted, told: Believed, complains: bool) -> Consequence:
    says = "complaints without any other bad experience, whose customers often spend more"
    if told.spends_more is None:
        more = "by how much is not published, so no money is reckoned from it"
    else:
        more = f"by {100 * told.spends_more:.0f} %, as {TOLD}"
    how = f"a complaint handled well and fast often raises spending; {more}"
    value = counted.settled_complaints if complains else None
    return Consequence("spends_more", says, value, "complaints", None, how, PUBLISHED["spends_more"].source)


def _returning(losses: Losses, population: Population | None) -> Iterator[Consequence]:
    returns = population.returns if population else Returns()
    default = Returns()
    source = PUBLISHED["returns_service"].source if returns.service == default.service else TOLD
    how = f"{number_text(losses.service.value)} leave because of service; {100 * returns.service:.0f} of 100 come back"
    back = losses.service.times(returns.service)
    says = "service leavers who come back in time"
    yield Consequence("returns_service", says, back.value, "customers", back.both, how, source)
    others = losses.lost.value - losses.service.value
    share = returns.service if returns.price is None else returns.price
    says = "other leavers who come back in time"
    how = f"{number_text(others)} leave otherwise, as over price; {100 * share:.0f} of 100 come back"
    if returns.price is None:
        says = "other leavers who come back in time, at least"
        how = (
            f"{number_text(others)} leave otherwise, as over price; more of them come back than of service leavers, by "
            "how much is not published: as many are taken (customers: returns: price)"
        )
    source = PUBLISHED["returns_price"].source if returns.price is None else TOLD
    yield Consequence("returns_price", says, others * share, "customers", None, how, source)


def _replacing(losses: Losses, costs: Costs | None) -> Consequence:
    says = "winning as many customers again"
    if losses.withheld is not None:
        return Consequence("win", says, None, "money", None, losses.withheld, "")
    if costs is None or costs.winning is None or losses.replacing is None:
        how = "neither what winning a customer costs is told, nor keeping one (costs: win, keep)"
        return Consequence("win", says, None, "money", None, how, PUBLISHED["win_times"].source)
    price = price_text(costs.winning, losses.currency)
    how = f"{number_text(losses.lost.value)} lost, {price} each"
    source = TOLD
    if costs.win is None and costs.keep is not None:
        how += f": {PUBLISHED['win_times'].value:g} times keeping one ({price_text(costs.keep, losses.currency)})"
        source = PUBLISHED["win_times"].source
    return Consequence("win", says, losses.replacing.value, "money", losses.replacing.both, how, source)
