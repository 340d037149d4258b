"""The desk's telephone: one SIP port and one RTP port on loopback, a menu, hold music, people who speak in buzzes.

Nobody here says words that can be understood: what is said is told beside the sound, in a MESSAGE within the call
whose X-Speaker header says who speaks (menu, queue, agent), so that a transcript exists without a recogniser. An
UPDATE with an X-Desk header tells who has taken the call and to which team it is passed on; the BYE that ends a
settled call says so in the same header. Keys are understood as RTP events and as INFO. It answers 486 when all lines
are taken, 480 when it is shut, 404 to whoever dials another name, and sends nothing to any host but this one.

SIP is aiosipua's own server, so that the caller's side, which is ours, is not tried against itself alone. Not under
the virtual clock, whose loop carries no datagrams: there a desk has no telephone.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from aiosipua import IncomingCall, SdpNegotiationError, SipRequest, SipResponse, SipUAS, negotiate_sdp
from aiosipua.dialog import DialogState
from aiosipua.transport import SipTransport

from probes.desk.hall import Hall
from probes.desk.live import LiveVisit
from probes.rtp import PACKET_S, PAYLOADS, RtpEar, RtpVoice, encoded
from probes.speech import hold_music, seconds_to_say, voiced_tone
from probes.udp import Address, UdpEnd, open_udp
from scenarios.charter import is_loopback

NAME = "support"
"""Whom one dials; there is nobody else."""

RING_S = 1.0
MENU_S = 15.0
MENU_TIMES = 3
CALLS_MOST = 2_000
DATAGRAMS_PER_S_MOST = 100_000
CALLER_PORTS = 2_000
CALLER_PORTS_FROM = range(20_000, 32_000, CALLER_PORTS)
"""Blocks of ports for callers, below those that the system gives away by itself."""

BUZZ = "a b c d e"
"""Two seconds, round and round: whole syllables and whole waves of the voice."""

HEARD_LEVEL = 300.0
HEARD_GAP_S = 0.5
_FIRST_NAME = re.compile(r"^([^\W\d_]+)")


@dataclass(frozen=True)
class PhonePorts:
    """Where the telephone is reached, and which ports callers use."""

    sip: int
    rtp: int
    callers: tuple[int, int]


def menu_keys(intents: Iterable[str]) -> dict[str, str]:
    """Return which keys to press for each intent.

    >>> menu_keys(["order_status", "returns"])
    {'order_status': '1', 'returns': '2'}
    """
    names = list(intents)
    width = len(str(len(names)))
    return {name: str(number).zfill(width) for number, name in enumerate(names, start=1)}


class _Transport(SipTransport):
    """SIP over the socket that works on Python 3.11, to and from this machine only."""

    def __init__(self, host: str) -> None:
        super().__init__(local_addr=(host, 0))
        self._end: UdpEnd | None = None

    async def start(self) -> None:
        """Bind a free port."""
        self._end = await open_udp(
            self.local_addr[0], None, self._heard, lambda error: None, per_s_most=DATAGRAMS_PER_S_MOST
        )
        self.local_addr = self._end.address

    def send(self, message: SipRequest | SipResponse, addr: Address) -> None:
        """Send, if it stays on this machine."""
        if self._end is not None and is_loopback(addr[0]):
            self._end.send(bytes(message), addr)

    async def stop(self) -> None:
        """Close the socket."""
        if self._end is not None:
            self._end.close()

    def _heard(self, data: bytes, sender: Address, at: float) -> None:
        if is_loopback(sender[0]):
            self._dispatch(data, sender)


class PhoneDoor:
    """The telephone of one desk."""

    def __init__(self, hall: Hall, host: str) -> None:
        self._hall, self._host = hall, host
        self._transport = _Transport(host)
        self._uas = SipUAS(self._transport, user_agent="Testdrive rehearsal desk")
        self._sound: UdpEnd | None = None
        self._calls: dict[str, PhoneVisit] = {}
        self._by_sound: dict[Address, PhoneVisit] = {}
        self._sounds: dict[int, tuple[list[bytes], list[bytes]]] = {}
        self.ports: PhonePorts
        self.keys = menu_keys(hall.loaded.scenario.intents)

    async def open(self) -> None:
        """Bind both ports and wait for calls."""
        uas = self._uas
        uas.on_invite = self._invited
        uas.on_bye = lambda call, request: self._left(call.call_id)
        uas.on_cancel = lambda request, sender: self._left(request.call_id or "")
        uas.on_ack_timeout = lambda call: self._left(call.call_id)
        await uas.start()
        self._answer = self._transport.on_message
        self._transport.on_message = self._message
        self._sound = await open_udp(self._host, None, self._heard, lambda error: None, per_s_most=DATAGRAMS_PER_S_MOST)
        self._sounds = {
            kind: (encoded(hold_music(), kind), encoded(voiced_tone(BUZZ), kind)) for kind in PAYLOADS.values()
        }
        first = random.choice(CALLER_PORTS_FROM)
        self.ports = PhonePorts(
            self._transport.local_addr[1], self._sound.address[1], (first, first + CALLER_PORTS - 1)
        )

    async def close(self) -> None:
        """Hang up nobody, just go: as a PBX does that loses its power."""
        for visit in list(self._calls.values()):
            visit.fall_silent()
        await self._uas.stop()
        if self._sound is not None:
            self._sound.close()

    # -- calls -------------------------------------------------------------------------------------------------

    def _message(self, message: SipRequest | SipResponse, sender: Address) -> None:
        """Take what the server does not know, or would take for a second call; the rest is its own."""
        if isinstance(message, SipRequest):
            visit = self._calls.get(message.call_id or "")
            if message.method == "INFO" and visit is not None:
                visit.read_info(message)
                self._transport.send_reply(visit.call.dialog.create_response(message, 200, "OK"))
                return
            if message.method == "INVITE" and visit is not None and visit.call.dialog.state is DialogState.EARLY:
                return  # the same one once more
        assert self._answer is not None
        self._answer(message, sender)

    def _invited(self, call: IncomingCall) -> None:
        self._hall.begin_day()
        if not re.match(rf"^sip:{NAME}@", call.invite.uri):
            call.reject(404)
            return
        if len(self._calls) >= CALLS_MOST:
            call.reject(503)
            return
        visit = PhoneVisit(self, self._hall, call)
        self._calls[call.call_id] = visit
        self._hall.keep(asyncio.create_task(visit.play()))

    def _left(self, call_id: str) -> None:
        visit = self._calls.get(call_id)
        if visit is not None:
            visit.hung_up()

    def send_within(self, call: IncomingCall, method: str, headers: dict[str, str], text: str = "") -> None:
        """Send a request within a call."""
        host, port = self._transport.local_addr
        request = call.dialog.create_request(method, via_host=host, via_port=port)
        for name, value in headers.items():
            request.headers.set_single(name, value)
        if text:
            request.text = text
            request.headers.set_single("Content-Type", "text/plain;charset=utf-8")
        self._transport.send(request, call.source_addr)

    def forget(self, visit: PhoneVisit) -> None:
        """Drop a call that is over."""
        self._calls.pop(visit.call.call_id, None)
        self._uas._calls.pop(visit.call.call_id, None)  # it keeps those that it has hung up itself
        if visit.caller is not None:
            self._by_sound.pop(visit.caller, None)

    # -- sound -------------------------------------------------------------------------------------------------

    def connect(self, visit: PhoneVisit, caller: Address) -> None:
        """Have what comes from an address heard by a call."""
        self._by_sound[caller] = visit

    def sound_port(self) -> Address:
        """Return where sound is to be sent."""
        assert self._sound is not None
        return self._sound.address

    def send_sound(self, data: bytes, caller: Address) -> None:
        """Send a packet of sound."""
        if self._sound is not None:
            self._sound.send(data, caller)

    def music(self, payload_type: int) -> list[bytes]:
        """Return the hold music."""
        return self._sounds[payload_type][0]

    def spoken(self, text: str, payload_type: int) -> list[bytes]:
        """Return somebody saying a text: made beforehand, as they speak the moment the truth says so."""
        buzz = self._sounds[payload_type][1]
        packets = max(round(seconds_to_say(text) / self._hall.clock.scale / PACKET_S), 3)
        return [buzz[number % len(buzz)] for number in range(packets)]

    def _heard(self, data: bytes, sender: Address, at: float) -> None:
        visit = self._by_sound.get(sender)
        if visit is not None:
            visit.ear.read(data, at)


class PhoneVisit(LiveVisit):
    """One call."""

    channel = "phone"

    def __init__(self, door: PhoneDoor, hall: Hall, call: IncomingCall) -> None:
        email = re.sub(r"^sip:", "", call.caller)
        first = _FIRST_NAME.match(email)
        super().__init__(hall, first[1].title() if first else "", email, "")
        self._door, self.call = door, call
        self.ear = RtpEar(self._hear, self._pressed)
        self.caller: Address | None = None
        self._voice: RtpVoice | None = None
        self._payload_type = 0
        self._keys: asyncio.Queue[str] = asyncio.Queue(100)
        self._loud_at = -1.0
        self._settled = False

    async def play(self) -> None:
        """Ring, answer, ask what it is about, and keep the caller until the call ends."""
        hall, call = self._hall, self.call
        self.note("rang")
        how = self.turned_away()
        if how is not None:
            call.reject(480 if how == "shut" else 486, hall.phrases.shut if how == "shut" else hall.phrases.busy)
            self._door.forget(self)
            return
        try:
            call.ringing()
            await self._for(RING_S)
            if not self._gone.is_set() and self._pick_up():
                await self._ask()
                if not self._gone.is_set():
                    await self.hold("")
        finally:
            self.fall_silent()
            hall.lines.give_back("phone")
            if call.dialog.state is DialogState.CONFIRMED:
                self._hang_up()
            self._door.forget(self)

    def _pick_up(self) -> bool:
        """Answer; say whether we can speak with each other."""
        call, offer = self.call, self.call.sdp_offer
        host, port = self._door.sound_port()
        caller = offer.rtp_address if offer is not None else None
        if offer is None or caller is None or not is_loopback(caller[0]):
            call.reject(488)
            return False
        try:
            answer, payload_type = negotiate_sdp(offer, host, port)
        except SdpNegotiationError:
            call.reject(488)
            return False
        self.caller = caller
        self._door.connect(self, caller)
        self._voice = RtpVoice(lambda data: self._door.send_sound(data, caller), payload_type)
        call.accept(answer)
        self.note("answered")
        self._payload_type = payload_type
        self._voice.start()
        return True

    async def _ask(self) -> None:
        """Play the menu until a choice has been made."""
        keys = self._door.keys
        wanted = {pressed: intent for intent, pressed in keys.items()}
        width = len(next(iter(wanted)))
        for _ in range(MENU_TIMES):
            self._speak(self._hall.phrases.phone_menu, "menu")
            pressed = ""
            until_s = self._hall.clock.now_s() + MENU_S
            while len(pressed) < width and not self._gone.is_set():
                try:
                    pressed += await self._hall.clock.wait_until(self._keys.get(), until_s)
                except TimeoutError:
                    break
            if pressed in wanted:
                self._intent = wanted[pressed]
                self.note("chose", keys=pressed)
                return
        self._hang_up()
        self._gone.set()

    async def tell(self, **message: Any) -> None:
        """Tell the caller by sound and by what goes beside it."""
        if self._gone.is_set() or self._voice is None:
            return
        voice = self._voice
        match message["type"]:
            case "accepted":
                voice.background(self._door.music(self._payload_type))
            case "queue":
                text = self._hall.phrases.phone_position.replace("{position}", str(message["position"]))
                self._speak(text, "queue")
            case "joined":
                voice.background(())
                voice.say((), hurried=True)
                self._beside("UPDATE", f"taken; team={message['team']}; agent={message['agent']}")
            case "message":
                self._speak(message["text"], f"agent; name={message['agent']}")
            case "transfer":
                carried = "yes" if message["history_carried"] else "no"
                self._beside("UPDATE", f"transfer; team={message['team']}; carried={carried}")
                voice.background(self._door.music(self._payload_type))
            case "closed":
                self._settled = message["how"] == "resolved"
                self._hang_up()
                self._gone.set()

    async def listen(self) -> None:
        """Wait until the caller hangs up."""
        await self._gone.wait()

    def read_info(self, request: SipRequest) -> None:
        """Read a key from an INFO."""
        found = re.search(r"Signal\s*=\s*([0-9A-D*#])", request.text)
        if found:
            self._pressed(found[1])

    def hung_up(self) -> None:
        """The caller has gone."""
        self._gone.set()
        self._pressed("")  # wakes who waits for a key

    def fall_silent(self) -> None:
        """Send no more sound."""
        if self._voice is not None:
            self._voice.stop()

    def _speak(self, text: str, speaker: str) -> None:
        assert self._voice is not None
        self._door.send_within(self.call, "MESSAGE", {"X-Speaker": speaker}, text)
        self._voice.say(self._door.spoken(text, self._payload_type), hurried=True)

    def _beside(self, method: str, told: str) -> None:
        self._door.send_within(self.call, method, {"X-Desk": told})

    def _hang_up(self) -> None:
        if self.call.dialog.state is DialogState.CONFIRMED:
            self._beside("BYE", f"closed; how={'resolved' if self._settled else 'dropped'}")
            self.call.dialog.terminate()

    async def _for(self, seconds: float) -> None:
        """Wait, unless the caller goes."""
        gone = asyncio.create_task(self._gone.wait())
        try:
            await self._hall.clock.wait_until(asyncio.shield(gone), self._hall.clock.now_s() + seconds)
        except TimeoutError:
            return
        finally:
            gone.cancel()

    def _pressed(self, key: str) -> None:
        if not self._keys.full():
            self._keys.put_nowait(key)

    def _hear(self, at: float, pcm: bytes) -> None:
        """Note when the caller begins to speak."""
        if np.abs(np.frombuffer(pcm, dtype="<i2")).mean() > HEARD_LEVEL:
            if at - self._loud_at > HEARD_GAP_S / self._hall.clock.scale:
                self.note("heard", text="")
            self._loud_at = at
