"""What a customer who left did beside leaving, in one possible course: complained, told how many, withdrew a rating?

Drawn for the stories with the figures that `results.consequences` counts with, by the luck of the customer in that
case: over many customers the courses add up to those counts. The counts are what is expected; a course only shows what
they look like. Refuses to draw whether anybody rates at all, as nobody has published how many do: it says what they
would do with a bad rating. How far numbers of people told lie apart is not published either: they are drawn as Poisson.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pandas as pd

from results.consequences import Believed
from results.leavers import case_entities
from scenarios.draws import Purpose, poisson_count, uniform

Case: TypeAlias = "Mapping[str, Any] | pd.Series[Any]"

LABEL = "One possible course, drawn"


@dataclass(frozen=True)
class Course:
    """What one customer did."""

    complained: bool | None
    """None where the scenario does not say what a complaint is."""
    told: int
    """People."""
    after: str | None
    """What could have made them withdraw a bad rating: apology or compensation; None where there was neither."""
    withdrew: bool
    """Whether they withdrew it, had they left one."""

    def text(self) -> str:
        """Return it as a sentence."""
        heard = {True: "complained, and ", False: "made no complaint, and ", None: ""}[self.complained]
        said = f"{LABEL}: {heard}told {_people(self.told)} of it"
        if self.after is not None:
            would = "would have withdrawn" if self.withdrew else "would have let stand"
            said += f"; a bad rating they {would} after the {self.after}"
        return f"{said}."


@dataclass(frozen=True)
class Courses:
    """Draws courses of a run's customers."""

    seed: int
    same_plan: bool = False
    """Whether all replications have the customers of the first."""
    knows_complaints: bool = True
    """Whether the scenario says of which intents cases are complaints."""
    believed: Believed = field(default_factory=Believed)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Courses:
        """Return those of a run, by what its run.json says."""
        seed = facts.get("seed")
        return cls(1 if seed is None else int(seed), facts.get("plan") == "same", bool(facts.get("complaints")))

    def drawn(self, case: Case) -> Course | None:
        """Draw what the customer of a case did.

        Args:
            case: replication, case_id, TERMS, and `left`, where it is known whether they left.

        Returns:
            None of who did not leave, and of a case without a bad experience: nothing is published of these.
        """
        if not _is_true(case.get("left")) or not any(_has(case, term) for term in self.believed.bad):
            return None
        complained: bool | None = None
        if self.knows_complaints:
            drawn = self._luck(case, Purpose.COMPLAINS) < 1 / (1 + self.believed.silent)
            complained = _has(case, "complaints") or drawn
        told = poisson_count(self._luck(case, Purpose.TELLS), self.believed.told_bad)
        after, share = None, 0.0  # of both together nothing is published: the apology's is taken
        if _has(case, "apologies"):
            after, share = "apology", self.believed.withdrawn_apology
        elif _has(case, "compensations"):
            after, share = "compensation", self.believed.withdrawn_compensation
        withdrew = after is not None and self._luck(case, Purpose.WITHDRAWS) < share
        return Course(complained, int(told), after, withdrew)

    def told(self, case: Case) -> str:
        """Say what the customer of a case did; empty where nothing is drawn."""
        course = self.drawn(case)
        return "" if course is None else course.text()

    def words(self) -> str:
        """Say with which figures courses are drawn, and where they stand."""
        of = self.believed
        return (
            f"{LABEL}: no finding, but what the expected counts may look like in one customer's life. For each who "
            f"complains {of.silent:g} say nothing ({of.source('silent')}); {of.told_bad:g} people are told of a bad "
            f"experience ({of.source('told_bad')}); {100 * of.withdrawn_apology:.0f} of 100 bad ratings are withdrawn "
            f"after an apology, {100 * of.withdrawn_compensation:.0f} after a compensation "
            f"({of.source('withdrawn_apology')}). How many leave a rating at all is not published: it is not drawn."
        )

    def _luck(self, case: Case, purpose: Purpose) -> float:
        plan = 0 if self.same_plan else int(case["replication"])
        return float(uniform(self.seed, plan, case_entities([str(case["case_id"])])[0], 0, int(purpose), 0))


def _people(number: int) -> str:
    return "nobody" if number == 0 else "one person" if number == 1 else f"{number} people"


def _is_true(value: Any) -> bool:
    return value is not None and not pd.isna(value) and bool(value)


def _has(case: Case, term: str) -> bool:
    return float(case.get(term, 0.0)) > 0
