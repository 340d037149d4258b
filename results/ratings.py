"""What people say of a card's criteria: ratings beside the machine's, overrides, disputes and how they were settled.

Kept beside the run, line by line; nothing that was said is changed afterwards. A rating is another opinion and changes
no score; an override takes the machine's place; a dispute marks a criterion until somebody settles it.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from results.agreement import Agreement, ac1, alpha, kappa
from results.runs import Run, RunError
from scenarios.scorecard import Criterion, Scorecard

RATINGS = "ratings.jsonl"
MACHINE = "machine"

Kind = Literal["rated", "overridden", "disputed", "settled", "judged"]
NA = "na"


@dataclass(frozen=True)
class Rating:
    """What somebody said of one criterion of one contact.

    Attributes:
        answer: `na`, or a number from 0 to the criterion's scale; None with a dispute.
        kind: rated (another opinion), overridden (instead of the machine's), disputed, settled, judged (a language
            model's opinion, which never decides).
        at: when, as an ISO instant.
    """

    contact_id: str
    card: str
    version: int
    criterion: str
    by: str
    answer: float | str | None
    kind: Kind
    note: str
    at: str


@dataclass(frozen=True)
class Agreed:
    """How far two raters, or all of them, agree on a criterion; see results.agreement."""

    criterion: str
    raters: tuple[str, ...]
    units: int
    kappa: Agreement | None
    ac1: Agreement
    alpha: Agreement
    same: float


def ratings_of(run: Run) -> list[Rating]:
    """Return what was said of a run, in the order it was said."""
    path = run.folder / RATINGS
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [Rating(**json.loads(line)) for line in lines if line.strip()]


def rate(
    run: Run,
    card: Scorecard,
    said: Iterable[tuple[str, str, str | None]],
    by: str,
    kind: Kind = "rated",
    note: str = "",
    now: datetime.datetime | None = None,
) -> list[Rating]:
    """Write down what somebody says: (contact, criterion, answer) each, all or none.

    Answers are `yes`, `no`, `na`, or a number on the criterion's scale.

    Raises:
        RunError: with every contact, criterion or answer that does not exist, or a settling of what nobody disputes.
    """
    at = (now or datetime.datetime.now(datetime.UTC)).isoformat()
    contacts = set(run.table("legs")["contact_id"])
    criteria = {name: criterion for _, name, criterion in card.criteria()}
    if not by.strip() or by == MACHINE:
        raise RunError(f"ratings need the name of who gives them, not {by!r}: say --by NAME")
    disputed = open_disputes(ratings_of(run))
    faults: list[str] = []
    ratings: list[Rating] = []
    for contact, name, told in said:
        if contact not in contacts:
            faults.append(f"{run.folder} has no contact {contact}")
            continue
        if name not in criteria:
            faults.append(f"card {card.scorecard} has no criterion {name}; it has {', '.join(criteria)}")
            continue
        if kind == "settled" and (contact, name) not in disputed:
            faults.append(f"nobody disputes {name} of {contact}")
        answer = None if kind == "disputed" else _answer(told, criteria[name])
        if kind != "disputed" and answer is None:
            faults.append(f"{name} of {contact} is {told!r}; right would be yes, no, na or 0 to {criteria[name].scale}")
        ratings.append(Rating(contact, card.scorecard, card.version, name, by, answer, kind, note, at))
    if faults:
        raise RunError("; ".join(faults))
    with (run.folder / RATINGS).open("a", encoding="utf-8") as out:
        out.writelines(json.dumps(asdict(rating), ensure_ascii=False) + "\n" for rating in ratings)
    return ratings


def _answer(told: str | None, criterion: Criterion) -> float | str | None:
    """Read an answer; None where it is none."""
    word = (told or "").strip().lower()
    if word in (NA, "n/a", "-"):
        return NA
    if word in ("yes", "no"):
        return float(criterion.scale) if word == "yes" else 0.0
    try:
        number = float(word)
    except ValueError:
        return None
    return number if 0 <= number <= criterion.scale else None


def open_disputes(ratings: Iterable[Rating]) -> set[tuple[str, str]]:
    """Return the (contact, criterion) that are disputed and not settled."""
    still: set[tuple[str, str]] = set()
    for rating in ratings:
        place = (rating.contact_id, rating.criterion)
        if rating.kind == "disputed":
            still.add(place)
        elif rating.kind == "settled":
            still.discard(place)
    return still


def decided(ratings: Iterable[Rating], card: Scorecard) -> dict[tuple[str, str], Rating]:
    """Return what takes the machine's place, by (contact, criterion): the last override or settlement.

    Where only people can answer, the first rating counts until somebody overrides it. Ratings of another version of the
    card do not count.
    """
    asked = {name for _, name, criterion in card.criteria() if criterion.asks or criterion.informs}
    said: dict[tuple[str, str], Rating] = {}
    for rating in ratings:
        place = (rating.contact_id, rating.criterion)
        if (rating.card, rating.version) != (card.scorecard, card.version) or rating.kind in ("disputed", "judged"):
            continue
        if rating.kind in ("overridden", "settled") or (rating.criterion in asked and place not in said):
            said[place] = rating
    return said


def agreement(
    ratings: Iterable[Rating], machine: Mapping[tuple[str, str], Hashable], card: Scorecard, against: str | None = None
) -> list[Agreed]:
    """Return how far raters agree, by criterion and over all (`""`), the machine one of them.

    Args:
        ratings: what people said.
        machine: what the machine said, by (contact, criterion).
        card: the card; ratings of other versions are left out.
        against: each rater is compared with this one alone, as with a calibration set; left out: all together.
    """
    opinions: dict[tuple[str, str], dict[str, Hashable]] = {}
    for rating in ratings:
        if (rating.card, rating.version) == (card.scorecard, card.version) and rating.answer is not None:
            by_rater = opinions.setdefault((rating.contact_id, rating.criterion), {})
            by_rater.setdefault(rating.by, rating.answer)
    for place, answer in machine.items():
        if place in opinions:
            opinions[place][MACHINE] = answer
    raters = sorted({rater for by_rater in opinions.values() for rater in by_rater})
    groups = [tuple(raters)] if against is None else [(against, rater) for rater in raters if rater != against]
    found: list[Agreed] = []
    for group in groups:
        for criterion in ("", *dict.fromkeys(name for _, name in opinions)):
            table = [
                [by_rater.get(rater) for rater in group]
                for (_, name), by_rater in sorted(opinions.items())
                if criterion in ("", name)
            ]
            made = _agreed(criterion, group, table)
            if made is not None:
                found.append(made)
    return found


def _agreed(criterion: str, raters: tuple[str, ...], table: list[list[Hashable | None]]) -> Agreed | None:
    several = [row for row in table if sum(rating is not None for rating in row) >= 2]
    if not several or len(raters) < 2:
        return None
    pairs = [
        (a, b) for row in several for i, a in enumerate(row) for b in row[i + 1 :] if a is not None and b is not None
    ]
    same = sum(a == b for a, b in pairs) / len(pairs)
    pairwise = kappa(several) if len(raters) == 2 else None
    return Agreed(criterion, raters, len(several), pairwise, ac1(several), alpha(several), same)


def drift(ratings: Iterable[Rating], machine: Mapping[tuple[str, str], Hashable], card: Scorecard) -> dict[str, Agreed]:
    """Return how far people and the machine agree, by the month in which people rated."""
    by_month: dict[str, list[Rating]] = {}
    for rating in ratings:
        by_month.setdefault(rating.at[:7], []).append(rating)
    told: dict[str, Agreed] = {}
    for month, said in sorted(by_month.items()):
        whole = next((one for one in agreement(said, machine, card) if one.criterion == ""), None)
        if whole is not None:
            told[month] = whole
    return told
