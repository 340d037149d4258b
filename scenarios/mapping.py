"""A mapping: how the columns of somebody's call or ticket log become contacts.

Holds the model of one mapping file and its reader; refuses to read logs (see `results.importing`). One row of the log
is one contact; what a row cannot tell stays empty.

>>> from scenarios.reading import HERE
>>> load_mapping(HERE / "mappings" / "generic_csv.yaml").mapping.clock.form
'instants'
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, Field, model_validator

from scenarios.calendar import Weekday
from scenarios.faults import Fault
from scenarios.models import Strict, read_model
from scenarios.references import clock_at, dict_at, list_at
from scenarios.scenario import Channel, Clock, Name, TimeZone
from scenarios.yaml_reader import MISSING, Document

Column = Annotated[str, Field(min_length=1, max_length=200)]
Columns = Annotated[list[Column], Field(min_length=1, max_length=20)]

Word = TypeVar("Word")

RecordedEnd = Literal[
    "answered", "transferred", "cut_off", "abandoned", "balked", "blocked", "message", "cleared_at_close",
    "deflected", "contained", "callback", "closed",
]  # fmt: skip
"""The ends of `results.log.LEG_ENDS` that a company's own log can tell of."""

ANSWERED_ENDS = ("answered", "transferred", "cut_off")
"""Ends that a person's answer came before."""


def _one_character(text: str) -> str:
    if len(text) != 1 or text in '"\n\r':
        raise ValueError('one character that parts the columns, such as "," or "\\t"')
    return text


class FileForm(Strict):
    """How the file is written; its first line names the columns. A name that ends in .gz is unpacked."""

    delimiter: Annotated[str, AfterValidator(_one_character)] = ","
    encoding: Literal["utf-8", "latin-1", "cp1252", "utf-16"] = "utf-8"


class LogClock(Strict):
    """How the log writes times. Those without an offset are local times of `time_zone`."""

    time_zone: TimeZone = Field(description="IANA time zone of the operation")
    form: Literal["instants", "time_of_day"] = Field(
        description="instants: ISO 8601, or seconds since 1970; time_of_day: H:MM:SS beside a column with the date"
    )
    date: Column | None = Field(None, description="time_of_day only: the column with the date")
    date_format: str = Field("%Y-%m-%d", description="time_of_day only: how the date is written, as for strptime")
    absent: list[str] = Field(default_factory=list, description="texts that mean: did not happen; empty always does")


class Words(Strict, Generic[Word]):
    """A name for every contact: always the same, or read from a column."""

    always: Word | None = None
    column: Column | None = None
    values: dict[str, Word] | None = Field(None, description="the column's texts, and our names for them")
    otherwise: Word | None = Field(None, description="for all other texts; where left out they are rejected")

    @model_validator(mode="after")
    def _one_source(self) -> Words[Word]:
        if (self.always is None) == (self.column is None):
            raise ValueError("either always or column")
        if self.values is None and self.otherwise is not None:
            raise ValueError("otherwise only with values")
        return self


class Person(Strict):
    """A column that names a customer or an agent, and the texts that mean nobody knows."""

    column: Column
    unknown: list[str] = Field(default_factory=list, description="texts that mean unknown; empty always does")


class StartCheck(Strict):
    """A second clock: where it is further than `within_s` from the answer, we do not believe the row's agent."""

    column: Column
    within_s: Annotated[float, Field(gt=0, le=86_400)]


class AgentColumn(Person):
    """The column that names the agent."""

    check_start: StartCheck | None = None


class OutcomeRule(Strict):
    """What a row is, when its outcome is `value` and the column `there` holds something: an end, or no contact."""

    value: str | None = Field(None, description="the text in the outcome column; any where left out")
    there: Column | None = Field(None, description="a column that must not be empty or absent")
    leg_end: RecordedEnd | None = None
    reject: Annotated[str, Field(min_length=1, max_length=80)] | None = Field(
        None, description="the reason for which such rows are no contacts"
    )

    @model_validator(mode="after")
    def _one(self) -> OutcomeRule:
        if (self.leg_end is None) == (self.reject is None):
            raise ValueError("either leg_end or reject")
        return self


