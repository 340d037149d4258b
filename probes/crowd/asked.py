"""What a crowd is asked to play: the files and options that every process of a run reads for itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scenarios.reading import LoadedScenario, load_scenario


@dataclass(frozen=True)
class Asked:
    """Files and options; each process reads its own copies, its own charter above all."""

    scenario: Path
    target: Path
    charter: Path
    seed: int | None = None
    """The scenario's where left out."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Asked:
        """Return what another process has asked."""
        paths = {name: Path(told[name]) for name in ("scenario", "target", "charter")}
        return cls(**{**told, **paths})

    def told(self) -> dict[str, Any]:
        """Return it as another process is told."""
        return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}

    def load(self) -> LoadedScenario:
        """Load the scenario.

        Raises:
            scenarios.faults.FaultsFoundError: it is faulty.
        """
        return load_scenario(self.scenario)
