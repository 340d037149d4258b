"""What a crowd is to play: the files and options that every process of a run reads for itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios.profiled import Asked, ProfileError, profiled
from scenarios.reading import LoadedScenario, load_scenario


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

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Assignment:
        """Return what another process has told."""
        paths = {name: Path(told[name]) for name in ("scenario", "target", "charter")}
        return cls(**{**told, **paths})

    def load(self) -> LoadedScenario:
        """Load the scenario at the volumes that were asked for.

        Raises:
            scenarios.faults.FaultsFoundError: it is faulty.
            ProfileError: it cannot be played at such volumes, or a number is none.
        """
        numbers = {"factor": self.factor, "for": self.lasts_s}
        try:
            factor, lasts_s = (float(text) if text else None for text in numbers.values())
        except ValueError:
            given = " and ".join(f"--{name} {text}" for name, text in numbers.items() if text)
            raise ProfileError(f"{given}; expected numbers") from None
        return profiled(load_scenario(self.scenario), Asked(self.profile, factor, self.starts, lasts_s))