class Outcomes(Strict):
    """How each contact ended: the first rule that fits; rows that none fits are rejected."""

    column: Column | None = None
    rules: list[OutcomeRule] = Field(min_length=1, max_length=200)


class Keep(Strict):
    """Which arrivals count, in local time; others are rejected with the reason."""

    weekdays: list[Weekday] | None = Field(None, min_length=1)
    opens: Clock = "00:00"
    closes: Clock = "24:00"


class Mapping(Strict):
    """How a log of one row per contact is read. Of several columns, the first that holds a time counts."""

    mapping: Name = Field(description="the mapping's name, after the log it reads")
    title: str = Field(description="one line on what log this is")
    source: str | None = Field(None, description="whom to acknowledge; repeated in run.json")
    file: FileForm = Field(default_factory=FileForm)
    clock: LogClock
    contact: Columns = Field(description="columns that together name a contact")
    customer: Person | None = None
    channel: Words[Channel]
    intent: Words[Name]
    arrived: Columns = Field(description="when the customer began to wait for a person")
    answered: list[Column] = Field(default_factory=list, max_length=20, description="when a person answered")
    ended: list[Column] = Field(default_factory=list, max_length=20, description="when the customer left or gave up")
    talk: Column | None = Field(None, description="seconds with the customer; then an answered contact ends after them")
    agent: AgentColumn | None = None
    outcome: Outcomes
    keep: Keep = Keep(weekdays=None)

    def columns(self) -> list[str]:
        """Return every column the mapping names, once each."""
        named = [*self.contact, *self.arrived, *self.answered, *self.ended]
        named += [words.column for words in (self.channel, self.intent) if words.column]
        named += [person.column for person in (self.customer, self.agent) if person]
        named += [rule.there for rule in self.outcome.rules if rule.there]
        named += [name for name in (self.clock.date, self.talk, self.outcome.column) if name]
        if self.agent and self.agent.check_start:
            named.append(self.agent.check_start.column)
        return list(dict.fromkeys(named))


@dataclass(frozen=True)
class LoadedMapping:
    """A checked mapping; `hash` covers its file."""

    path: Path
    mapping: Mapping
    hash: str


def load_mapping(path: Path) -> LoadedMapping:
    """Read and check a mapping.

    Raises:
        FaultsFoundError: every fault of the file.
    """
    mapping = read_model(path, Mapping, _references)
    return LoadedMapping(path, mapping, hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest())


def _references(document: Document) -> Iterator[Fault]:
    """Yield what is wrong between places of the file; tolerant of places that are wrong in themselves."""
    values = document.values
    clock, keep, outcome = (dict_at(values, name) for name in ("clock", "keep", "outcome"))
    if clock.get("form") == "time_of_day" and "date" not in clock:
        yield document.fault(("clock", "date"), MISSING, "the column with the date, as times of day need one")
    if clock.get("form") == "instants" and "date" in clock:
        yield document.fault(("clock", "date"), clock["date"], "no such key where times are instants")
    opens, closes = clock_at(keep.get("opens", "00:00")), clock_at(keep.get("closes", "24:00"))
    if opens is not None and closes is not None and closes <= opens:
        key = ("keep", "closes" if "closes" in keep else "opens")
        yield document.fault(key, keep.get(key[1]), "a closing later than the opening")
    rules = list_at(outcome, "rules")
    ends = {rule.get("leg_end") for rule in rules if isinstance(rule, dict)}
    if ends & set(ANSWERED_ENDS) and not values.get("answered"):
        yield document.fault(("answered",), MISSING, "columns that say when a person answered, as some rows are")
    if not values.get("ended") and (not values.get("talk") or ends - set(ANSWERED_ENDS) - {None}):
        yield document.fault(("ended",), MISSING, "columns that say when the contact ended, or the wait without answer")
    for i, rule in enumerate(rules):
        if isinstance(rule, dict) and "value" in rule and "column" not in outcome:
            yield document.fault(("outcome", "rules", i, "value"), rule["value"], "outcome.column, to find it in")
