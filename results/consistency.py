"""How alike contacts about the same question were: in what was said, how long it took, and how people were spoken to.

Reads a run that was scored. Too few contacts give figures but never a verdict; agents are named only where the charter
says they were told.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from results.clock import RunClock
from results.log import OUR_FAULTS
from results.rates import Detector, Share, Wordings, corrected, share_of, together
from results.runs import Run
from scenarios.conduct_labels import GATES

ANSWERS_LEAST = 5
"""Fewer answers, or contacts of a group, are shown without a verdict."""

CONSISTENT, INCONSISTENT, CANNOT_TELL = "consistent", "inconsistent", "cannot tell"
PUBLISHED = "published"
AGREES_LEAST = 0.9
"""An answer is consistent where at least this share of pairs agree, whatever the chance of the sample."""

TURN = ["contact_id", "leg", "turn"]

GROUPS = ("channel", "language", "hour", "team")
"""Groups of contacts; answers are also compared by the wording of the question."""

QUESTION_SHOWN = 60
"""So many letters of a question are shown."""


@dataclass(frozen=True)
class Clash:
    """Two answers that cannot both be true, in their words."""

    contact_id: str
    quote: str
    against: str
    against_quote: str
    type: str


@dataclass(frozen=True)
class FactAgreement:
    """How far the answers to one question agree.

    Attributes:
        fact: what was asked for.
        answers: how many answers there are.
        agreement: share of pairs of answers that do not contradict, with a jackknife interval over contacts.
        true: share of answers that agree with what is published; n is 0 where nothing is.
        verdict: consistent, inconsistent or cannot tell.
        clash: the pair that clashes most plainly, where one does.
        groups: agreement within each channel, language, hour, team and wording of the question, where it has enough
            answers.
    """

    fact: str
    answers: int
    agreement: Share
    true: Share
    verdict: str
    clash: Clash | None
    groups: Mapping[str, Share]


@dataclass(frozen=True)
class Spread:
    """How long a useful answer took in one group of contacts, in seconds; `unanswered` had none."""

    group: str
    name: str
    contacts: int
    unanswered: int
    low_s: float
    median_s: float
    high_s: float


@dataclass(frozen=True)
class Tone:
    """How often a conduct was seen in one group of contacts: as found, and corrected by the detector's error."""

    group: str
    name: str
    label: str
    found: Share
    true: Share | None


@dataclass(frozen=True)
class Consistency:
    """All of it."""

    facts: tuple[FactAgreement, ...]
    times: tuple[Spread, ...]
    tones: tuple[Tone, ...]
    contacts: int


def consistency_of(run: Run) -> Consistency:
    """Say how alike the contacts of a run were; it must have been scored."""
    legs = run.table("legs")
    first = _first(legs, run.facts)
    return Consistency(
        tuple(_facts(run.table("answers"), first)),
        tuple(_times(run.table("steps"), first)),
        tuple(_tones(run.table("findings"), run.table("messages"), first, _detectors(run.facts))),
        len(first),
    )


def _first(legs: pd.DataFrame, facts: Mapping[str, Any]) -> pd.DataFrame:
    """Return the contacts with the groups they belong to."""
    kept = legs[~legs["leg_end"].isin(OUR_FAULTS) & legs["arrived_s"].notna()]
    first = kept.drop_duplicates("contact_id").set_index("contact_id")
    team = kept.dropna(subset=["team"]).drop_duplicates("contact_id", keep="last").set_index("contact_id")["team"]
    hours = RunClock.of(facts).of_day_s(first["arrived_s"].to_numpy(dtype=float)) // 3600
    groups = {
        "channel": first["channel"],
        "language": first["language"],
        "hour": pd.Series([f"{int(hour):02}:00" for hour in hours], index=first.index),
        "team": team.reindex(first.index),
        "arrived_s": first["arrived_s"].astype(float),
    }
    named = kept[kept["agent"].notna() & kept["source"].eq("measured")]  # only where the charter says they were told
    if len(named):
        agent = named.drop_duplicates("contact_id", keep="last").set_index("contact_id")["agent"]
        groups["agent"] = agent.reindex(first.index)
    return pd.DataFrame(groups)


def _grouped(first: pd.DataFrame) -> Iterator[tuple[str, str, pd.Index[Any]]]:
    yield "all", "", first.index
    for group in [*GROUPS, *(["agent"] if "agent" in first else [])]:
        names = first[group].dropna()
        if names.nunique() > 1:
            for name, rows in names.groupby(names):
                yield group, str(name), rows.index


