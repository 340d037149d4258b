"""A journey written from a chat that a person had in a browser: what they wrote, waited for and how long it took.

Reads what the page shows by the target file's rules, so their own words and the desk's are told apart as in a shop.
What only a person can judge (which answer is useful, what else could have happened) stands in the file as a comment.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from probes.browser import Browser
from probes.channels.chat_browser import watches_of
from probes.channels.pages import read_message
from probes.cleaning import Known, cleaned
from probes.clock import Clock
from probes.guard import Guard, guarding
from scenarios.target import Target

TURNS_MOST = 200
PAUSE_S_LEAST = 0.5
"""Shorter pauses are left out: nobody meant them."""


@dataclass(frozen=True)
class Turn:
    """Something that came or was written: when, by whom (a speaker of the target, or `closed`), in which words."""

    at_s: float
    speaker: str
    text: str


class NothingRecordedError(ValueError):
    """There is nothing to write a journey from; the message says why."""


async def record_chat(browser: Browser, target: Target, guard: Guard, ended: asyncio.Event) -> list[Turn]:
    """Open the target's chat page for a person, and return what was said until they close the window.

    Args:
        browser: whose window the person sees.
        target: the desk; its chat is described.
        guard: what the page may reach.
        ended: ends the recording when set.

    Raises:
        NothingRecordedError: the target describes no chat page.
        probes.tab.PageError: the page does not come.
    """
    from probes.tab import TabLostError

    if target.chat is None:
        raise NothingRecordedError(f"{target.target} describes no chat page to record on")
    clock = Clock(asyncio.get_running_loop())
    turns: list[Turn] = []
    with guarding(guard):
        tab = await browser.open_tab(target, guard, watches_of(target.chat), None)
        over = asyncio.create_task(ended.wait())
        try:
            await tab.load(f"{target.base_url}{target.chat.page}", clock)
            while not ended.is_set() and len(turns) < TURNS_MOST:
                coming = asyncio.create_task(tab.next_stamp(clock))
                await asyncio.wait([coming, over], return_when=asyncio.FIRST_COMPLETED)
                if not coming.done():
                    coming.cancel()
                    break
                stamp = coming.result()
                if stamp.what == "message":
                    message = read_message(stamp.html, target.chat.own_text, target.chat.speakers)
                    turns.append(Turn(stamp.at_s, message.speaker, cleaned(message.text, Known())))
                elif stamp.what == "closed":
                    turns.append(Turn(stamp.at_s, "closed", stamp.text))
                    break
        except TabLostError:
            pass  # they closed the window
        finally:
            over.cancel()
            await tab.close()
            await browser.end_visits(guard)
    return turns


def journey_text(name: str, turns: Sequence[Turn]) -> str:
    """Return the YAML of a journey that goes as these turns went.

    Raises:
        NothingRecordedError: the person wrote nothing.
    """
    written = [place for place, turn in enumerate(turns) if turn.speaker == "customer"]
    if not written:
        raise NothingRecordedError("nobody wrote anything: there is no journey in that")
    first = written[0]
    answers = [turn.text for turn in turns[first:] if turn.speaker == "human"]
    lines = [
        "# yaml-language-server: $schema=../journey.schema.json",
        "# Recorded from a chat in a browser. What to set right: `useful`, wordings in other languages, patience.",
        f"journey: {name}",
        f"title: {json.dumps(_short(turns[first].text), ensure_ascii=False)}",
        "channel: chat",
        "questions:",
        "  default:",
        f"    subject: {json.dumps(_short(turns[first].text), ensure_ascii=False)}",
        f"    text: {json.dumps(turns[first].text, ensure_ascii=False)}",
        f"    useful: {json.dumps('.', ensure_ascii=False)}   # edit: what a useful answer matches; the last one was:",
        *[f"    # {json.dumps(_short(answer, 200), ensure_ascii=False)}" for answer in answers[-1:]],
        "steps:",
        "  - open: true",
        *_steps(turns[first:]),
    ]
    return "\n".join(lines) + "\n"


def _steps(turns: Sequence[Turn]) -> Iterator[str]:
    heard: Turn | None = None
    for turn in turns[1:]:
        if turn.speaker == "customer":
            if heard is not None:
                yield f"  - wait_for: {_awaited(heard)}"
                yield "    within: patience"
                if turn.at_s - heard.at_s >= PAUSE_S_LEAST:
                    yield f"  - pause: {{law: lognormal, mean_s: {turn.at_s - heard.at_s:.1f}, cv: 0.4}}"
            yield f"  - say: {json.dumps(turn.text, ensure_ascii=False)}"
            heard = None
        elif turn.speaker in ("human", "bot", "automatic", "closed"):
            heard = turn
    if heard is not None:
        yield f"  - wait_for: {_awaited(heard)}"
        yield "    within: {law: deterministic, value_s: 900}"


def _awaited(turn: Turn) -> str:
    """Return what to wait for, so that another wording of the same turn is met too."""
    return {"closed": "closed", "automatic": "automatic"}.get(turn.speaker, "message")


def _short(text: str, most: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
