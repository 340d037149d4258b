"""How the customers of a simulated log were treated, drawn again leg by leg: the table `conduct`.

The same draws as those by which the engines fill the ledger (`scenarios.conduct`), so that whoever reads the log counts
what the simulation counted and draws nothing. Refuses logs of real contacts: there scorers find it in words.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from results.experience import Told, told_in
from results.leavers import case_entities
from results.log import table_of
from scenarios.conduct import ANSWERS, LABELS, WRONG_ANSWER, Chances, behave, chances_of
from scenarios.draws import visit
from scenarios.expectations import Expectations
from scenarios.jit import jit
from scenarios.ledger import new_rows, step
from scenarios.scenario import Scenario

Whole = npt.NDArray[np.int64]
Entities = npt.NDArray[np.uint64]

CONTRADICTION = "contradiction"


def conduct_of(
    legs: pd.DataFrame, scenario: Scenario, until_s: float, seed: int, same_plan: bool = False
) -> pd.DataFrame:
    """Return the table `conduct` of a simulated log, in its order; without a row where no team has any.

    Args:
        legs: the contact log, of one or more replications.
        scenario: that was simulated.
        until_s: when the log ends.
        seed: of the run.
        same_plan: whether all replications have the customers of the first.
    """
    chances = chances_of(team.conduct for team in scenario.teams.values())
    if not len(chances) or not len(legs):
        return table_of("conduct", [])
    told = told_in(legs, Expectations(scenario.expectations, seed), until_s, same_plan)
    drawn = _drawn(told, chances, list(scenario.teams), seed)
    parts = pd.concat([*_shown(told.legs, drawn), _contradictions(told, drawn)])
    return table_of("conduct", parts.sort_index(kind="stable").reset_index(drop=True))


def _drawn(told: Told, chances: Chances, teams: list[str], seed: int) -> Whole:
    """Return what happened in each leg, as the bits that `behave` gives; 0 where no person answered."""
    legs = told.legs
    team = pd.Index(teams).get_indexer(pd.Index(legs["team"]))
    return _behaved(
        new_rows(len(told.of_case)), told.order, told.case_of, told.facts, told.tolerated_us, chances,
        team.astype(np.int64), legs["ended_s"].notna().to_numpy(dtype=bool), legs["leg"].to_numpy(dtype=np.int64), seed,
        legs["replication"].to_numpy(dtype=np.int64), case_entities(told.of_case["case_id"].tolist()),
    )  # fmt: skip


@jit
def _behaved(
    rows: Whole,
    order: Whole,
    case_of: Whole,
    facts: Whole,
    tolerated: Whole,
    chances: Chances,
    team: Whole,
    ended: npt.NDArray[np.bool_],
    number: Whole,
    seed: int,
    desk: Whole,
    entities: Entities,
) -> Whole:
    drawn = np.zeros(len(facts), dtype=np.int64)
    for leg in order:
        channel, attempt, wait_us, person, carried, end, outcome = facts[leg]
        row = rows[case_of[leg]]
        step(row, channel, attempt, wait_us, tolerated[leg], person == 1, carried == 1, end, outcome)
        if person == 1 and ended[leg]:
            word = visit(0, attempt, number[leg])
            drawn[leg] = behave(row, chances, team[leg], end, seed, desk[leg], entities[case_of[leg]], word)
    return drawn


def _shown(legs: pd.DataFrame, drawn: Whole) -> Iterator[pd.DataFrame]:
    """Yield the legs in which each label was drawn."""
    for label, bit in LABELS.items():
        yield legs.loc[(drawn >> bit) & 1 == 1, ["replication", "contact_id", "leg"]].assign(label=label)


def _contradictions(told: Told, drawn: Whole) -> pd.DataFrame:
    """Return, for each two answers of a case of which one is right, the later and the contact of the earlier."""
    gave = told.order[(drawn[told.order] >> ANSWERS) & 1 == 1]
    answers = pd.DataFrame({"leg_at": gave, "case": told.case_of[gave], "turn": np.arange(len(gave))})
    answers["wrong"] = (drawn[gave] >> WRONG_ANSWER) & 1
    mixed = answers.groupby("case")["wrong"].transform("nunique") > 1
    pairs = answers[mixed].merge(answers[mixed], on="case", suffixes=("", "_before"))
    pairs = pairs[(pairs["turn_before"] < pairs["turn"]) & (pairs["wrong_before"] != pairs["wrong"])]
    later = told.legs.iloc[pairs["leg_at"]][["replication", "contact_id", "leg"]]
    against = told.legs["contact_id"].iloc[pairs["leg_at_before"]].to_numpy()
    return later.assign(label=CONTRADICTION, against=against)
