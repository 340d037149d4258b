"""A telephone desk that somebody wrote badly, or wickedly: says over raw sockets whatever a test wants, in a thread."""

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from aiortp.codecs import get_codec

from probes.channels.contract import Surroundings
from probes.clock import Clock
from probes.desk.desk import LOOPBACK, charter_for, target_for
from probes.guard import Guard
from probes.speech import Pcm, frames_of
from scenarios.charter import AllowedHost, Charter
from scenarios.target import Target
from scenarios.target_phone import Phone

STEP_S = 0.01
PACKET_S = 0.02
SDP = "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\n" + (
    "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)


def header(message: str, name: str) -> str:
    """Return a header of a message, or nothing."""
    found = re.search(rf"^{name}: *(.*)\r$", message, re.M | re.I)
    return found[1] if found else ""


def udp() -> socket.socket:
    """Return a socket on a free port of loopback."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((LOOPBACK, 0))
    sock.settimeout(STEP_S)
    return sock


@dataclass
class Peer:
    """One badly behaved PBX; `behave` is called with each request and does what it likes."""

    behave: "Callable[[Peer, str, tuple[str, int]], None]"
    sip: socket.socket = field(default_factory=udp)
    rtp: socket.socket = field(default_factory=udp)
    elsewhere: socket.socket = field(default_factory=udp)
    requests: list[str] = field(default_factory=list)
    invites: list[str] = field(default_factory=list)
    """For behaviours that come back to them."""
    ended: threading.Event = field(default_factory=threading.Event)
    keys: list[tuple[int, int]] = field(default_factory=list)
    """When, in samples, and which."""
    caller: tuple[str, int] | None = None

    @property
    def port(self) -> int:
        """The SIP port."""
        return int(self.sip.getsockname()[1])

    @property
    def rtp_port(self) -> int:
        """The RTP port."""
        return int(self.rtp.getsockname()[1])

    @property
    def elsewhere_port(self) -> int:
        """A port that the charter does not list."""
        return int(self.elsewhere.getsockname()[1])

    def methods(self, within_s: float = 2.0, last: str | None = None) -> list[str]:
        """Return the methods of all requests, in order; `last` is waited for, as we read in a thread of our own."""
        until_s = time.monotonic() + within_s
        while last is not None and time.monotonic() < until_s and (self.methods() or [""])[-1] != last:
            self.ended.wait(STEP_S)
        return [message.split(" ", 1)[0] for message in self.requests]

    def serve(self) -> None:
        """Answer until ended."""
        while not self.ended.is_set():
            try:
                data, sender = self.sip.recvfrom(65_000)
            except TimeoutError:
                continue
            except OSError:
                return
            message = data.decode("utf-8", "replace")
            self.requests.append(message)
            if not message.startswith("SIP/"):
                self.behave(self, message, sender)

    def listen(self) -> None:
        """Hear keys until ended."""
        while not self.ended.is_set():
            try:
                data, _ = self.rtp.recvfrom(2_000)
            except TimeoutError:
                continue
            except OSError:
                return
            if data[1] & 0x7F == 101 and data[13] & 0x80 and data[1] & 0x80 == 0:
                stamp = struct.unpack("!I", data[4:8])[0]
                if not self.keys or self.keys[-1] != (stamp, data[12]):
                    self.keys.append((stamp, data[12]))

    def pressed(self) -> str:
        """Return the keys that were pressed."""
        return "".join("0123456789*#ABCD"[key] for _, key in self.keys)

    def answer(
        self, request: str, to: tuple[str, int], status: str, body: str = "", kind: str = "application/sdp", **more: str
    ) -> None:
        """Answer a request; `more` are headers, with _ for -."""
        lines = [f"SIP/2.0 {status}"]
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            value = header(request, name)
            tag = ";tag=peer" if name == "To" and "tag=" not in value else ""
            lines.append(f"{name}: {value}{tag}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
        self._send(lines, body, kind, to)

    def ask(
        self, invite: str, to: tuple[str, int], method: str, number: int, body: str = "", kind: str = "text/plain",
        **more: str,
    ) -> None:  # fmt: skip
        """Send a request within the call that `invite` began."""
        uri = re.search(r"<([^>]*)>", header(invite, "Contact"))
        assert uri is not None
        lines = [
            f"{method} {uri[1]} SIP/2.0", f"Via: SIP/2.0/UDP {LOOPBACK}:{self.port};branch=z9hG4bKpeer{number}",
            f"From: {header(invite, 'To')};tag=peer", f"To: {header(invite, 'From')}",
            f"Call-ID: {header(invite, 'Call-ID')}", f"CSeq: {number} {method}", f"Contact: {self.contact()}",
        ]  # fmt: skip
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
        self._send(lines, body, kind, to)

    def _send(self, lines: list[str], body: str, kind: str, to: tuple[str, int]) -> None:
        lines += [f"Content-Type: {kind}"] if body else []
        lines += [f"Content-Length: {len(body.encode())}", "", body]
        self.sip.sendto("\r\n".join(lines).encode(), to)

    def contact(self, port: int | None = None) -> str:
        """Return a Contact with our port, or another."""
        return f"<sip:desk@{LOOPBACK}:{self.port if port is None else port}>"

    def sdp(self, port: int | None = None, host: str = LOOPBACK) -> str:
        """Return SDP with our RTP port, or another."""
        return SDP.format(host=host, port=self.rtp_port if port is None else port)

    def take(self, request: str, sender: tuple[str, int], **more: str) -> None:
        """Ring and pick up at once."""
        found = re.search(r"m=audio (\d+)", request)
        assert found is not None
        self.caller = (LOOPBACK, int(found[1]))
        self.answer(request, sender, "180 Ringing")
        self.answer(request, sender, "200 OK", **{"body": self.sdp(), "Contact": self.contact(), **more})

    def play(self, *sounds: Pcm) -> None:
        """Send sound in real time, in a thread."""
        threading.Thread(target=self._play, args=(sounds,), daemon=True).start()

    def _play(self, sounds: tuple[Pcm, ...]) -> None:
        assert self.caller is not None
        codec, number, began_s = get_codec(0), 0, time.monotonic()
        for sound in sounds:
            for frame in frames_of(sound):
                head = struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, number * 160, 7)
                if self.ended.wait(max(began_s + number * PACKET_S - time.monotonic(), 0)):
                    return
                try:
                    self.rtp.sendto(head + codec.encode(frame), self.caller)
                except OSError:
                    return
                number += 1

    def elsewhere_heard(self) -> bytes:
        """Return what came to the port that the charter does not list."""
        self.elsewhere.settimeout(0.3)
        try:
            return self.elsewhere.recv(2_000)
        except TimeoutError:
            return b""

    def charter(self, **more: object) -> Charter:
        """Return a charter for our two ports alone."""
        allow = [AllowedHost(host=LOOPBACK, ports=[9, self.port, self.rtp_port])]
        return charter_for(9).model_copy(update={"allow": allow, **more})

    def target(self, **phone: object) -> Target:
        """Return a target file for us."""
        told = {"uri": f"sip:support@{LOOPBACK}:{self.port}", "recognise": False, **phone}
        return target_for(9).model_copy(update={"rehearsal": False, "phone": Phone.model_validate(told)})

    def around(self, clock: Clock, charter: Charter | None = None, **phone: object) -> Surroundings:
        """Return the surroundings of a call to us."""
        return Surroundings(self.target(**phone), Guard(charter or self.charter()), clock)


def serving(behave: Callable[[Peer, str, tuple[str, int]], None]) -> Iterator[Peer]:
    """Run a peer until the generator is closed."""
    peer = Peer(behave)
    threads = [threading.Thread(target=work, daemon=True) for work in (peer.serve, peer.listen)]
    for thread in threads:
        thread.start()
    try:
        yield peer
    finally:
        peer.ended.set()
        for thread in threads:
            thread.join(5.0)
        for sock in (peer.sip, peer.rtp, peer.elsewhere):
            sock.close()
