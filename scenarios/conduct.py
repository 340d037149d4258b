"""How people treat those they answer: a team's chances of each conduct, and what was drawn of it in a leg.

A leg counts where a person answered the customer and it has ended. Its luck is keyed by case, attempt and leg, so
whoever folds the same legs draws the same, and no chance moves anything that happens. An apology, or a compensation, is
for what has gone wrong in the case: a wait beyond what the customer finds right, being passed on (by the same person,
too), a line that was cut before, an earlier contact that did not do. An answer is what the last person of a contact
says; a right one and a wrong one of the same case contradict each other, and the later contact counts that.
Refuses to know what it does to a customer.

>>> Conduct(blames=0.1).anything, Conduct().anything
(True, False)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from scenarios.draws import Purpose, uniform
from scenarios.jit import jit_uncounted
from scenarios.ledger import (
    APOLOGIES,
    BLAMED,
    COMPENSATIONS,
    CONTRADICTIONS,
    CUT_OFF,
    CUT_OFFS,
    KINDNESS,
    OTHER_END,
    REPEATS,
    RIGHT_ANSWERS,
    TRANSFERS,
    WAIT_BEYOND_US,
    WRONG_ANSWERS,
    Row,
)
from scenarios.models import Strict

Share = Annotated[float, Field(ge=0, le=1)]
Chances = npt.NDArray[np.float64]


class Conduct(Strict):
    """How often a team's people treat a customer so, of the times they answer one."""

    blames: Share = Field(0.0, description="share in which the customer is reproached (label blame_customer)")
    shows_empathy: Share = Field(0.0, description="share in which their feeling or plight is named (label empathy)")
    apologises: Share = Field(
        0.0, description="of those in whose case something has gone wrong: share with an apology (label apology)"
    )
    compensates: Share = Field(
        0.0,
        description="of the same: share in which the desk makes good for it at its own cost (label honours_mistake)",
    )
    wrong_answers: Share = Field(
        0.0, description="share of last answers that are wrong: a right one of the same case contradicts them"
    )

    @property
    def anything(self) -> bool:
        """Whether any of it ever happens."""
        return any(self.model_dump().values())


BLAMES, SHOWS_EMPATHY, APOLOGISES, COMPENSATES, WRONG_ANSWER, ANSWERS = range(6)
"""Places of bits in what `behave` returns; the first five are columns of chances, too."""

LABELS: dict[str, int] = {
    "blame_customer": BLAMES, "empathy": SHOWS_EMPATHY, "apology": APOLOGISES, "honours_mistake": COMPENSATES,
    "wrong_answer": WRONG_ANSWER,
}  # fmt: skip
"""How a log calls each: the first four as scorers do."""

NO_CONDUCT: Chances = np.zeros((0, len(LABELS)))

_BLAMES, _SHOWS_EMPATHY, _APOLOGISES, _COMPENSATES, _WRONG_ANSWER = (
    int(purpose)
    for purpose in (
        Purpose.BLAMES, Purpose.SHOWS_EMPATHY, Purpose.APOLOGISES, Purpose.COMPENSATES, Purpose.WRONG_ANSWER,
    )
)  # fmt: skip


def chances_of(teams: Iterable[Conduct | None]) -> Chances:
    """Return chances by team, a row each, in the order of `LABELS`; no row at all where nothing ever happens."""
    told = [conduct or Conduct() for conduct in teams]
    if not any(conduct.anything for conduct in told):
        return NO_CONDUCT
    return np.array(
        [[one.blames, one.shows_empathy, one.apologises, one.compensates, one.wrong_answers] for one in told]
    )


@jit_uncounted
def behave(row: Row, chances: Chances, team: int, end: int, seed: int, desk: int, entity: int, visit_word: int) -> int:
    """Add to the row of a case how the person who answered a leg treats the customer; call it after the leg's step.

    Args:
        row: of the case, changed in place.
        chances: by team.
        team: whose person answered.
        end: as the step was told: OTHER_END, TRANSFERRED or CUT_OFF.
        seed: of the run.
        desk: replication whose luck the desk has.
        entity: what keys the luck of the case.
        visit_word: the leg; see `scenarios.draws.visit`.

    Returns:
        What happened, as bits.
    """
    drawn = 0
    if _happens(chances[team, BLAMES], seed, desk, entity, visit_word, _BLAMES):
        row[BLAMED] += 1
        drawn |= 1 << BLAMES
    if _happens(chances[team, SHOWS_EMPATHY], seed, desk, entity, visit_word, _SHOWS_EMPATHY):
        row[KINDNESS] += 1
        drawn |= 1 << SHOWS_EMPATHY
    cut_before = row[CUT_OFFS] - (1 if end == CUT_OFF else 0)  # nobody is there to hear of a line that is cut
    if row[WAIT_BEYOND_US] > 0 or row[TRANSFERS] > 0 or row[REPEATS] > 0 or cut_before > 0:
        if _happens(chances[team, APOLOGISES], seed, desk, entity, visit_word, _APOLOGISES):
            row[APOLOGIES] += 1
            drawn |= 1 << APOLOGISES
        if _happens(chances[team, COMPENSATES], seed, desk, entity, visit_word, _COMPENSATES):
            row[COMPENSATIONS] += 1
            drawn |= 1 << COMPENSATES
    if end == OTHER_END:
        drawn |= 1 << ANSWERS
        if _happens(chances[team, WRONG_ANSWER], seed, desk, entity, visit_word, _WRONG_ANSWER):
            row[CONTRADICTIONS] += row[RIGHT_ANSWERS]
            row[WRONG_ANSWERS] += 1
            drawn |= 1 << WRONG_ANSWER
        else:
            row[CONTRADICTIONS] += row[WRONG_ANSWERS]
            row[RIGHT_ANSWERS] += 1
    return drawn


@jit_uncounted
def _happens(chance: float, seed: int, desk: int, entity: int, visit_word: int, purpose: int) -> bool:
    return chance > 0.0 and uniform(seed, desk, entity, visit_word, purpose, 0) < chance
