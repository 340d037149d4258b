"""The charter's guard: what a charter does not list does not happen.

One guard for a run, asked at every step: hosts and ports, names and their addresses, when a contact may begin, whom it
may reach and what it may bring about. Connectors look names up through `probes.resolve`, which pins their addresses
here; `guarding` lays the net of `probes.audit` below all that. No key of a charter turns any of it off.
Guarded by tests/probes/test_guard.py, test_escapes.py, test_ledger.py, test_effects.py, test_proof.py and
test_charter_in_play.py.
"""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, NoReturn
from urllib.parse import urlsplit

from probes.audit import guarding_net, permitting
from probes.ledger import Ledger, LedgerError, ledger_path
from probes.numbers import call_address, same_number, why_never
from probes.refusal import RefusedByCharterError
from probes.stop import LOOK_EVERY_S, Stop, stopping
from scenarios.charter import Charter, is_loopback
from scenarios.charter_parts import Effect, canonical_address, canonical_host

__all__ = ["FEW_CONTACTS", "Guard", "RefusedByCharterError", "guarding"]

FEW_CONTACTS = 5
"""So many contacts a day need no proof that the desk's owner controls the host."""

LOOK_SELDOM_S = 60.0
"""Where no stop file is named, only the end of the charter is looked for."""

REFUSED_MOST = 1000
"""So many refusals are remembered; a desk may try to lead each of a million contacts astray."""

