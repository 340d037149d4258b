"""Misconduct: what the rehearsal desk does other than believed, per team, so that we can see whether it is noticed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, RootModel

from scenarios.conduct_labels import LABELS
from scenarios.faults import Fault, one_of
from scenarios.models import Strict, check_model
from scenarios.scenario import Share
from scenarios.yaml_reader import Document, read_file


class TeamMisconduct(Strict):
    """One team's; what is left out is as believed."""

    slower: Annotated[float, Field(gt=-1, le=100)] = Field(0.0, description="0.3: every handling takes 30 % longer")
    seats_missing: Share = Field(0.0, description="share of the rostered seats that nobody sits on")
    asks_again: Share = Field(0.0, description="probability of asking for what the customer already said")
    wrong_fact: Share = Field(0.0, description="probability of answering with a wrong fact")
    silent: Share = Field(0.0, description="probability of taking a contact and never writing")
    conduct: dict[str, Share] = Field(
        default_factory=dict,
        description="by label of conduct, the share of handlings that show it; with any, people say nothing else than "
        "the fact and what is drawn here, so that each label shows as often as told",
    )


class Misconduct(RootModel[dict[str, TeamMisconduct]]):
    """By team."""

    def of(self, team: str) -> TeamMisconduct:
        """Return a team's; one that is not named behaves as believed."""
        return self.root.get(team) or TeamMisconduct()


def read_misconduct(path: Path, teams: list[str]) -> Misconduct:
    """Read a misconduct file for a scenario with these teams."""

    def known(document: Document) -> list[Fault]:
        strangers = [name for name in document.values if name not in teams]
        faults = [document.fault((name,), name, one_of(teams, name)) for name in strangers]
        for team, told in document.values.items():
            conduct = told.get("conduct") if isinstance(told, dict) else None
            labels = conduct if isinstance(conduct, dict) else {}
            faults += [
                document.fault((team, "conduct", label), label, one_of(LABELS, str(label)))
                for label in labels
                if label not in LABELS
            ]
        return faults

    return check_model(read_file(path), Misconduct, known)


def no_misconduct() -> Misconduct:
    """Return a desk that behaves as believed."""
    return Misconduct({})