# -- what was said ---------------------------------------------------------------------------------------------------


def _facts(answers: pd.DataFrame, first: pd.DataFrame) -> Iterator[FactAgreement]:
    for fact, rows in answers.groupby("fact", sort=True):
        pairs = rows[rows["against"] != PUBLISHED]
        held = rows[(rows["against"] == PUBLISHED) & rows["relation"].isin(["agree", "contradict"])]
        contacts = list(dict.fromkeys([*rows["contact_id"], *pairs["against"]]))
        agreement = pair_agreement(pairs)
        true = share_of(int((held["relation"] == "agree").sum()), len(held))
        groups = dict(_within_groups(pairs, first))
        yield FactAgreement(
            str(fact), len(contacts), agreement, true, _verdict(agreement, true, len(contacts)), _clash(rows), groups
        )


def pair_agreement(pairs: pd.DataFrame) -> Share:
    """Return the share of pairs of answers that do not contradict, with an interval that leaves out contacts in turn.

    A contact is in many pairs, so pairs are no sample of their own: the jackknife takes contacts away one by one
    (Efron and Stein, Annals of Statistics 9:586, 1981).
    """
    if pairs.empty:
        return Share(math.nan, math.nan, math.nan, 0)
    agrees = pairs["relation"].ne("contradict").to_numpy(dtype=float)
    one, other = pairs["contact_id"].to_numpy(), pairs["against"].to_numpy()
    contacts = sorted({*one, *other})
    value = float(agrees.mean())
    if len(contacts) < 3:
        return Share(value, math.nan, math.nan, len(contacts))
    without = np.array([agrees[(one != name) & (other != name)].mean() for name in contacts])
    n = len(contacts)
    error = math.sqrt((n - 1) / n * float(np.square(without - without.mean()).sum()))
    if error == 0:
        bound = share_of(n if value == 1 else 0, n)
        return Share(value, min(bound.low, value), max(bound.high, value), n)
    return Share(value, max(value - 1.96 * error, 0.0), min(value + 1.96 * error, 1.0), n)


def _within_groups(pairs: pd.DataFrame, first: pd.DataFrame) -> Iterator[tuple[str, Share]]:
    members = {group: [pairs[side].map(first[group]) for side in ("contact_id", "against")] for group in GROUPS}
    members["wording"] = _asked_as(pairs)
    for group, (mine, theirs) in members.items():
        for name in sorted(set(mine.dropna())):
            own = pairs[(mine == name) & (theirs == name)]
            if len({*own["contact_id"], *own["against"]}) >= ANSWERS_LEAST:
                yield f"{group} {name}", pair_agreement(own)


def _asked_as(pairs: pd.DataFrame) -> list[pd.Series[Any]]:
    """Return how the question of each answer of a pair was put; questions that differ in names alone are put alike."""
    sides = [pairs[column].fillna("").astype(str) for column in ("question", "against_question")]
    put: dict[str, str] = {}
    for question in sorted({*sides[0], *sides[1]}):
        if question:
            put.setdefault(_question_wording(question), question)
    shown = {name: f"“{_clipped(question)}”" for name, question in put.items()}
    if len(shown) < 2:
        return [pd.Series(None, index=pairs.index, dtype=object)] * 2
    return [side.map(_question_wording).map(shown) for side in sides]


def _question_wording(question: str) -> str:
    """Return a question without names and numbers, its first word kept: `Can I` is not `Must I`."""
    first, _, rest = question.strip().partition(" ")
    return f"{first.lower()} {_wording(rest)}"


def _clipped(question: str) -> str:
    line = " ".join(question.split())
    return line if len(line) <= QUESTION_SHOWN else line[: QUESTION_SHOWN - 1] + "…"


def _verdict(agreement: Share, true: Share, answers: int) -> str:
    """Say whether answers are consistent: never on few, and not where the interval leaves it open."""
    if answers < ANSWERS_LEAST or math.isnan(agreement.low):
        return CANNOT_TELL
    if agreement.high < AGREES_LEAST or (true.n >= ANSWERS_LEAST and true.high < AGREES_LEAST):
        return INCONSISTENT
    return CONSISTENT if agreement.low >= AGREES_LEAST else CANNOT_TELL


