"""A persona file: how one kind of customer speaks and waits. Who exactly plays a contact is `probes.personas`'.

Holds no name and no address: those are invented for each contact, or come from the charter.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from scenarios.laws import Law
from scenarios.models import Strict, read_model
from scenarios.reading import file_named
from scenarios.scenario import Language, Name
from scenarios.wording import RIGHT_TO_LEFT, Text


class PersonaKind(Strict):
    """One kind of customer."""

    persona: Name = Field(description="the persona's name")
    title: str = Field(description="one line")
    language: Language = Field(description="what they speak and write")
    before: Text = Field("", description="said before their first words in a contact, in their tone")
    behind: Text = Field("", description="said after their first words")
    patience: Law | None = Field(None, description="how long they wait; left out: as the journey or scenario says")
    types_per_s: Annotated[float, Field(gt=0, le=100)] | None = Field(
        None, description="characters they write in a second; left out: they paste"
    )

    @property
    def right_to_left(self) -> bool:
        """Whether what they write runs from right to left."""
        return self.language in RIGHT_TO_LEFT


def read_persona(path: Path) -> PersonaKind:
    """Read a persona file; see `scenarios.models.read_model` for its faults."""
    return read_model(path, PersonaKind)


def persona_named(name: str, folder: Path | None = None) -> PersonaKind:
    """Return a persona by its name, found beside a scenario or among ours.

    Raises:
        FaultsFoundError: there is none of that name, or it is faulty.
    """
    return read_persona(file_named("personas", name, folder))
