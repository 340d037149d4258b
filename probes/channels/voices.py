"""Who is speaking on a telephone line, and what is said: stretches of sound and told words become what was seen.

Words come from messages within the call (the target's `told`) or from a recogniser; without either a stretch of speech
is told as "prompt heard, N s of speech". Told words count only once there is sound: they are stamped with the packet
in which it begins, and dropped where none comes. A stretch of speech without words is stamped with its first packet,
though whose it is may be known only later; while that is open, `undecided` says so, so that nobody hangs up on who has
just answered.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from probes.channels.hearing import Ear, SoundKind, Stretch
from probes.channels.recogniser import Recogniser
from probes.journeys import Seen
from scenarios.target_phone import Phone

TOLD_S_MOST = 1.5
"""Words are dropped when no sound comes for so long."""

OVERTAKEN_S_MOST = 0.01
"""Words and their sound come by two ways: the sound may be read first."""

TOLD_MOST = 50
HEARD_MOST = 2_000
WORDS_MOST = 2_000
JUDGED_AT_ONCE_MOST = 20
RECOGNISING_S_MOST = 30.0
JUST_BEGUN_S = 0.1
"""A voice that began so lately is still speaking, whatever its few packets sound like."""

Speaker = Literal["human", "bot", "automatic"]
Put = Callable[[Seen, float], None]
"""Told what was seen, without stamps, and the loop time of its stamp."""


@dataclass(frozen=True)
class Words:
    """Words that were told and have not been heard yet."""

    at: float
    speaker: Speaker
    text: str
    team: str | None
    agent: str | None


class Voices:
    """Listens to one call."""

    def __init__(self, phone: Phone, put: Put, recogniser: Recogniser | None) -> None:
        self._phone, self._put = phone, put
        self._recogniser = recogniser if phone.recognise else None
        self.ear = Ear(phone.hearing, self._known, self._ended, keep=self._recogniser is not None)
        self._told: deque[Words] = deque(maxlen=TOLD_MOST)
        self._told_at: deque[float] = deque(maxlen=TOLD_MOST)
        self._tasks: dict[asyncio.Task[None], float] = {}
        self._changed = asyncio.Event()
        self._loud = False
        self._onset_at: float | None = None
        """When sound last began after silence, until words are found for it."""
        self.heard: deque[Stretch] = deque(maxlen=HEARD_MOST)
        """Every stretch of sound, oldest first."""
        self.words: deque[tuple[float, str]] = deque(maxlen=TOLD_MOST)
        """What an automatic voice said, and when."""
        self.spoken_until: float | None = None
        """When the last stretch of speech ended."""
        self._answered_at = math.inf
        self._voice_at = -JUST_BEGUN_S
        """When the last voice began whose words were told."""
        self.menu_done = False
        self.taken = False
        self.talking = False
        """Whether a person has spoken, and no music since."""
        self.said_closed: Literal["shut", "busy"] | None = None
        self._line_over = False
        self.dropped = 0
        """Words that were told and never heard."""

    def hear(self, at: float, pcm: bytes) -> None:
        """Take in one packet."""
        loud = self.ear.hear(at, pcm)
        if loud and not self._loud:
            self._onset_at = at
        self._loud = loud
        while loud and self._told:
            self._spoken(self._told.popleft(), at)

    def tell(self, words: Words) -> None:
        """Take in words that were told; they are heard with the next sound, or with the one that just began."""
        if self._onset_at is not None and 0 <= words.at - self._onset_at < OVERTAKEN_S_MOST:
            self._spoken(words, self._onset_at)
        else:
            self._told.append(words)

    def _spoken(self, words: Words, at: float) -> None:
        self._onset_at = None
        self._voice_at = at
        self._told_at.append(at)
        self.ear.cut()  # whatever sounded before, this is somebody's voice
        self._say(words.speaker, words.text, at, words.team, words.agent)

    def answered(self, at: float) -> None:
        """Know when the call was answered: what sounded before is a machine, whatever it sounds like."""
        self.ear.cut()
        self._answered_at = at

    def tick(self, now: float) -> None:
        """Let silence end what was heard, and drop words that nobody spoke."""
        self.ear.pause(now)
        while self._told and now - self._told[0].at > TOLD_S_MOST:
            self._told.popleft()
            self.dropped += 1

    def passed_on(self) -> None:
        """Forget who was speaking: somebody else comes."""
        self.talking = self.taken = False

    def undecided(self, until: float) -> set[asyncio.Task[None]]:
        """Return what still works out whether it was a person who spoke before a loop time."""
        if self.talking or not any(rule.speaker == "human" for rule in self._phone.voices):
            return set()
        return {task for task, began_at in self._tasks.items() if began_at <= until}

    async def line_over(self) -> None:
        """End what is being heard and work out whose it was, though no music can follow any more."""
        self._line_over = True
        self.ear.cut()
        self.wake()
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=RECOGNISING_S_MOST if self._recogniser else 0.5)

    def close(self) -> None:
        """Stop working anything out."""
        for task in list(self._tasks):
            task.cancel()

    async def changed(self, within_s: float) -> None:
        """Return when something has been heard to its end, or after a time."""
        self._changed.clear()
        try:
            async with asyncio.timeout(within_s):
                await self._changed.wait()
        except TimeoutError:
            return

    def wake(self) -> None:
        """Have who waits for a change look again."""
        self._changed.set()

    def is_speaking(self) -> bool:
        """Say whether somebody on the other side is speaking, or may be, as it takes a moment to know a voice."""
        just_begun = asyncio.get_running_loop().time() - self._voice_at < JUST_BEGUN_S
        return just_begun or (self.ear.stretch is not None and self.ear.stretch.kind in (None, "speech"))

    def can_read(self) -> bool:
        """Say whether words can be had at all."""
        return self._recogniser is not None or bool(self._phone.told)

    # -- stretches ---------------------------------------------------------------------------------------------

    def _known(self, stretch: Stretch) -> None:
        after = self._before()
        self.heard.append(stretch)
        if stretch.kind == "music":
            self.talking = False
        elif stretch.kind == "speech" and len(self._tasks) < JUDGED_AT_ONCE_MOST:
            task = asyncio.get_running_loop().create_task(self._judge(stretch, after))
            self._tasks[task] = stretch.began_at
            task.add_done_callback(lambda done: self._tasks.pop(done, None))
        self.wake()

    def _ended(self, stretch: Stretch) -> None:
        if stretch.kind == "speech":
            self.spoken_until = stretch.ended_at
        self.wake()

    def _before(self) -> SoundKind | Literal["answer"]:
        return self.heard[-1].kind or "answer" if self.heard else "answer"

    async def _judge(self, stretch: Stretch, after: SoundKind | Literal["answer"]) -> None:
        """Work out who spoke, and tell it."""
        loop = asyncio.get_running_loop()
        most = self._phone.hearing.announcement_s_most
        while stretch.ended_at is None and loop.time() - stretch.began_at < most and not self._was_told(stretch):
            await self.changed(0.1)
        if stretch.kind != "speech" or self._was_told(stretch):
            return
        text = await self._read(stretch)
        music = await self._music_follows(stretch) if self._asks_for_music() and not self.talking else None
        lasts_s = (stretch.ended_at or loop.time()) - stretch.began_at
        speaker = "human" if self.talking else self._speaker(text, after, music, lasts_s)
        self._say(speaker, text or f"prompt heard, {lasts_s:.1f} s of speech", stretch.began_at, None, None)

    def _was_told(self, stretch: Stretch) -> bool:
        ended_at = stretch.ended_at if stretch.ended_at is not None else asyncio.get_running_loop().time()
        return any(stretch.began_at - 0.7 <= at <= ended_at + 0.1 for at in self._told_at)

    async def _read(self, stretch: Stretch) -> str:
        if self._recogniser is None:
            return ""
        try:
            async with asyncio.timeout(RECOGNISING_S_MOST):
                return (await asyncio.to_thread(self._recogniser, bytes(stretch.pcm)))[:WORDS_MOST]
        except TimeoutError:
            return ""

    def _asks_for_music(self) -> bool:
        return any(rule.music_follows is not None for rule in self._phone.voices)

    async def _music_follows(self, stretch: Stretch) -> bool | None:
        """Wait until music comes back, or it is clear that it does not; None where the line is cut off before."""
        if stretch.ended_at is None:
            return False
        until = stretch.ended_at + self._phone.hearing.music_back_s
        while True:
            if any(s.kind == "music" and s.began_at >= stretch.ended_at - 0.5 for s in self.heard):
                return True
            left_s = until - asyncio.get_running_loop().time()
            if left_s <= 0:
                return False
            if self._line_over:
                return None
            await self.changed(left_s)

    def _speaker(self, text: str, after: str, music: bool | None, lasts_s: float) -> Speaker:
        for rule in self._phone.voices:
            fits = (
                (rule.text is None or bool(text and re.search(rule.text, text, re.IGNORECASE)))
                and rule.after in (None, after)
                and rule.music_follows in (None, music)
                and rule.menu_done in (None, self.menu_done)
                and rule.taken in (None, self.taken)
                and (rule.longer_than_s is None or lasts_s > rule.longer_than_s)
            )
            if fits:
                return rule.speaker
        return "automatic"

    def _say(self, speaker: Speaker, text: str, at: float, team: str | None, agent: str | None) -> None:
        if at < self._answered_at:
            speaker = "automatic"
        if speaker == "automatic":
            self.words.append((at, text))
            for how, pattern in self._phone.said_closed.items():
                if re.search(pattern, text, re.IGNORECASE):
                    self.said_closed = how
            place = self._phone.queue_position and re.search(self._phone.queue_position, text, re.IGNORECASE)
            if place:
                self._put(Seen("position", text=place["position"] or ""), at)
            else:
                self._put(Seen("automatic", text=text), at)
        else:
            self.talking = self.talking or speaker == "human"
            self._put(Seen(speaker, text=text, team=team, agent=agent), at)
        self.wake()
