"""Undo what a run has left on a desk, by its target's clean-up steps: once each, journaled, through the guard.

What a run created stands in its journal: each contact that the desk accepted, with the desk's reference where it told
one. Each step is written down in `clean_up.jsonl` before it is asked and after it is answered, so that calling again
does only what is not done; a request that may do something twice (POST, PATCH) and whose answer was never seen is told
to a person instead. No step makes a contact, so caps and quiet hours do not bind it; hosts, dates and the stop file do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import aiohttp

from probes.guard import Guard, guarding
from probes.personas import mark_of
from probes.resolve import Lookup, PinnedResolver, system_lookup
from results.journal import Journal, journals_in, read_journal
from results.runs import Run, RunError
from scenarios.charter import Charter
from scenarios.secret import SecretMissingError
from scenarios.target import Target
from scenarios.target_clean_up import PLACEHOLDER, REPEATABLE, CleanUpRequest, CleanUpStep

CLEAN_UP = "clean_up.jsonl"

UNSURE_ENDS = ("target_error", "failed", "censored")
"""A contact that ended so, or by a kill, may have been taken although the desk never said so."""

State = Literal["done", "by_hand", "failed", "unsure"]


@dataclass(frozen=True)
class Left:
    """What one contact left on the desk."""

    contact_id: str
    channel: str
    reference: str
    mark: str
    certain: bool = True
    """Whether the desk has said that it has it; an error may have been shown although it does."""

    def fill(self, text: str, **more: str) -> str:
        """Put what is known of it in the place of placeholders."""
        values = {"reference": self.reference, "contact_id": self.contact_id, "mark": self.mark, **more}
        return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


@dataclass(frozen=True)
class CleanedUp:
    """How one step went for one contact; `told` is what a person should know."""

    contact_id: str
    channel: str
    reference: str
    step: int
    state: State
    told: str
    before: bool = False
    """Whether an earlier call had done it already."""


class _CannotAskError(Exception):
    """A request cannot even be written down; the message says what is lacking."""


def what_is_left(run: Run, charter: Charter) -> list[Left]:
    """Return what a run's contacts have left, or may have, in the order in which they began."""
    channels: dict[str, str] = {}
    references: dict[str, str] = {}
    unsure: dict[str, None] = {}
    for entry in (entry for path in journals_in(run.folder) for entry in read_journal(path)):
        contact = str(entry.get("contact_id"))
        match entry["kind"]:
            case "begun":
                channels[contact] = str(entry.get("channel"))
                if entry.get("arrived_s") is not None:
                    unsure[contact] = None
            case "leg" if entry.get("leg_end") not in UNSURE_ENDS:
                unsure.pop(contact, None)
            case "step" if entry.get("rung") == "accepted":
                references.setdefault(contact, "")
            case "created":
                references[contact] = str(entry.get("reference", ""))
    return [
        Left(
            contact, channel, references.get(contact, ""), mark_of(contact, charter.marker_key), contact in references
        )
        for contact, channel in channels.items()
        if contact in references or contact in unsure
    ]  # fmt: skip


async def clean_up(
    run: Run, target: Target, charter: Charter, guard: Guard | None = None, lookup: Lookup = system_lookup
) -> list[CleanedUp]:
    """Do every step that is not done yet; returns how all of them stand.

    Raises:
        RunError: the run was played on another target.
        RefusedByCharterError: the charter does not hold, has called us off, or does not list the desk.
    """
    if run.facts.get("target") != target.target:
        raise RunError(f"{run.folder} was played on {run.facts.get('target')}, not on {target.target}")
    guard = guard or Guard(charter)
    guard.check_url(target.base_url)
    guard.check_tidying()
    done = _known(run.folder / CLEAN_UP)
    journal = Journal(run.folder / CLEAN_UP)
    connector = aiohttp.TCPConnector(resolver=PinnedResolver(guard, lookup))
    timeout = aiohttp.ClientTimeout(total=target.request_s_most)
    rows: list[CleanedUp] = []
    try:
        with guarding(guard):
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
                for left, number, step in _steps(what_is_left(run, charter), target):
                    before = done.get((left.contact_id, number))
                    if before is not None and before["kind"] in ("done", "by_hand"):
                        told = str(before.get("told", ""))
                        rows.append(_row(left, number, before["kind"], told, before=True))
                        continue
                    guard.check_tidying()
                    asked = before is not None and before["kind"] == "asked"
                    state, told = await _do(left, number, step, asked, target, http, journal)
                    journal.write(state, contact_id=left.contact_id, step=number, told=told)
                    rows.append(_row(left, number, state, told))
    finally:
        journal.close()
    return rows


