"""Profiles: how many customers come for how long, as stages that follow each other; what a scenario file says of them.

Holds the models, and a profile with its place in time. Refuses to place customers: `scenarios.stages` does.

>>> ramp = Stage.model_validate({"stage": "ramp", "lasts_s": 300.0, "factor": [1, 3]})
>>> rush = TimedProfile("rush", 36_000.0, (ramp,))
>>> stages_of(rush), rush.factor_at(36_150.0)
([TimedStage(stage='ramp', from_s=36000.0, to_s=36300.0, warm_up=False)], 2.0)
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, WithJsonSchema, model_validator

from scenarios.faults import Fault
from scenarios.models import Strict
from scenarios.units import DAY_S, clock_s, clock_text
from scenarios.yaml_reader import Document, Key, Words

VOLUME_MOST = 10_000.0
"""The largest factor, and the most customers per second."""

STAGES_MOST = 100


def _clock(text: str) -> str:
    clock_s(text)
    return text


def _from_to(told: Any) -> tuple[float, float] | None:
    pair = told if isinstance(told, list | tuple) else [told, told]
    known = all(isinstance(one, int | float) and not isinstance(one, bool) for one in pair)
    if told is not None and not (known and len(pair) == 2 and all(0 <= one <= VOLUME_MOST for one in pair)):
        raise ValueError(f"a number from 0 to {VOLUME_MOST:.0f}, or a pair of them [from, to]")
    return told if told is None else (float(pair[0]), float(pair[1]))


_NUMBER = {"type": "number", "minimum": 0, "maximum": VOLUME_MOST}
_PAIR = {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2}

FromTo = Annotated[
    tuple[float, float] | None,
    BeforeValidator(_from_to),
    WithJsonSchema({"anyOf": [_NUMBER, _PAIR, {"type": "null"}]}),
]
"""At the beginning of a stage and at its end, evenly from the one to the other."""


class Stage(Strict):
    """A part of a profile: how many customers come while it lasts."""

    stage: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = Field(description="the stage's name")
    lasts_s: Annotated[float, Field(gt=0, le=DAY_S)] = Field(description="how long it lasts")
    factor: FromTo = Field(
        None,
        description="times the volumes of `demand`: a number, or a pair [from, to] for a ramp from one to the other",
    )
    per_second: FromTo = Field(
        None,
        description="instead of factor: first contacts per second, all together, in the mix that `demand` has at that "
        "time; a number, or a pair [from, to]",
    )
    warm_up: bool = Field(False, description="whether its contacts are left out of figures; only before other stages")

    @model_validator(mode="after")
    def _one_volume(self) -> Stage:
        if (self.factor is None) == (self.per_second is None):
            raise ValueError("either factor or per_second")
        return self

    @property
    def volume(self) -> tuple[float, float]:
        """Its factor, or its customers per second, at its beginning and at its end."""
        volume = self.per_second if self.factor is None else self.factor
        assert volume is not None, "a stage has one of the two"
        return volume


class Profile(Strict):
    """A load: stages that follow each other within a day of the scenario; nobody comes before or after them."""

    day: Annotated[int, Field(ge=0, lt=700)] = Field(0, description="on which day of the scenario, from 0")
    starts: Annotated[str, AfterValidator(_clock)] = Field(description="when the first stage begins, HH:MM")
    stages: list[Stage] = Field(min_length=1, max_length=STAGES_MOST, description="one after the other")


class TimedStage(NamedTuple):
    """When a stage begins and ends, in scenario seconds."""

    stage: str
    from_s: float
    to_s: float
    warm_up: bool


@dataclass(frozen=True)
class TimedProfile:
    """A profile with its place in time; without stages it multiplies all volumes, whenever they come."""

    name: str | None
    begins_s: float = 0.0
    """In scenario seconds."""
    stages: tuple[Stage, ...] = ()
    factor: float = 1.0
    """Multiplies what the stages say."""

    @property
    def level(self) -> float | None:
        """By what it multiplies all volumes while it lasts; None where that changes or is told per second."""
        told = {volume for stage in self.stages for volume in stage.factor or (None,)} or {1.0}
        level = told.pop()
        return None if level is None or told else self.factor * level

    @property
    def ends_s(self) -> float:
        """The scenario second from which on nobody comes; infinite without stages."""
        return stages_of(self)[-1].to_s if self.stages else math.inf

    @property
    def warm_up_s(self) -> float:
        """The scenario second from which on contacts count."""
        return max((one.to_s for one in stages_of(self) if one.warm_up), default=0.0)

    def factor_at(self, at_s: float) -> float:
        """Return by what a profile of factors multiplies volumes at a scenario second; 0 where nobody comes."""
        if not self.stages:
            return self.factor
        for stage, timed in zip(self.stages, stages_of(self), strict=True):
            if timed.from_s <= at_s < timed.to_s:
                begins, ends = stage.volume
                return self.factor * (begins + (ends - begins) * (at_s - timed.from_s) / stage.lasts_s)
        return 0.0


def stages_of(profile: TimedProfile) -> list[TimedStage]:
    """Return when each stage begins and ends."""
    bounds = itertools.accumulate((stage.lasts_s for stage in profile.stages), initial=profile.begins_s)
    spells = zip(profile.stages, itertools.pairwise(bounds), strict=True)
    return [TimedStage(stage.stage, from_s, to_s, stage.warm_up) for stage, (from_s, to_s) in spells]


def profile_faults(document: Document) -> Iterator[Fault]:
    """Yield what is wrong between the stages of each profile; what is wrong in itself is told elsewhere."""
    told: Any = document.values.get("profiles")
    for name, values in told.items() if isinstance(told, dict) else ():
        try:
            profile = Profile.model_validate(values)
        except ValidationError:
            continue
        yield from _between_stages(document, ("profiles", name), profile)


def _between_stages(document: Document, key: Key, profile: Profile) -> Iterator[Fault]:
    seen: set[str] = set()
    counts = False
    days = document.values.get("days", 1)
    if isinstance(days, int) and profile.day >= days:
        yield document.fault((*key, "day"), profile.day, f"a day of the scenario, 0 to {days - 1}")
    for i, stage in enumerate(profile.stages):
        if stage.stage in seen:
            yield document.fault((*key, "stages", i, "stage"), stage.stage, "a name that no other stage of it has")
        if stage.warm_up and counts:
            expected = "false: only stages before all that count are left out of figures"
            yield document.fault((*key, "stages", i, "warm_up"), True, expected)
        seen.add(stage.stage)
        counts = counts or not stage.warm_up
    if not counts:
        yield document.fault((*key, "stages"), Words("warm-up from beginning to end"), "a last stage that counts")
    lasts_s, left_s = sum(stage.lasts_s for stage in profile.stages), DAY_S - clock_s(profile.starts)
    if lasts_s > left_s:
        expected = f"at most {left_s} s: from {clock_text(clock_s(profile.starts))} to midnight"
        yield document.fault((*key, "stages"), Words(f"{lasts_s:g} s long"), expected)
