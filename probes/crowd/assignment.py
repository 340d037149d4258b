"""What a crowd is to play: the files and options that every process of a run reads for itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from results.replaying import arrivals_of
from scenarios.profiled import Asked, ProfileError, profiled, replayed
from scenarios.reading import LoadedScenario, load_scenario


class OtherScenarioError(ValueError):
    """A process of a run was given another scenario than the one that is played; the message says which file."""


@dataclass(frozen=True)
class Assignment:
    """Files and options; each process reads its own copies, its own charter above all."""

    scenario: Path
    target: Path
    charter: Path
    seed: int | None = None
    """The scenario's where left out."""
    profile: str | None = None
    factor: str | None = None
    starts: str | None = None
    lasts_s: str | None = None
    """The volumes that were asked for, as they were typed."""
    days: int | None = None
    """So many days; the scenario's where left out."""
    shoppers: int | None = None
    """So many on each channel that has any; the scenario's where left out."""
    replay: Path | None = None
    """A recorded log whose contacts come instead of the scenario's."""
    contact: str | None = None
    """This contact alone; all where left out."""
    browser: bool = False
    """Whether this process plays in a browser."""
    only: Literal["shopper", "background"] | None = None
    """Whom of the plan this process plays; everyone where left out."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Assignment:
        """Return what another process has told."""
        paths = {name: Path(told[name]) for name in ("scenario", "target", "charter", "replay") if told.get(name)}
        return cls(**{**told, **paths})

    def told(self) -> dict[str, Any]:
        """Return it as another process is told."""
        return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}

    def mine(self, plan: pd.DataFrame) -> pd.DataFrame:
        """Return those of a plan whom this process plays."""
        return plan if self.only is None else plan[plan["played_by"] == self.only].reset_index(drop=True)

    def load(self) -> LoadedScenario:
        """Load the scenario at the volumes that were asked for.

        Raises:
            scenarios.faults.FaultsFoundError: it is faulty.
            ProfileError: it cannot be played at such volumes, or a number is none.
            results.runs.RunError: the recorded log is none.
        """
        numbers = {"factor": self.factor, "for": self.lasts_s}
        try:
            factor, lasts_s = (float(text) if text else None for text in numbers.values())
        except ValueError:
            given = " and ".join(f"--{name} {text}" for name, text in numbers.items() if text)
            raise ProfileError(f"{given}; expected numbers") from None
        loaded = load_scenario(self.scenario, self.days)
        if self.replay is not None:
            loaded = replayed(loaded, *arrivals_of(self.replay))
        return profiled(loaded, Asked(self.profile, factor, self.starts, lasts_s))