def _steps(left: list[Left], target: Target) -> Iterator[tuple[Left, int, CleanUpStep]]:
    for one in left:
        for number, step in enumerate(target.clean_up.get(one.channel, ())):  # type: ignore[call-overload]  # any text
            yield one, number, step


async def _do(
    left: Left,
    number: int,
    step: CleanUpStep,
    asked: bool,
    target: Target,
    http: aiohttp.ClientSession,
    journal: Journal,
) -> tuple[State, str]:
    """Do one step, or say why it cannot be done."""
    if not left.certain:
        return "unsure", f"the desk never said that it took it, and may have: look for the mark {left.mark}"
    if step.by_hand is not None:
        return "by_hand", left.fill(step.by_hand)
    request = step.request
    assert request is not None
    if asked and request.method not in REPEATABLE:
        return "unsure", f"{request.method} was sent and its answer never seen: look whether {left.reference} is undone"
    try:
        path, headers, body = _written(left, request, target)
    except _CannotAskError as error:
        return "failed", str(error)
    journal.write("asked", contact_id=left.contact_id, step=number)
    sent: dict[str, Any] = {} if body is None else {"json" if request.encoding == "json" else "data": body}
    try:
        async with http.request(
            request.method, target.base_url + path, headers=headers, allow_redirects=False, **sent
        ) as answer:
            status = answer.status
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        if request.method in REPEATABLE:
            return "failed", f"{type(error).__name__}: {error}"
        return (
            "unsure",
            f"{request.method} was sent and not answered ({type(error).__name__}): look whether it is undone",
        )
    if status in request.done:
        return "done", f"HTTP {status}"
    return "failed", f"HTTP {status} from {request.method} {path}"


def _written(left: Left, request: CleanUpRequest, target: Target) -> tuple[str, dict[str, str], dict[str, Any] | None]:
    """Return path, headers and body of a request for one contact."""
    reference = left.reference
    if request.reference is not None:
        found = re.search(request.reference, reference)
        reference = found["reference"] if found else ""
    if not reference and "{reference}" in request.model_dump_json():
        raise _CannotAskError(f"the desk told no reference that we know; its address holds the mark {left.mark}")
    path = left.fill(request.path, reference=quote(reference, safe=""))
    headers = {
        name: _with_secrets(left.fill(value, reference=reference), target) for name, value in request.headers.items()
    }
    if request.send is None:
        return path, headers, None
    values = {name: _body_value(left, value, reference) for name, value in request.send.items()}
    return path, headers, values


def _body_value(left: Left, value: Any, reference: str) -> Any:
    return left.fill(value, reference=reference) if isinstance(value, str) else value


def _with_secrets(text: str, target: Target) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1].removeprefix("secret.")
        if name not in target.secrets:
            raise _CannotAskError(f"the target's secrets hold no {name}, which its clean-up names")
        try:
            return target.secrets[name].value(f"secrets.{name}")
        except SecretMissingError as error:
            raise _CannotAskError(str(error)) from None

    return PLACEHOLDER.sub(value, text)


def _known(path: Path) -> dict[tuple[str, int], Mapping[str, Any]]:
    """Return the last word on each step of each contact."""
    entries = read_journal(path) if path.is_file() else ()
    return {(str(entry["contact_id"]), int(entry["step"])): entry for entry in entries}


def _row(left: Left, number: int, state: State, told: str, before: bool = False) -> CleanedUp:
    return CleanedUp(left.contact_id, left.channel, left.reference, number, state, told, before)
