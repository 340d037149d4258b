"""One telephone call as the caller's SIP has it: dial, be answered, hang up, be hung up on, be passed on.

Messages, dialogs and SDP are aiosipua's; the transactions are ours, as aiosipua's caller neither repeats what UDP may
lose nor acknowledges a refusal nor reads Contact and Record-Route. Every address is checked with the guard before
anything is sent to it: the one dialled, Contact, the first Route, the address of SDP. What comes from an address that
is not allowed is not read. TCP, TLS, IPv6 and SRTP are not spoken.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from aiosipua import Dialog, SipMessage, SipRequest, SipResponse, serialize_sdp
from aiosipua.auth import SipDigestAuth, answer_challenge
from aiosipua.dialog import dialog_matches
from aiosipua.headers import CSeq, SipUri, parse_address, parse_uri, stringify_cseq, stringify_uri
from aiosipua.utils import generate_branch, generate_call_id, generate_tag

from probes.channels.sip_sound import Sound, UnreadableError, answer, offer, read_sound
from probes.guard import Guard, RefusedByCharterError
from probes.udp import Address, UdpEnd, open_udp
from scenarios.secret import Secret

T1_S = 0.5
T2_S = 4.0
ASKED_TIMES_MOST = 6
REPLAYED_MOST = 64
METHODS = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, MESSAGE, NOTIFY, REFER"

What = Literal["ringing", "answered", "moved", "failed", "redirected", "said", "referred", "ended", "refused"]


@dataclass(frozen=True)
class Event:
    """Something that happened on the line, at a loop time."""

    what: What
    at: float
    message: SipMessage | None = None
    status: int = 0
    text: str = ""
    media: Address | None = None
    """Where sound is to be sent, with `answered` and `moved`; it has been checked."""


class SipLine:
    """One dialog. Its events are told as they come; after `failed`, `ended` or `refused` there are no more."""

    def __init__(
        self, guard: Guard, resolve: dict[str, str], sound: Sound, caller: str, login: SipDigestAuth | None,
        told: Callable[[Event], None], ports: range | None = None,
    ) -> None:  # fmt: skip
        self._guard, self._resolved, self._sound, self._told = guard, resolve, sound, told
        self._caller, self._login, self._ports = caller, login, ports
        self._end: UdpEnd | None = None
        self._invite: SipRequest | None = None
        self._dialled: Address = ("", 0)
        self._repeat: asyncio.TimerHandle | None = None
        self._waiting: dict[str, asyncio.Future[SipResponse]] = {}
        self._answers: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._acks: dict[int, bytes] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self._leaving: asyncio.Task[object] | None = None
        self._tried_login = False
        self._answered = 0
        self.dialog = Dialog()
        self.state: Literal["new", "dialling", "up", "leaving", "over"] = "new"
        self.replied = False
        self.events_payload: int | None = sound.events
        """The payload type of key presses as the other side wants it; None: it takes none."""
        self.payload_type = sound.payload_type

    async def dial(self, uri: str) -> None:
        """Send the INVITE.

        Raises:
            probes.guard.RefusedByCharterError: its host and port are not allowed.
        """
        target = parse_uri(uri)
        self._dialled = self._address_of(target)
        self._end = await open_udp(self._sound.host, self._ports, self._heard, self._unreachable)
        self.dialog = Dialog(
            call_id=generate_call_id(self._sound.host), local_tag=generate_tag(), local_uri=self._caller,
            remote_uri=uri, remote_target=uri,
        )  # fmt: skip
        self.state = "dialling"
        self._send_invite()

    def ring_off(self) -> asyncio.Task[object] | None:
        """Hang up, or cancel what has not been answered; the task ends when the other side has confirmed it."""
        if self.state == "dialling":
            self.state = "leaving"
            self._leaving = self._keep(self._cancel())
        elif self.state == "up":
            self.state = "leaving"
            self._leaving = self._keep(self._bye())
        return self._leaving

    def info(self, body: str, content_type: str) -> None:
        """Send an INFO, such as a key press."""
        if self.state == "up":
            request = self._request("INFO")
            request.text = body
            request.headers.set_single("Content-Type", content_type)
            self._keep(self._ask(request))

    def answer_referral(self, message: SipRequest, accepted: bool) -> None:
        """Say whether we go where we were passed on to."""
        self._respond(message, 202 if accepted else 603)
        if accepted:
            self.tell_referral(100)

    def tell_referral(self, status: int) -> None:
        """Tell how far we have come on the way to where we were passed on to."""
        if self.state != "up":
            return
        notify = self._request("NOTIFY")
        over = status >= 200
        notify.headers.set_single("Event", "refer")
        notify.headers.set_single("Subscription-State", "terminated;reason=noresource" if over else "active;expires=60")
        notify.headers.set_single("Content-Type", "message/sipfrag;version=2.0")
        notify.text = f"SIP/2.0 {status} {'OK' if over else 'Trying'}\r\n"
        self._keep(self._ask(notify))

    def close(self) -> None:
        """Free the socket; nothing is sent any more."""
        self.state = "over"
        self._stop_repeating()
        for task in self._tasks:
            task.cancel()
        if self._end is not None:
            self._end.close()

    # -- sending -----------------------------------------------------------------------------------------------

    def _address_of(self, uri: SipUri) -> Address:
        """Return where a SIP address leads.

        Raises:
            probes.guard.RefusedByCharterError: we may not go there.
        """
        if uri.scheme != "sip" or str(uri.params.get("transport") or "udp").lower() != "udp":
            raise RefusedByCharterError(f"{stringify_uri(uri)} is not reached by SIP over UDP, the only way we go")
        host, port = uri.host, uri.port or 5060
        self._guard.check(host, port)
        return self._numeric(host), port

    def _numeric(self, host: str) -> str:
        """Return an allowed host as an address; names other than the one dialled are not looked up."""
        host = self._resolved.get(host, host)
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise UnreadableError(f"{host} is no IPv4 address") from None

    def _next_hop(self) -> Address:
        if self.dialog.route_set:
            return self._address_of(parse_address(self.dialog.route_set[0]).uri)
        return self._address_of(parse_uri(self.dialog.remote_target))

    def _send(self, message: SipMessage, to: Address) -> bytes:
        """Send a message, if its address is allowed; it is checked here once more, whoever worked it out."""
        self._guard.check(*to)
        data = bytes(message)
        assert self._end is not None
        self._end.send(data, to)
        return data

    def _send_invite(self, authorization: tuple[str, str] | None = None) -> None:
        assert self._end is not None
        invite = self.dialog.create_request("INVITE", via_host=self._end.address[0], via_port=self._end.address[1])
        self._dress(invite)
        invite.headers.set_single("Allow", METHODS)
        invite.text = serialize_sdp(offer(self._sound))
        invite.headers.set_single("Content-Type", "application/sdp")
        if authorization is not None:
            invite.headers.set_single(*authorization)
        self._invite = invite
        self._send(invite, self._dialled)
        self._repeat_invite(invite, T1_S)

    def _repeat_invite(self, invite: SipRequest, after_s: float) -> None:
        def again() -> None:
            if self.state in ("dialling", "leaving") and self._invite is invite:
                self._send(invite, self._dialled)
                if after_s < T1_S * 32:
                    self._repeat_invite(invite, after_s * 2)

        self._stop_repeating()
        self._repeat = asyncio.get_running_loop().call_later(after_s, again)

    def _stop_repeating(self) -> None:
        if self._repeat is not None:
            self._repeat.cancel()
            self._repeat = None

    def _dress(self, message: SipMessage) -> None:
        assert self._end is not None
        host, port = self._end.address
        message.headers.set_single("Contact", f"<sip:caller@{host}:{port}>")
        message.headers.set_single("User-Agent", "Testdrive")

    def _request(self, method: str) -> SipRequest:
        assert self._end is not None
        request = self.dialog.create_request(method, via_host=self._end.address[0], via_port=self._end.address[1])
        if method in ("NOTIFY", "INVITE"):
            self._dress(request)
        return request

    async def _ask(self, request: SipRequest, to: Address | None = None) -> SipResponse | None:
        """Send a request until it is answered, a few times; None when it never is or may not be sent."""
        branch = request.via[0].branch or ""
        answered: asyncio.Future[SipResponse] = asyncio.get_running_loop().create_future()
        self._waiting[branch + request.method] = answered
        wait_s = T1_S
        try:
            to = to or self._next_hop()
            for _ in range(ASKED_TIMES_MOST):
                self._send(request, to)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        return await asyncio.shield(answered)
                wait_s = min(wait_s * 2, T2_S)
        except RefusedByCharterError:
            pass  # the guard has noted it, and where it would have gone nothing is heard
        finally:
            answered.cancel()
            self._waiting.pop(branch + request.method, None)
        return None

    async def _bye(self) -> None:
        await self._ask(self._request("BYE"))
        self.state = "over"

    async def _cancel(self) -> None:
        """Cancel the INVITE and wait until it is refused, or hang up on whoever has just answered it."""
        invite = self._invite
        assert invite is not None
        cancel = SipRequest(method="CANCEL", uri=invite.uri)
        for name in ("Via", "From", "To", "Call-ID", "Max-Forwards"):
            cancel.headers.set_single(name, invite.headers.get_first(name) or "")
        cancel.headers.set_single("CSeq", stringify_cseq(CSeq(invite.cseq.seq if invite.cseq else 1, "CANCEL")))
        await self._ask(cancel, self._dialled)
        for _ in range(20):
            if self.state == "over":
                return
            await asyncio.sleep(T1_S / 10)
        self.state = "over"

    def _keep(self, work: object) -> asyncio.Task[object]:
        task: asyncio.Task[object] = asyncio.get_running_loop().create_task(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- hearing -----------------------------------------------------------------------------------------------

    def _unreachable(self, error: OSError) -> None:
        if self.state in ("dialling", "up"):
            self._over(
                Event("failed", self._now(), text=f"nobody listens at {self._dialled[0]}:{self._dialled[1]}: {error}")
            )

    def _heard(self, data: bytes, sender: Address, at: float) -> None:
        if not self._guard.allows(*sender):
            return
        try:
            message = SipMessage.parse(data)
        except (ValueError, IndexError):
            return  # nobody's in particular
        if message.call_id != self.dialog.call_id:
            return
        try:
            if isinstance(message, SipResponse):
                self._hear_response(message, at)
            else:
                self._hear_request(message, sender, at)
        except RefusedByCharterError as error:
            self._give_up(f"refused: {error}", at)
        except (ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError) as error:
            if self.state == "dialling" or isinstance(error, UnreadableError):
                self._give_up(f"the PBX sent what is no SIP message: {error}"[:200], at)

    def _hear_response(self, response: SipResponse, at: float) -> None:
        cseq = response.cseq
        if cseq is None or not response.via:
            return
        if cseq.method != "INVITE":
            waiting = self._waiting.get((response.via[0].branch or "") + cseq.method)
            if waiting is not None and not waiting.done() and response.status_code >= 200:
                waiting.set_result(response)
            return
        if cseq.seq in self._acks:  # the answer came again, so our word that we have it was lost
            if response.status_code >= 200 and self._end is not None:
                self._end.send(self._acks[cseq.seq], self._dialled)
            return
        if self.state == "over" or self._invite is None or self._invite.cseq is None:
            return
        if cseq.seq != self._invite.cseq.seq:
            return
        self.replied = True
        status = response.status_code
        if status < 200:
            self._stop_repeating()
            if status in (180, 183) and self.state == "dialling":
                self._told(Event("ringing", at, response, status))
        elif status < 300:
            self._stop_repeating()
            self._taken_up(response, cseq.seq, at)
        else:
            self._stop_repeating()
            self._turned_down(response, cseq.seq, at)

    def _taken_up(self, response: SipResponse, seq: int, at: float) -> None:
        dialog, leaving = self.dialog, self.state == "leaving"
        to = response.to_addr
        dialog.remote_tag = (to.tag if to is not None else None) or ""
        dialog.confirm()
        self.state = "up"
        try:
            if response.contact:
                self._address_of(response.contact[0].uri)
                dialog.remote_target = stringify_uri(response.contact[0].uri)
            routes = list(reversed(response.headers.get("record-route")))
            if routes:
                self._address_of(parse_address(routes[0]).uri)
                dialog.route_set = routes
            media = self._media(response)
        except (RefusedByCharterError, ValueError) as error:
            self._acknowledge(response, seq)  # to where we dialled, so that it can be hung up
            if isinstance(error, ValueError):
                raise UnreadableError(str(error)) from None
            raise
        self._acknowledge(response, seq)
        if leaving:
            self.state = "leaving"
            self._leaving = self._keep(self._bye())
            return
        self._told(Event("answered", at, response, response.status_code, media=media))

    def _turned_down(self, response: SipResponse, seq: int, at: float) -> None:
        self._acknowledge(response, seq)
        status = response.status_code
        if status in (401, 407) and self._login is not None and not self._tried_login and self._invite is not None:
            self._tried_login = True
            proof = answer_challenge(self._login, response, status, "INVITE", self._invite.uri)
            if proof is not None and self.state == "dialling":
                self._send_invite(proof)
                return
        what: What = "redirected" if status < 400 and response.contact else "failed"
        why = response.reason_phrase
        if status in (401, 407):
            why += ": it did not take our login" if self._tried_login else ": it wants a login, which the target lacks"
        self._over(Event(what, at, response, status, why))

    def _acknowledge(self, response: SipResponse, seq: int) -> None:
        """Confirm a final answer: on the same branch where it refused, as a request of its own where it agreed."""
        invite = self._invite
        assert invite is not None
        agreed = 200 <= response.status_code < 300
        ack = SipRequest(method="ACK", uri=self.dialog.remote_target if agreed else invite.uri)
        via = invite.via[0]
        if agreed:
            via.branch = generate_branch()
        ack.via = [via]
        ack.headers.set_single("From", invite.headers.get_first("from") or "")
        ack.headers.set_single("To", response.headers.get_first("to") or "")
        ack.headers.set_single("Call-ID", self.dialog.call_id)
        ack.headers.set_single("CSeq", stringify_cseq(CSeq(seq, "ACK")))
        ack.headers.set_single("Max-Forwards", "70")
        for route in self.dialog.route_set if agreed else ():
            ack.headers.append("Route", route)
        self._acks[seq] = self._send(ack, self._next_hop() if agreed else self._dialled)

    def _media(self, message: SipMessage) -> Address | None:
        """Return where sound goes; None where the message says nothing of it.

        Raises:
            UnreadableError: it says what cannot be used.
            probes.guard.RefusedByCharterError: sound may not be sent there.
        """
        agreed = read_sound(message)
        if agreed is None:
            return None
        self._guard.check(agreed.host, agreed.port)
        self.payload_type, self.events_payload = agreed.payload_type, agreed.events
        return self._numeric(agreed.host), agreed.port

    def _hear_request(self, request: SipRequest, sender: Address, at: float) -> None:
        key = ((request.via[0].branch or "") if request.via else "", request.method)
        if key in self._answers:
            if self._answers[key] and self._end is not None:
                self._end.send(self._answers[key], sender)
            return
        if request.method == "ACK":
            return
        if self.state not in ("up", "leaving") or not dialog_matches(self.dialog, request):
            self._respond(request, 481, sender)
            return
        match request.method:
            case "BYE":
                self._respond(request, 200, sender)
                self._over(Event("ended", at, request))
            case "INVITE" | "UPDATE":
                media = self._media(request)
                self._respond(request, 200, sender, with_sound=bool(request.body) or request.method == "INVITE")
                self._told(Event("moved", at, request, media=media))
            case "REFER":
                self._answers[key] = b""
                self._told(Event("referred", at, request))
            case "INFO" | "MESSAGE" | "NOTIFY" | "OPTIONS":
                self._respond(request, 200, sender)
                self._told(Event("said", at, request))
            case _:
                self._respond(request, 405, sender)

    def _respond(self, request: SipRequest, status: int, to: Address | None = None, with_sound: bool = False) -> None:
        response = self.dialog.create_response(request, status, "Accepted" if status == 202 else "")
        for route in request.headers.get("record-route"):
            response.headers.append("Record-Route", route)
        self._dress(response)
        if with_sound:
            self._answered += 1
            sound = answer(self._sound, self.payload_type, self.events_payload, self._answered, request)
            response.text = serialize_sdp(sound)
            response.headers.set_single("Content-Type", "application/sdp")
        data = self._send(response, to or self._next_hop())
        self._answers[(request.via[0].branch or "", request.method)] = data
        while len(self._answers) > REPLAYED_MOST:
            self._answers.popitem(last=False)

    def _give_up(self, why: str, at: float) -> None:
        """End a call that leads where we may not go, or cannot be understood."""
        if self.state in ("up", "dialling"):
            self.ring_off()
            self._told(Event("refused", at, text=why))

    def _over(self, event: Event) -> None:
        was, self.state = self.state, "over"
        self._stop_repeating()
        if was in ("dialling", "up"):
            self._told(event)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def login_for(name: str | None, password: Secret | None) -> SipDigestAuth | None:
    """Return how to log in.

    Raises:
        scenarios.secret.SecretMissingError: the password is not where it should be.
    """
    if name is None or password is None:
        return None
    return SipDigestAuth(name, password.value("phone.password"))
