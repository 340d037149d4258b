"""How late contacts began, and how much of that was the machine's doing."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np

from probes.machine_noise import Instants


class Starts:
    """When contacts were to begin (monotonic time) and how late they did (wall seconds); a million fill 16 MB."""

    def __init__(self) -> None:
        self._due_s, self._late_s = array("d"), array("d")

    def __len__(self) -> int:
        return len(self._late_s)

    def add(self, due_s: float, late_s: float) -> None:
        """Add a contact as it begins."""
        self._due_s.append(due_s)
        self._late_s.append(late_s)

    def since(self, first: int) -> tuple[Instants, Instants]:
        """Return due times and lateness of the contacts from number `first` on."""
        return np.array(self._due_s[first:]), np.array(self._late_s[first:])


@dataclass(frozen=True)
class Late:
    """How many of some starts were late over a limit, and how many of them by the machine's doing."""

    starts: int = 0
    late: int = 0
    machine: int = 0

    @classmethod
    def of(cls, late_s: Instants, noise_s: Instants, over_s: float) -> Late:
        """Count: late by the machine's doing is who would not have been late without its noise."""
        late, ours = int((late_s > over_s).sum()), int((late_s - noise_s > over_s).sum())
        return cls(len(late_s), late, late - ours)

    def __add__(self, other: Late) -> Late:
        return Late(self.starts + other.starts, self.late + other.late, self.machine + other.machine)

    @property
    def share(self) -> float:
        """The share that was late, by whosever doing."""
        return self.late / max(self.starts, 1)

    @property
    def share_ours(self) -> float:
        """The share that was late by our doing."""
        return (self.late - self.machine) / max(self.starts, 1)

    @property
    def share_machine(self) -> float:
        """The share that was late by the machine's doing."""
        return self.machine / max(self.starts, 1)
