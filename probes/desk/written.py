"""Matters put to the desk in writing, by form or by mail: they wait on the floor like anyone, and are worked on alike.

What the customer sees of it (a page that changes, mails that come) is the door's, which makes the matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from probes.desk.floor import Visit
from probes.desk.hall import Hall
from scenarios.scenario import Channel


class Matter(Protocol):
    """Something a customer wants to have settled."""

    channel: Channel
    name: str
    email: str
    intent: str

    @property
    def asks_back_at_once(self) -> bool:
        """Whether a question back is sent as soon as the agent has it, and not with the answer."""

    def taken(self) -> None:
        """Hear that an agent works on it."""

    def answered(self, agent: str, texts: Sequence[str], settled: bool) -> None:
        """Hear what an agent has written."""

    def passed_on(self) -> None:
        """Hear that it goes to another team."""

    def settled(self, silently: bool) -> None:
        """Hear that the desk is done with it; `silently` where nobody wrote a word."""


def wait_for_teams(hall: Hall, matter: Matter, teams: tuple[str, ...]) -> None:
    """Have a matter wait for the first of its teams that is free."""

    def taken(team: str, chair: int) -> None:
        hall.keep(asyncio.create_task(_handle(hall, matter, team, chair)))

    if teams:
        hall.floor.join(Visit(teams, matter.channel, matter.intent, taken))


async def _handle(hall: Hall, matter: Matter, team: str, chair: int) -> None:
    began_s = hall.clock.now_s()
    handling = hall.work.handling(team, chair, matter.intent, matter.name)
    hall.truth.note(
        "taken", matter.email, matter.channel, team=team, agent=handling.agent, silent=handling.silent,
        asks_again=handling.asks_again, wrong_fact=handling.wrong_fact, conduct=list(handling.conduct),
    )  # fmt: skip
    matter.taken()
    hall.clock.call_at_s(began_s + handling.busy_s, hall.floor.release, team, chair)
    says = [act for act in handling.acts if act.what == "say"]
    last = handling.acts[-1]
    settled = last.what != "transfer"
    if matter.asks_back_at_once and handling.asks_again and len(says) > 1:
        await hall.clock.sleep_until_s(began_s + says[1].after_s)
        _write(hall, matter, handling.agent, [act.text for act in says[:2]], settled=False)
        says = says[2:]
    await hall.clock.sleep_until_s(began_s + last.after_s)
    if says:
        _write(hall, matter, handling.agent, [act.text for act in says], settled)
    if settled:
        hall.lines.give_back(matter.channel)
        matter.settled(silently=not says)
        hall.truth.note("closed", matter.email, matter.channel)
    else:
        hall.truth.note("transferred", matter.email, matter.channel, to=last.to_team)
        matter.passed_on()
        wait_for_teams(hall, matter, hall.work.takers(last.to_team, matter.channel, matter.intent))


def _write(hall: Hall, matter: Matter, agent: str, texts: Sequence[str], settled: bool) -> None:
    # noted first: what goes out by mail is read by the customer before this returns
    hall.truth.note("said", matter.email, matter.channel, text="\n".join(texts))
    matter.answered(agent, texts, settled)