def _clash(rows: pd.DataFrame) -> Clash | None:
    clashing = rows[rows["relation"] == "contradict"]
    if clashing.empty:
        return None
    row = clashing.sort_values(["against", "contact_id"], kind="stable", key=lambda c: c.eq(PUBLISHED)).iloc[-1]
    quotes = [str(row[name]) if isinstance(row[name], str) else str(row[text])
              for name, text in (("quote", "text"), ("against_quote", "against_text"))]  # fmt: skip
    return Clash(str(row["contact_id"]), quotes[0], str(row["against"]), quotes[1], str(row["type"]))


# -- how long, and how -----------------------------------------------------------------------------------------------


def _times(steps: pd.DataFrame, first: pd.DataFrame) -> Iterator[Spread]:
    useful = steps[(steps["rung"] == "first_useful_answer") & steps["seen_by_s"].notna()]
    at = useful.drop_duplicates("contact_id").set_index("contact_id")["seen_by_s"].astype(float)
    took = at.reindex(first.index) - first["arrived_s"]
    for group, name, contacts in _grouped(first):
        own = took.loc[contacts]
        seen = own.dropna()
        low, median, high = seen.quantile([0.1, 0.5, 0.9]) if len(seen) else (math.nan, math.nan, math.nan)
        yield Spread(group, name, len(own), int(own.isna().sum()), float(low), float(median), float(high))


def _tones(
    findings: pd.DataFrame, messages: pd.DataFrame, first: pd.DataFrame, detectors: Mapping[tuple[str, str], Detector]
) -> Iterator[Tone]:
    desk = messages[messages["speaker"].isin(["human", "agent", "bot", "automatic"])]
    desk = desk.assign(wording=desk["text"].map(_wording))
    said = findings[[*TURN, "label"]].merge(desk[[*TURN, "wording"]], on=TURN)
    shown = {str(label): set(rows["contact_id"]) for label, rows in findings.groupby("label")}
    languages = _languages(findings, first)
    answered = set(desk["contact_id"])
    for group, name, contacts in _grouped(first):
        own = languages.loc[[contact for contact in contacts if contact in answered]]
        parts = [(str(language), _Heard(set(spoke.index), desk, said)) for language, spoke in own.groupby(own)]
        for label in GATES:
            found = sum(contact in shown.get(label, ()) for contact in own.index)
            true = [heard.corrected(label, shown, detectors.get((label, language))) for language, heard in parts]
            known = [one for one in true if one is not None]
            whole = together(known) if known and len(known) == len(parts) else None
            yield Tone(group, name, label, share_of(found, len(own)), whole)


def _languages(findings: pd.DataFrame, first: pd.DataFrame) -> pd.Series[Any]:
    """Return what each contact spoke: as its leg tells, else as most that was found in it, else as most others."""
    told = first["language"].str[:2].str.lower()
    heard = findings.groupby("contact_id")["language"].agg(lambda names: names.mode().iloc[0])
    languages = told.fillna(heard.reindex(first.index))
    most = languages.mode()
    return languages.fillna(most.iloc[0]) if len(most) else languages


class _Heard:
    """What the desk said in contacts of one language."""

    def __init__(self, contacts: set[str], desk: pd.DataFrame, said: pd.DataFrame) -> None:
        turns = desk[desk["contact_id"].isin(contacts)]
        self.contacts = contacts
        self.looks = len(turns) / max(len(contacts), 1)
        self.read = int(turns["wording"].nunique())
        self.ways = said[said["contact_id"].isin(contacts)].groupby("label")["wording"].nunique()

    def corrected(self, label: str, shown: Mapping[str, set[str]], detector: Detector | None) -> Share | None:
        """Return the share that is likely true of a label; None where the detector's error is not known."""
        if detector is None:
            return None
        found = len(self.contacts & shown.get(label, set()))
        wordings = Wordings(int(self.ways.get(label, 0)), self.read)
        return corrected(found, len(self.contacts), detector, self.looks, wordings=wordings)


def _wording(text: str) -> str:
    """Return a text without names and numbers: what differs in them alone is one wording."""
    words = re.findall(r"[^\W\d_]+", re.sub("<[^<>]*>", "", text))
    return " ".join(word for word in words if not word[0].isupper())


def _detectors(facts: Mapping[str, Any]) -> dict[tuple[str, str], Detector]:
    """Return how right the detectors were that scored a run, by label and language."""
    told = facts.get("detectors")
    rows: Sequence[Mapping[str, Any]] = told if isinstance(told, list) else []
    return {
        (str(row["label"]), str(row["language"])): Detector(row["hits"], row["shown"], row["alarms"], row["clean"])
        for row in rows
    }
