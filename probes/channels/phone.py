"""The telephone: SIP and RTP over UDP. Dials, presses keys, speaks, hangs up; hears ringing, prompts, music and people.

Every number and every address is checked before it is dialled or spoken to, those to which the other side leads us too
(Contact, routes, SDP, redirections, transfers). What is heard is stamped with the packet that brought it. Where a
target has a menu and the journey presses no keys of its own, opening goes through the menu, and the contact counts as
entered with the last key. What is said is a recording from the target's folder, else espeak-ng, else a voiced tone as
long as the words: then no words are said. Sound is kept of calls that came to nothing, where the charter allows
recording. Not under the virtual clock, whose loop carries no datagrams. Guarded by tests/probes/test_phone_channel.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import socket
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import numpy as np
from aiosipua import SipMessage, SipRequest
from aiosipua.headers import parse_address, parse_uri, stringify_uri

from probes.channels.contract import Caller, Plain, Surroundings
from probes.channels.hearing import KNOWN_FRAMES, kind_of
from probes.channels.recogniser import Recogniser, find_recogniser
from probes.channels.sip_line import Event, SipLine, login_for
from probes.channels.sip_signs import signs_in, words_in
from probes.channels.sip_sound import Sound
from probes.channels.sound_line import SoundLine
from probes.channels.voices import Voices
from probes.guard import RefusedByCharterError
from probes.journeys import LAST, Open, Seen
from probes.numbers import is_number, why_never
from probes.rtp import EVENTS, PAYLOADS, encoded
from probes.speech import FRAME, RATE, seconds_to_say, voice_for, voiced_tone
from probes.udp import Address, local_host_towards
from scenarios.charter import is_loopback
from scenarios.target_phone import Hearing as Thresholds

SEEN_MOST = 2_000
TICK_S = 0.05
LEAVING_S_MOST = 2.0
CLOSING_S_MOST = 0.5
REDIRECTS_MOST = 3
PROMPT_S_MOST = 30.0
INFO_APART_S = 0.2
THEIR_TURN_S_MOST = 10.0
"""Who speaks on for longer is interrupted."""
KEYS = re.compile(r"^[0-9A-D*#]{1,20}$")


class PhoneCall(Plain):
    """One call."""

    polled = False
    opens_aloud = True
    entered_s: float | None = None

    def __init__(
        self,
        around: Surroundings,
        caller: Caller,
        recogniser: Recogniser | None = None,
    ) -> None:
        assert around.target.phone is not None
        self._around, self._caller, self._phone = around, caller, around.target.phone
        self._seen: asyncio.Queue[Seen] = asyncio.Queue()
        self._line: SipLine | None = None
        self.voices = Voices(self._phone, self._put, recogniser or find_recogniser())
        self._sound = SoundLine(around.guard, self.voices.hear, self._fail)
        self._resolved: dict[str, str] = {}
        self._host = ""
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._dialled_at = 0.0
        self._answered_at: float | None = None
        self._pressed_at: float | None = None
        self._rang = self._over = self._told_last = False
        self._fault: BaseException | None = None
        self._redirects = 0
        self._next: SipLine | None = None

    # -- what a journey does -----------------------------------------------------------------------------------

    async def open(self, opening: Open) -> None:
        """Dial; where the target has a menu and the journey leaves the keys to us, go through it.

        Raises:
            probes.guard.RefusedByCharterError: the number or the PBX may not be called.
        """
        phone = self._phone
        self._check(phone.uri)
        await self._look_up(*phone.address())
        await self._sound.open(self._host, phone.ports)
        self._sound.tape.begin_if_allowed(notice_given=False)
        self._dialled_at = self._now()
        self._line = await self._dial(phone.uri, self._on_line)
        self._tick()
        if phone.menu and not opening.presses:
            await self._through_menu()

    async def press(self, keys: str) -> None:
        """Press keys once the call is answered and the prompt that is being said has ended."""
        if not KEYS.match(keys):
            raise ValueError(f"{keys!r} are no keys: 0-9, A-D, * and #, at most 20")
        await self._answered()
        step = self._phone.menu[0] if self._phone.menu else None
        await self._prompt_over(None, step.after_s if step is not None else PROMPT_S_MOST)
        await self._send_keys(keys)
        self.voices.menu_done = True

    async def wait_for_turn(self) -> bool:
        """Hear them out."""
        until, waited = self._now() + THEIR_TURN_S_MOST, False
        while self.voices.is_speaking() and not self._over and self._now() < until:
            waited = True
            await self.voices.changed(TICK_S)
        return waited

    async def say(self, text: str) -> None:
        """Speak; who has hung up does not hear it."""
        if self._sound.voice is None or self._over:
            return
        folder = Path(self._phone.voice) if self._phone.voice is not None else None
        scale = self._around.clock.scale
        try:
            pcm = await asyncio.to_thread(voice_for, text, folder, scale)
        except (ValueError, OSError) as error:
            raise RuntimeError(f"what was to be said cannot be read: {error}") from None
        self._sound.voice.say(encoded(pcm, self._line.payload_type if self._line is not None else 0))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(len(pcm) / RATE + seconds_to_say("") + 1.0):
                await self._sound.voice.said()

    async def next_seen(self, until_s: float | None) -> Seen:
        """Return what came, when it came; at the deadline it is first worked out whose voice was heard before it."""
        seen = await self._next_seen(until_s)
        if self._fault is not None:
            raise self._fault
        return seen

    async def _next_seen(self, until_s: float | None) -> Seen:
        if until_s is None:
            return await self._seen.get()
        if not self._seen.empty():
            return self._in_time(until_s)
        try:
            return await self._around.clock.wait_until(self._seen.get(), until_s)
        except TimeoutError:
            undecided = self.voices.undecided(self._around.clock.loop_s(until_s))
            if undecided:
                hearing = self._phone.hearing
                await asyncio.wait(undecided, timeout=hearing.announcement_s_most + hearing.music_back_s)
            return Seen("nothing", until_s, until_s) if self._seen.empty() else self._in_time(until_s)

    def _in_time(self, until_s: float) -> Seen:
        seen = self._seen.get_nowait()
        return Seen("nothing", until_s, until_s) if seen.seen_by_s > until_s else seen

    async def leave(self) -> None:
        """Hang up, and wait a little for the other side to confirm it."""
        await self._ring_off(LEAVING_S_MOST)

    async def close(self) -> None:
        """Hang up if that has not been done, and free everything."""
        await self._ring_off(CLOSING_S_MOST)
        if self._timer is not None:
            self._timer.cancel()
        self.voices.close()
        for task in list(self._tasks):
            task.cancel()
        for line in (self._line, self._next):
            if line is not None:
                line.close()
        self._sound.close()

    async def evidence(self, name: str) -> str | None:
        """A call has no picture; its sound, where the charter allows that."""
        folder = self._around.evidence
        return None if folder is None else self._sound.tape.keep(folder, name)

    # -- dialling ----------------------------------------------------------------------------------------------

    def _check(self, uri: str) -> None:
        """Refuse an address whose host, port or number may not be called."""
        parsed = parse_uri(uri)
        if is_number(parsed.user or ""):
            self._around.guard.check_number(f"sip:{parsed.user}@{parsed.host}")
        self._around.guard.check(parsed.host, parsed.port or 5060)

    async def _look_up(self, host: str, port: int) -> None:
        try:
            address = str(ipaddress.IPv4Address(host))
        except ValueError:
            loop = asyncio.get_running_loop()
            try:
                found = await loop.getaddrinfo(host, port, family=socket.AF_INET, type=socket.SOCK_DGRAM)
            except OSError as error:
                self._end(Seen("error", text=f"{host} is not found: {error}"), self._now())
                address = "127.0.0.1"
            else:
                address = str(found[0][4][0])
                self._around.guard.pin(host, [address])
        self._resolved = {host: address}
        self._host = "127.0.0.1" if is_loopback(address) else local_host_towards((address, port))

    async def _dial(self, uri: str, told: Any) -> SipLine:
        phone, persona = self._phone, self._caller.persona
        caller = phone.caller.replace("{persona.email}", persona.email)
        caller = caller.replace("{persona.first_name}", persona.first_name)
        sound = Sound(self._host, self._sound.port, PAYLOADS[phone.codec], EVENTS)
        login = login_for(phone.login, phone.password)
        line = SipLine(self._around.guard, self._resolved, sound, caller, login, told, phone.ports)
        if not self._over:
            await line.dial(uri)
        return line

    async def _ring_off(self, within_s: float) -> None:
        self._over = True
        self._sound.stop()
        leaving = [task for line in (self._line, self._next) if line is not None and (task := line.ring_off())]
        if leaving:
            await asyncio.wait(leaving, timeout=within_s)

    # -- what the line tells -----------------------------------------------------------------------------------

    def _on_line(self, event: Event) -> None:
        match event.what:
            case "ringing":
                self._ring(event.at)
            case "answered":
                self._ring(event.at)
                self._put(Seen("connected"), event.at)
                self._answered_at = event.at
                self.voices.answered(event.at)
                self._read(event)
                self._begin_to_speak(event.media)
            case "moved":
                self._sound.to = event.media or self._sound.to
                self._read(event)
            case "said":
                self._read(event)
            case "referred" if isinstance(event.message, SipRequest):
                self._keep(self._go_on(event.message, event.at))
            case "redirected" if event.message is not None:
                self._redirected(event.message, event.at)
            case "failed":
                self._failed(event)
            case "ended":
                self._over = True
                self._keep(self._hung_up(event))
            case "refused":
                self._put(Seen("error", text=event.text), event.at)
                self._over = True
        self.voices.wake()

    def _begin_to_speak(self, to: Address | None) -> None:
        assert self._line is not None
        self._sound.to = to
        self._sound.begin(self._line.payload_type, self._line.events_payload)

    async def _hung_up(self, event: Event) -> None:
        settled = self._read(event)
        await self.voices.line_over()
        self._put(Seen(self.voices.said_closed or "closed", text="", resolved=settled), event.at)

    def _ring(self, at: float) -> None:
        if not self._rang:
            self._rang = True
            self._put(Seen("accepted"), at)

    def _failed(self, event: Event) -> None:
        phone, said = self._phone, f"SIP {event.status} {event.text}".strip()
        if event.status in phone.busy:
            self._put(Seen("busy", text=event.text or said), event.at)
        elif event.status in phone.shut:
            self._put(Seen("shut", text=event.text or said), event.at)
        else:
            self._put(Seen("error", text=said if event.status else event.text), event.at)
        self._over = True

    def _redirected(self, message: SipMessage, at: float) -> None:
        self._redirects += 1
        try:
            uri = stringify_uri(message.contact[0].uri)
            self._check(uri)
        except (RefusedByCharterError, ValueError) as error:
            self._end(Seen("error", text=f"refused: {error}"), at)
            return
        if self._redirects > REDIRECTS_MOST:
            self._end(Seen("error", text=f"redirected over {REDIRECTS_MOST} times, last to {uri}"), at)
            return

        async def again() -> None:
            old = self._line
            try:
                self._line = await self._dial(uri, self._on_line)
            except (RefusedByCharterError, ValueError) as error:
                self._fail(f"refused: {error}")
            if old is not None:
                old.close()

        self._keep(again())

    async def _go_on(self, request: SipRequest, at: float) -> None:
        """Go where a REFER passes us on to, if we may; the old line is hung up once the new one is answered."""
        old = self._line
        assert old is not None
        try:
            uri = stringify_uri(parse_address(request.get_header("refer-to") or "").uri).split("?")[0]
            self._check(uri)
        except (RefusedByCharterError, ValueError) as error:
            old.answer_referral(request, False)
            self._put(Seen("error", text=f"refused: passed on, but {error}"), at)
            await self._ring_off(LEAVING_S_MOST)
            return
        if self._next is not None:
            old.answer_referral(request, False)
            return
        old.answer_referral(request, True)
        self.voices.passed_on()
        self._put(Seen("transfer", text=f"passed on to {uri}"), at)

        def on_next(event: Event) -> None:
            if event.what == "answered":
                self._sound.to = event.media
                old.tell_referral(200)
                old.ring_off()
                self._line, self._next = self._next, None
            elif event.what in ("failed", "refused", "redirected"):
                old.tell_referral(503)
                self._fail(f"passed on to {uri}, where: {event.text or event.status}")
            elif event.what not in ("ringing",):
                self._on_line(event)

        try:
            self._next = await self._dial(uri, on_next)
        except (RefusedByCharterError, ValueError) as error:
            self._fail(f"refused: {error}")

    def _read(self, event: Event) -> bool:
        """Take in what a message tells beside the sound; returns whether it says that all is settled."""
        words = words_in(event.message, event.at, self._phone)
        if words is not None:
            self.voices.tell(words)
            return False
        seen, settled = signs_in(event.message, self._phone)
        for one in seen:
            if one.kind == "taken":
                self.voices.taken = True
            elif one.kind == "transfer":
                self.voices.passed_on()
            self._put(one, event.at)
        return settled

    # -- keys --------------------------------------------------------------------------------------------------

    async def _answered(self) -> None:
        """Return once the call is answered, or is not going to be."""
        while self._answered_at is None and not self._over:
            await self.voices.changed(1.0)

    async def _through_menu(self) -> None:
        await self._answered()
        for step in self._phone.menu:
            keys = step.keys_for(self._caller.intent)
            if keys is None:
                self._fail(f"the target's menu has no keys for {self._caller.intent}")
            if self._over or keys is None:
                return
            await self._prompt_over(step.prompt, step.after_s)
            if self._over:
                return
            self._put(Seen("pressed", text=f"[{keys}]"), self._now())
            await self._send_keys(keys)
        self.voices.menu_done = True
        self.entered_s = self._around.clock.at_loop_s(self._pressed_at or self._now())

    async def _prompt_over(self, prompt: str | None, within_s: float) -> None:
        """Return when a prompt has ended that began after the keys before it, or after a time."""
        since = max(filter(None, (self._answered_at, self._pressed_at)), default=0.0)
        until = max(since, self._dialled_at) + within_s
        while not self._over and (left_s := until - self._now()) > 0:
            over = self.voices.spoken_until is not None and self.voices.spoken_until > since
            read = (
                any(at >= since and re.search(prompt, text, re.I) for at, text in self.voices.words) if prompt else True
            )
            if over and (read or not self.voices.can_read()):
                return
            await self.voices.changed(min(left_s, 1.0))

    async def _send_keys(self, keys: str) -> None:
        line, voice = self._line, self._sound.voice
        if line is None or voice is None or self._over:
            return
        if self._phone.dtmf == "info" or line.events_payload is None:
            for key in keys:
                self._pressed_at = self._now()
                line.info(f"Signal={key}\r\nDuration=160\r\n", "application/dtmf-relay")
                await asyncio.sleep(INFO_APART_S)
        else:
            voice.press(keys)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(len(keys) * 0.5 + 1.0):
                    await voice.said()
            self._pressed_at = voice.released_at or self._now()

    # -- time --------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        """Look whether something is due: a silence has lasted, a deadline is over."""
        now, phone, line = self._now(), self._phone, self._line
        self.voices.tick(now)
        since_s = now - self._dialled_at
        if self._over or line is None:
            return
        if self._answered_at is None:
            if not line.replied and since_s > phone.reply_s_most:
                self._fail(f"not a word from {phone.uri} in {phone.reply_s_most:g} s")
            elif since_s > phone.answer_s_most:
                self._fail(f"not answered in {phone.answer_s_most:g} s")
        elif self._sound.ear.packets == 0 and now - self._answered_at > phone.sound_s_most:
            self._fail(f"answered, but in {phone.sound_s_most:g} s not one packet of sound came that we can read")
        elif now - self._answered_at > phone.call_s_most:
            self._fail(f"the call was still going on after {phone.call_s_most:g} s")
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def _fail(self, why: str) -> None:
        """End the call for a reason of the desk's."""
        if not self._over:
            self._put(Seen("error", text=why), self._now())
            self._keep(self._ring_off(LEAVING_S_MOST))
            self._over = True
            self.voices.wake()

    def _end(self, seen: Seen, at: float) -> None:
        self._put(seen, at)
        self._over = True

    def _put(self, seen: Seen, at: float) -> None:
        """Keep what was seen, stamped; a desk that floods is cut off there, and what came first is kept."""
        at_s = self._around.clock.at_loop_s(at)
        if self._told_last:
            return
        if self._seen.qsize() >= SEEN_MOST:
            seen = Seen("error", text=f"the desk said over {SEEN_MOST} things")
            self._over = True
        notice = self._phone.recording_notice
        if notice is not None and seen.text and re.search(notice, seen.text):
            self._sound.tape.begin_if_allowed(notice_given=True)
        self._told_last = seen.kind in LAST
        self._seen.put_nowait(
            Seen(seen.kind, at_s, at_s, _text(seen.text), _text(seen.team) or None, _text(seen.agent) or None,
                 seen.history_carried, seen.resolved)
        )  # fmt: skip

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        """Keep a fault of our own, so that the contact ends as such and not as the desk's."""
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._fault = fault
            self._put(Seen("error", text="our own fault"), self._now())

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def warm_up() -> None:
    """Load what is loaded when first used: tables of numbers and of codecs, a recogniser's whereabouts."""
    why_never("+39061234567")
    find_recogniser()
    for payload_type in PAYLOADS.values():
        encoded(voiced_tone("word", 1.0), payload_type)
    kind_of(np.zeros((KNOWN_FRAMES, FRAME)) + 0.1, Thresholds.model_validate({}))


def _text(text: str | None) -> str:
    """Return text that any file can hold."""
    return (text or "").encode("utf-8", "replace").decode()
