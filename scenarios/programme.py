"""A programme: shops spread over weeks, so that what they show is of the desk and not of one Tuesday morning.

Holds which journeys, where, when, how many and what is done with them; `probes.waves` makes contacts of it.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Literal

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, model_validator

from scenarios.calendar import Weekday, open_spell_s
from scenarios.models import Strict, read_model
from scenarios.pattern import Pattern
from scenarios.scenario import Name, TimeZone

SCHEDULE = "0 0 * * *"


def _date(text: str) -> str:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        raise ValueError("a date as YYYY-MM-DD") from None
    return text


def _spell(text: str) -> str:
    if open_spell_s(text) == (0, 0):
        raise ValueError("hours as HH:MM-HH:MM, the later time last")
    return text


def _cron(text: str) -> str:
    try:
        CronSim(text, datetime.datetime(2026, 1, 1))
    except CronSimError as error:
        raise ValueError(f"five fields of a cron line ({error})") from None
    return text


Date = Annotated[str, AfterValidator(_date)]
Hours = Annotated[str, AfterValidator(_spell)]
CronLine = Annotated[str, AfterValidator(_cron)]
Weight = Annotated[float, Field(gt=0)]


class Wave(Strict):
    """Some of a programme's shops, over some days."""

    wave: Name = Field(description="the wave's name")
    first: Date = Field(description="its first day")
    last: Date = Field(description="its last day")
    contacts: Annotated[int, Field(ge=1, le=100_000)] = Field(description="shops in all")

    @model_validator(mode="after")
    def _ordered(self) -> Wave:
        if self.last < self.first:
            raise ValueError("last on or after first")
        return self


class Cost(Strict):
    """What shops cost."""

    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = Field(description="three letters, such as EUR")
    per_contact: Annotated[float, Field(ge=0)] = Field(0.0, description="of each shop")
    per_agent_minute: Annotated[float, Field(ge=0)] = Field(0.0, description="of the desk's time that it takes")


class Review(Strict):
    """Who sees a shop when."""

    release: Literal["at_once", "after_review"] = Field(
        "after_review", description="after_review: nobody sees a shop in a report before an editor released it"
    )
    appeal_days: Annotated[int, Field(ge=0, le=365)] = Field(
        14, description="so long after its release a shop may be appealed against"
    )


class Programme(Strict):
    """Shops over weeks."""

    programme: Name = Field(description="the programme's name")
    title: str = Field(description="one line")
    version: Annotated[int, Field(ge=1)] = Field(1, description="trends break when it changes")
    brief: str = Field("", description="what shoppers and editors must know")
    time_zone: TimeZone = Field(description="whose clock the hours are of")
    journeys: dict[Name, Weight] = Field(min_length=1, description="by name: its share of the shops, as a weight")
    personas: list[Name] = Field(default_factory=list, description="who plays, in turn; left out: the journeys' own")
    sites: dict[Name, str] = Field(min_length=1, description="by name: the target file, beside this file")
    dayparts: dict[Name, Hours] = Field(min_length=1, description="by name: hours of the day, HH:MM-HH:MM")
    daypart_weights: dict[Name, Weight] = Field(default_factory=dict, description="shares of dayparts; 1 each")
    weekdays: list[Weekday] = Field(default_factory=list, description="only on these; left out: on all")
    schedule: CronLine = Field(SCHEDULE, description="only on days on which this cron line comes due")
    identities: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        None, description="so many different customers, used in rotation; left out: each shop another one"
    )
    lock_out_days: Annotated[int, Field(ge=0, le=365)] = Field(
        0, description="so long a customer does not come to the same site again"
    )
    recognised: list[Pattern] = Field(
        default_factory=lambda: ["mystery (shop|customer)", "are you a (bot|robot|tester)", "test (call|customer)"],
        description="words of the desk that show that a shopper was recognised",
    )
    scenario: str | None = Field(None, description="the desk as believed, beside this file: for what shops cost it")
    cost: Cost | None = Field(None, description="what shops cost")
    review: Review = Field(default_factory=Review, description="who sees a shop when")
    waves: list[Wave] = Field(min_length=1, description="when how many are played")

    @model_validator(mode="after")
    def _known(self) -> Programme:
        if strange := sorted(set(self.daypart_weights) - set(self.dayparts)):
            raise ValueError(f"daypart_weights of dayparts only, not of {', '.join(strange)}")
        names = [wave.wave for wave in self.waves]
        if len(set(names)) < len(names):
            raise ValueError("waves of different names")
        return self

    def wave(self, name: str | None) -> Wave | None:
        """Return a wave by its name; the only one without."""
        if name is None:
            return self.waves[0] if len(self.waves) == 1 else None
        return next((wave for wave in self.waves if wave.wave == name), None)


def read_programme(path: Path) -> Programme:
    """Read a programme file; see `scenarios.models.read_model` for its faults."""
    return read_model(path, Programme)
