"""A contact that somebody attends while the customer is there: waiting, being handled, being passed on, ending.

What chat and telephone have in common: a place in the floor's queue, an agent's acts in their time, the truth of it
all. How it looks to the customer is the door's: it is told by `tell`.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Literal, cast

from probes.desk.floor import Visit
from probes.desk.hall import Hall
from scenarios.scenario import Channel


class LiveVisit:
    """One customer's contact; a door tells it in its own way and sets `gone` when the customer leaves."""

    channel: Channel
    closing_text = ""
    """What is said when an agent has closed the contact."""

    def __init__(self, hall: Hall, name: str, email: str, intent: str) -> None:
        self._hall, self._name, self._email = hall, name[:80] or "there", email[:200]
        self._intent = hall.intent_of(intent)
        self._gone = asyncio.Event()
        self._visit: Visit | None = None

    async def tell(self, **message: Any) -> None:
        """Tell the customer: `type` is accepted, queue, joined, typing, message, transfer or closed."""
        raise NotImplementedError

    async def listen(self) -> None:
        """Hear the customer until they go; sets `gone` then."""
        raise NotImplementedError

    def note(self, what: str, **facts: object) -> None:
        """Write into the truth that something happened now."""
        self._hall.truth.note(what, self._email, str(self.channel), **facts)

    def turned_away(self) -> Literal["shut", "busy"] | None:
        """Take a line, if the channel is open and has one left; else say why not."""
        hall = self._hall
        if not hall.is_open(self.channel):
            self.note("shut")
            return "shut"
        if not hall.lines.take(self.channel):
            self.note("busy")
            return "busy"
        return None

    async def hold(self, first_text: str) -> None:
        """Keep the customer, who has a line, until the contact ends."""
        hall = self._hall
        self.note("arrived", intent=self._intent, text=first_text)
        await self.tell(type="accepted", text=hall.phrases.accepted)
        listener = asyncio.create_task(self.listen())
        try:
            teams = hall.loaded.scenario.who_takes(self.channel, self._intent)
            while teams and not self._gone.is_set():
                teams = await self._one_leg(teams)
        finally:
            self._gone.set()
            if self._visit is not None:
                hall.floor.leave(self._visit)
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listener

    async def _one_leg(self, teams: tuple[str, ...]) -> tuple[str, ...]:
        """Wait for one team and be handled by it; returns the team it passes the customer on to."""
        hall = self._hall
        taken: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
        visit = Visit(teams, self.channel, self._intent, lambda team, seat: taken.set_result((team, seat)), self._moved)
        self._visit = visit
        position = hall.floor.join(visit)
        if position:
            await self.tell(type="queue", position=position)
        gone = asyncio.create_task(self._gone.wait())
        try:
            await asyncio.wait(cast(set[asyncio.Future[Any]], {taken, gone}), return_when=asyncio.FIRST_COMPLETED)
            if taken.done():
                return await self._handled(*taken.result(), gone)
            self.note("gave_up")
            hall.floor.leave(visit)
            return ()
        finally:
            self._visit = None
            gone.cancel()

    def _moved(self, position: int) -> None:
        self._hall.keep(asyncio.create_task(self.tell(type="queue", position=position)))

    async def _handled(self, team: str, chair: int, gone: asyncio.Task[Any]) -> tuple[str, ...]:
        hall = self._hall
        began_s = hall.clock.now_s()
        handling = hall.work.handling(team, chair, self._intent, self._name)
        self.note(
            "taken", team=team, agent=handling.agent, silent=handling.silent, asks_again=handling.asks_again,
            wrong_fact=handling.wrong_fact, conduct=list(handling.conduct),
        )  # fmt: skip
        await self.tell(type="joined", agent=handling.agent, team=team)
        released_s = began_s + handling.busy_s
        try:
            for act in handling.acts:
                if act.after_s:
                    waker = asyncio.create_task(hall.clock.sleep_until_s(began_s + act.after_s))
                    await asyncio.wait([waker, gone], return_when=asyncio.FIRST_COMPLETED)
                    if gone.done():
                        waker.cancel()
                        released_s = hall.clock.now_s()
                        self.note("left")
                        return ()
                match act.what:
                    case "say":
                        self.note("said", text=act.text)
                        await self.tell(type="message", speaker="agent", agent=handling.agent, text=act.text)
                    case "typing":
                        await self.tell(type="typing", agent=handling.agent)
                    case "transfer":
                        self.note("transferred", to=act.to_team)
                        await self.tell(type="transfer", team=act.to_team, history_carried=act.history_carried)
                        return hall.work.takers(act.to_team, self.channel, self._intent)
                    case "close":
                        self.note("closed")
                        await self.tell(type="closed", how="resolved", text=self.closing_text)
        finally:
            hall.clock.call_at_s(released_s, hall.floor.release, team, chair)
        return ()