STOPPED = "stopped by the charter's owner"
READING_CHANNELS = ("faq",)
"""What a public charter allows: pages are read and timed."""


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class Guard:
    """Enforces one charter.

    Args:
        charter: what is allowed.
        folder: where the ledger of a charter without a file lies, if other processes share it.
        now: the owner's clock: wall time, whatever the clock of the run.
    """

    def __init__(
        self, charter: Charter, folder: Path | None = None, now: Callable[[], datetime.datetime] = _now
    ) -> None:
        self.charter = charter
        self.ledger = Ledger(charter, ledger_path(charter, folder))
        self.stop = Stop()
        self.refused: list[str] = []
        self._hosts = [entry.host for entry in charter.allow]
        """Hosts that this run may burden; those listed, until `check_load` says which are meant."""
        self._proofs: dict[str, str | None] = {}
        """By host whose control was looked into: None where it is proved, else why it is not."""
        self._now = now
        self._pinned: dict[str, list[str]] = {}
        self._stop_files = charter.stop_files()
        self._agent_s = 0.0

    # -- hosts and names -----------------------------------------------------------------------------------------

    def check_url(self, url: str) -> None:
        """Refuse an address whose host and port are not listed.

        Raises:
            RefusedByCharterError: naming host and port.
        """
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme in ("https", "wss") else 80)
        self.check(parts.hostname or "", port)

    def check(self, host: str, port: int) -> None:
        """Refuse a host and port that are not listed."""
        if not self.allows(host, port):
            self._refuse(f"{host}:{port}", f"the charter does not allow {host} port {port}; it allows {self.listed()}")

    def check_name(self, host: str) -> None:
        """Refuse to look up a name that is not listed; those of the outputs may be."""
        outputs = self.charter.outputs.model_dump(exclude_none=True).values()
        if not self.charter.lists(host) and canonical_host(host) not in {
            canonical_host(urlsplit(url).hostname or "") for url in outputs
        }:
            self._refuse(host, f"the charter does not list {host}, so its name is not looked up")

    def check_listening(self, host: str, datagrams: bool) -> None:
        """Refuse an address of ours that strangers could reach: only UDP that goes to a listed host needs one."""
        if not datagrams or all(is_loopback(entry.host) for entry in self.charter.allow):
            self._refuse(
                f"bind {host}", f"nothing of ours may listen on {host!r}: only on this machine's own addresses"
            )

    def allows(self, host: str, port: int) -> bool:
        """Say whether a host, or an address that a listed name has led to, may be reached on a port."""
        if self.charter.allows(host, port):
            return True
        names = [name for name, addresses in self._pinned.items() if canonical_host(host) in addresses]
        return any(self.charter.allows(name, port) for name in names)

    def pin(self, name: str, addresses: Iterable[str]) -> None:
        """Remember where a listed name has led: for this run it leads there and nowhere else.

        Raises:
            RefusedByCharterError: it is not listed, or has led elsewhere before.
        """
        self.check_name(name)
        found, before = [canonical_host(address) for address in addresses], self.pinned(name)
        if before and not set(found) <= set(before):
            told = f"{name} led to {', '.join(before)} and now leads to {', '.join(found)}: that is another host"
            self._refuse(name, told)
        nowhere = [address for address in found if not _is_a_host(address)]
        if nowhere:
            self._refuse(name, f"{name} leads to {', '.join(nowhere)}, which is nobody's address")
        self._pinned.setdefault(canonical_host(name), found)

    def pinned(self, name: str) -> list[str]:
        """Return the addresses that a name has led to; none where it was not looked up yet."""
        return self._pinned.get(canonical_host(name), [])

    def listed(self) -> str:
        """Say in words what the charter allows."""
        words = [f"{entry.host} port {', '.join(map(str, entry.ports))}" for entry in self.charter.allow]
        return "; ".join(words) or "nothing"

    # -- when a contact may begin --------------------------------------------------------------------------------

    def called_off(self) -> str | None:
        """Return why all must end, where it must: the owner's stop file is there, or the charter has ended."""
        if self.stop.reason is None:
            if any(path.exists() for path in self._stop_files):
                self.stop.call(STOPPED)
            elif self._now() >= self.charter.spell()[1]:
                self.stop.call(f"the charter ended at {self.charter.valid_until}")
        return self.stop.reason

    def watching(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Return a block that ends when all must end; what is under way in it says goodbye."""
        return stopping(self.stop, self.called_off, LOOK_EVERY_S if self._stop_files else LOOK_SELDOM_S)

    def check_contact(self, channel: str = "") -> None:
        """Refuse a contact now: the charter does not hold, it is quiet, the owner has stopped us, or it only reads."""
        charter, now = self.charter, self._now()
        if not charter.holds_at(now):
            raise RefusedByCharterError(f"the charter holds from {charter.valid_from} to {charter.valid_until}")
        if charter.kind == "public" and channel not in READING_CHANNELS:
            raise RefusedByCharterError("a public charter allows reading pages, no contacts")
        if self.called_off() is not None:
            said = f"the stop file {charter.stop_file} exists" if self.stop.reason == STOPPED else "the run is over"
            raise RefusedByCharterError(f"{self.stop.reason}: {said}")
        quiet = charter.quiet_at(now)
        if quiet is not None:
            zone = charter.time_zone or "UTC"
            raise RefusedByCharterError(f"quiet hours: {quiet.begins} to {quiet.ends} ({zone})")
        most = charter.agent_minutes_most
        if most is not None and self._agent_s >= most * 60:
            raise RefusedByCharterError(f"the {most:g} agent minutes that the charter allows a run are spent")

    def check_tidying(self) -> None:
        """Refuse to undo what contacts have left: the charter does not hold, or allows none, or we are stopped."""
        if not self.charter.holds_at(self._now()):
            raise RefusedByCharterError(
                f"the charter holds from {self.charter.valid_from} to {self.charter.valid_until}"
            )
        if self.charter.kind == "public":
            raise RefusedByCharterError("a public charter allows reading pages, so there is nothing to undo")
        if self.called_off() is not None:
            raise RefusedByCharterError(str(self.stop.reason))

    def begin_contact(self, channel: str, effects: Iterable[Effect] = ()) -> None:
        """Take a contact's place under the caps, or refuse it: called once for each attempt, before its first byte.

        Args:
            channel: the channel it goes over.
            effects: what it brings about on the desk.
        """
        for effect in effects:
            self.check_effect(effect)
        self.check_contact(channel)
        try:
            unproved = self.unproved()
            reason = self.ledger.take(channel, self._now(), FEW_CONTACTS if unproved else None)
        except LedgerError as error:
            raise RefusedByCharterError(f"no contact begins that cannot be counted: {error}") from None
        if reason is not None:
            told = "".join(f"; control of {host} is not proved: {why}" for host, why in unproved.items())
            raise RefusedByCharterError(reason + told)

    def check_load(self, contacts: int, hosts: Iterable[str]) -> None:
        """Refuse more contacts than a day's cap, or more than a few a day where control of a host is not proved.

        From here on these hosts are all that is meant; `probes.proof.prove_control` finds what is proved of them.
        """
        charter = self.charter
        if charter.kind == "public" and contacts > FEW_CONTACTS:
            raise RefusedByCharterError(f"{contacts} contacts are planned; a public charter allows no load")
        if contacts > charter.contacts_per_day_most:
            raise RefusedByCharterError(
                f"{contacts} contacts are planned; the charter allows {charter.contacts_per_day_most} a day"
            )
        self._hosts = list(hosts)
        for host, why in self.unproved().items():
            if contacts > FEW_CONTACTS:
                raise RefusedByCharterError(
                    f"{contacts} contacts on {host}: at most {FEW_CONTACTS} a day until its control is proved ({why}); "
                    "load only on loopback, or where it is"
                )

    def unproved(self) -> dict[str, str]:
        """Return the hosts on which only a few contacts a day may be made, and why control is not proved."""
        unknown = "no proof was looked for" if self.charter.proof else "the charter names no proof"
        why = {host: self._proofs.get(host, unknown) for host in self._hosts if not is_loopback(host)}
        return {host: reason for host, reason in why.items() if reason is not None}

    def note_proof(self, host: str, fault: str | None) -> None:
        """Remember that control of a host is proved (None), or why it is not."""
        self._proofs[host] = fault

    def note_agent_time(self, seconds: float) -> None:
        """Count time of agents that contacts have taken."""
        self._agent_s += seconds

    def close(self) -> None:
        """Give back the places that no contact took."""
        self.ledger.close()

    # -- whom a contact may reach, and what it may bring about -----------------------------------------------------

    def check_effect(self, effect: Effect) -> None:
        """Refuse to bring about what the charter does not list, or what no charter but an owner's can: a review."""
        charter = self.charter
        if charter.kind == "public" or effect not in charter.effects:
            allowed = ", ".join(charter.effects) if charter.kind != "public" else ""
            self._refuse(effect, f"the charter does not allow the effect {effect}; it allows {allowed or 'none'}")
        if effect == "review" and charter.kind != "own":
            self._refuse(effect, "no reviews or ratings but on a desk of one's own")

    def check_number(self, number: str) -> None:
        """Refuse a number or SIP address that is not listed; emergency, short and premium ones always.

        The host that a SIP address names is checked where it is reached.
        """
        never = why_never(number)
        if never is not None:
            self._refuse(number, f"{number} is {never}: never called, whatever a charter lists")
        if self.charter.kind == "public" or not any(same_number(number, listed) for listed in self.charter.numbers):
            allowed = ", ".join(self.charter.numbers) or "none"
            self._refuse(number, f"the charter does not allow to call {call_address(number)}; it allows {allowed}")

    def check_recipient(self, address: str) -> None:
        """Refuse to write to an address that is not listed, by itself or by its @domain: asked of each recipient."""
        name, _, domain = address.lower().rpartition("@")
        plain = re.fullmatch(r"[\w.+=~^'{}|/*&#$?-]+", name, re.ASCII) and re.fullmatch(r"[\w.-]+", domain, re.ASCII)
        listed = {mailbox.lower() for mailbox in self.charter.mailboxes}
        # a name that is not plain (quoted, or a relay's user%other.org) would be read otherwise by the next server
        if not plain or self.charter.kind == "public" or not ({f"{name}@{domain}", f"@{domain}"} & listed):
            allowed = ", ".join(self.charter.mailboxes) or "none"
            self._refuse(address, f"the charter does not allow to write to {address!r}; it allows {allowed}")

    def may_record(self, notice_given: bool) -> bool:
        """Say whether what somebody says may be kept, now that those on the line have been told, or have not."""
        allowed = self.charter.recording
        return allowed == "one_party" or (allowed == "all_parties_with_notice" and notice_given)

    @contextlib.contextmanager
    def sending_output(self, output: Literal["webhook", "telemetry", "judge"]) -> Iterator[str]:
        """Let this task alone reach an output inside the block; yields its URL.

        Raises:
            RefusedByCharterError: the charter lists none.
        """
        url: str | None = getattr(self.charter.outputs, output)
        if url is None:
            self._refuse(output, f"the charter lists no {output}, so nothing is sent to one")
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with contextlib.ExitStack() as stack:
            for address in [parts.hostname or "", *self.pinned(parts.hostname or "")]:
                stack.enter_context(permitting(address, port))
            yield url

    def _refuse(self, what: str, why: str) -> NoReturn:
        if len(self.refused) < REFUSED_MOST:
            self.refused.append(what)
        raise RefusedByCharterError(why)


def _is_a_host(address: str) -> bool:
    told = canonical_address(address)
    return told is not None and not (told.is_link_local or told.is_multicast or told.is_unspecified or told.is_reserved)


@contextlib.contextmanager
def guarding(guard: Guard) -> Iterator[Guard]:
    """Have the audit hook enforce a guard inside the block; guards nest, and each must allow."""
    with guarding_net(guard):
        yield guard
