"""Propose a target file for a page that nobody has described yet; what is guessed says so in a comment.

Loads the page and looks at it, and makes no contact: nothing is filled in, nothing is pressed. What only an answer can
show (how a ticket's address looks, where messages stand) is a guess in the right shape, for a person to set right.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from probes.browser import open_browser
from probes.clock import Clock
from probes.guard import Guard, guarding
from scenarios.charter import Charter
from scenarios.target import Target

if TYPE_CHECKING:
    from playwright.async_api import Page

LOOKER = Path(__file__).with_name("propose_target.js")
SNAPSHOT_LINES_MOST = 60
CHOICES_SHOWN = 8
READ_S_MOST = 15.0
SETTLED_S_MOST = 5.0

_SEARCH = re.compile(r"search|such|cerca|ricerca|caut|recherche|busc|^q$|query", re.IGNORECASE)
_MEANINGS: tuple[tuple[str, str], ...] = (
    (r"e-?mail|posta elettronica|correo", "{persona.email}"),
    (r"first.?name|given.?name|vorname|prenume|pr[ée]nom|nome di battesimo", "{persona.first_name}"),
    (r"last.?name|surname|family.?name|nachname|cognome|nume de familie|apellido", "{persona.last_name}"),
    (r"order|bestell|ordine|comand[ăa]|commande|pedido", "{order}"),
    (r"subject|betreff|oggetto|subiect|sujet|asunto|titl|titolo|summary|titel", "{subject}"),
    (r"message|question|descri|nachricht|frage|messaggio|domanda|mesaj|[îi]ntrebare|body|comment|text", "{text}"),
    (r"name|nome|nume|nom\b|nombre", "{persona.first_name} {persona.last_name}"),
)
_LEFT_AS_IT_IS = re.compile(r"priorit|due.?date|language|sprache|lingua|limb|captcha|company|website", re.IGNORECASE)


async def propose(url: str, charter: Charter) -> str:
    """Return the YAML of a target file for the desk whose page lies at `url`.

    Raises:
        probes.guard.RefusedByCharterError: the charter does not list it.
        probes.browser.BrowserMissingError: there is nothing to look with.
        probes.tab.PageError: the page does not come.
    """
    guard = Guard(charter)
    guard.check_url(url)
    parts = urlsplit(url)
    target = Target(target="proposed", title="?", base_url=f"{parts.scheme}://{parts.netloc}")
    with guarding(guard):
        async with open_browser() as browser:
            tab = await browser.open_tab(target, guard, [], None)
            try:
                loaded = await tab.load(url, Clock(asyncio.get_running_loop()))
                await _settled(tab.page)
                async with asyncio.timeout(READ_S_MOST):
                    found = await _look(tab.page)
                    snapshot = await tab.page.locator("body").aria_snapshot(timeout=READ_S_MOST * 1000)
            finally:
                await tab.close()
    return target_text(url, loaded.status, found, snapshot)


async def _settled(page: Page) -> None:
    """Wait until a page that draws itself by scripts asks for nothing more, but not for long."""
    from playwright.async_api import Error

    with contextlib.suppress(Error):
        await page.wait_for_load_state("networkidle", timeout=SETTLED_S_MOST * 1000)


async def _look(page: Page) -> Any:
    """Return what is on the page; where it has no chat, the chat of the first page within it that has one."""
    looker = LOOKER.read_text(encoding="utf-8")
    found = await page.evaluate(looker)
    for selector in [] if found["chat"] is not None else found["frames"]:
        frame = await page.locator(selector).first.element_handle()
        inner = await frame.content_frame() if frame is not None else None
        chat = (await inner.evaluate(looker))["chat"] if inner is not None else None
        if chat is not None:
            parts = {name: f"{selector} >> {chat[name]}" for name in ("input", "send", "log") if chat[name]}
            opener = f"{selector} >> {chat['opener']}" if chat["opener"] else next(iter(found["openers"]), None)
            found["chat"] = {**chat, **parts, "opener": opener, "form": ""}
            break
    return found


def target_text(url: str, status: int, found: Mapping[str, Any], snapshot: str) -> str:
    """Write the file from what was found on the page."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [
        "# yaml-language-server: $schema=../target.schema.json",
        f"# Proposed from {_comment(url)}; lines marked `unsure` are guesses: set them right before anything is sent.",
    ]
    if status != 200:
        lines.append(f"# The page answered HTTP {status}: is this its address?")
    lines += [
        f"target: {_name(parts.hostname or 'desk')}",
        f"title: {_quoted(str(found['title']).strip() or 'A desk')}",
        f"base_url: {_quoted(f'{parts.scheme}://{parts.netloc}')}",
    ]
    forms = [form for form in found["forms"] if form["fields"]]
    searches = [form for form in forms if _is_search(form)]
    logins = [form for form in forms if any(field["type"] == "password" for field in form["fields"])]
    rest = [form for form in forms if form not in searches and form not in logins]
    chat = found["chat"]
    if chat is not None:
        before = [form for form in rest if form["selector"] != chat["form"]]
        lines += ["", *_chat(path, chat, max(before, key=_size, default=None))]
    else:
        asking = [form for form in rest if any(field["tag"] == "textarea" for field in form["fields"])]
        chosen = max(asking or [form for form in rest if _size(form) >= 2], key=_size, default=None)
        if chosen is not None:
            lines += ["", *_form(path, chosen)]
    lines += _faq(path, searches, found)
    lines += _login(path, logins)
    if len(lines) <= 6:
        lines += [
            "",
            "# Neither a chat, a form to write by, a search box nor a list of questions was found on this page.",
        ]
    shown = snapshot.splitlines()
    lines += ["", "# What the page tells a screen reader:"]
    lines += [f"#   {_comment(line)}" for line in shown[:SNAPSHOT_LINES_MOST]]
    if len(shown) > SNAPSHOT_LINES_MOST:
        lines.append(f"#   and {len(shown) - SNAPSHOT_LINES_MOST} lines more")
    return "\n".join(lines) + "\n"


# -- parts of the file -----------------------------------------------------------------------------------------


def _form(path: str, form: Mapping[str, Any]) -> Iterator[str]:
    fields = list(_fields(form["fields"], "    "))
    ready = next(field["selector"] for field in form["fields"] if field["type"] != "hidden")
    yield "form:"
    yield f"  page: {_quoted(path)}"
    yield f"  form: {_quoted(form['selector'])}"
    yield f"  ready: {_quoted(ready)}"
    yield "  fields:"
    yield from fields
    yield f"  submit: {_submit(form)}"
    yield "  # unsure: send one form by hand, and describe the address that follows; `reference` names the ticket"
    yield "  accepted_url: '(?P<reference>\\d+)'"
    yield "  # refused, shut, busy: selectors of what the page says when it takes nothing"
    yield "  # unsure: where messages stand on the page that follows, and who speaks"
    yield '  messages: ".message"'
    yield "  speakers:"
    yield "    - {speaker: human}"
    yield "  # status, taken, closed: where the ticket's state stands, and its words"


def _chat(path: str, chat: Mapping[str, Any], before: Mapping[str, Any] | None) -> Iterator[str]:
    yield "chat:"
    yield f"  page: {_quoted(path)}"
    if before is not None:
        yield f"  ready: {_submit(before)}"
        yield "  fields:"
        yield from _fields(before["fields"], "    ")
        yield f"  start: {_submit(before)}"
    else:
        yield f"  ready: {_quoted(chat['opener'] or chat['input'])}"
        if chat["opener"]:
            yield f"  start: {_quoted(chat['opener'])}  # unsure: what begins the chat"
        else:
            yield "  # start: the button that begins the chat, where the first message does not"
    log = chat["log"]
    yield f"  input: {_quoted(chat['input'])}"
    yield (
        f"  send: {_quoted(chat['send'])}" if chat["send"] else "  # send: the button that sends, where Enter does not"
    )
    yield "  # unsure: open one chat by hand, and look how its messages, its queue and its end are marked"
    yield f"  messages: {_quoted(log + ' > *')}"
    yield f"  accepted: {_quoted(log + ' > *')}"
    yield "  speakers:"
    yield '    - {speaker: customer, selector: ".customer"}'
    yield "    - {speaker: human}"
    yield "  # closed: what appears when the desk has closed the chat, and in closed_text how it says resolved"
    yield "  # joined, queue_position, typing, transferred, lost, closed_text: where the page shows them"


def _faq(path: str, searches: Sequence[Mapping[str, Any]], found: Mapping[str, Any]) -> Iterator[str]:
    """Describe help pages where there is a search box, or a list of pages below this one."""
    if not searches and found["below"] < 2:
        return
    yield ""
    yield "faq:"
    page = path if searches else path.rstrip("/") + "/{intent}"
    yield f"  page: {_quoted(page)}" + ("" if searches else "  # unsure: name intents as the pages' addresses do")
    yield f"  answer: {_quoted('#answer')}  # unsure: what only a page with the answer holds"
    if searches:
        form = searches[0]
        box = next(field for field in form["fields"] if field["type"] != "hidden")
        yield "  search:"
        yield f"    input: {_quoted(box['selector'])}"
        if form["submits"]:
            yield f"    submit: {_submit(form)}"
        yield f"    results: {_quoted('main')}  # unsure: what appears with the results"
        yield "    # link: the link to follow from there"


def _login(path: str, logins: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not logins:
        return
    form = logins[0]
    yield ""
    yield "login:  # remove it where contacts need none"
    yield f"  page: {_quoted(path)}"
    yield "  fields:"
    for field in form["fields"]:
        if field["type"] == "password":
            yield f"    - {{selector: {_quoted(field['selector'])}, secret: {{env: DESK_PASSWORD}}}}"
        elif field["type"] in ("text", "email"):
            yield f"    - {{selector: {_quoted(field['selector'])}, secret: {{env: DESK_USER}}}}"
    yield f"  submit: {_submit(form)}"
    yield "  ready: \"a[href*='logout']\"  # unsure: what only those see who are logged in"


def _fields(fields: Iterable[Mapping[str, Any]], indent: str) -> Iterator[str]:
    """Write what goes into each field; of those that need nothing, or that nobody can guess, a comment."""
    written = False
    for field in fields:
        label, kind = _comment(field["label"] or field["name"]), field["type"]
        selector = _quoted(field["selector"])
        if kind == "hidden":
            continue
        if kind in ("checkbox", "radio", "file", "password"):
            needed = ": the form cannot be sent without it" if field["required"] else ""
            yield f"{indent}# left as it is: {label} ({kind}) at {_comment(field['selector'])}{needed}"
        elif _LEFT_AS_IT_IS.search(field["label"] + " " + field["name"]) and not (
            field["required"] and field["tag"] != "select"
        ):
            yield f"{indent}# left as it is: {label} at {_comment(field['selector'])}"
        elif field["tag"] == "select":
            choices = [str(choice) for choice in field["choices"] if str(choice).strip()]
            if choices:
                shown = ", ".join(_comment(choice) for choice in choices[:CHOICES_SHOWN])
                choose = f"{{selector: {selector}, choose: {_quoted(choices[0])}}}"
                yield f"{indent}- {choose}  # unsure, or by_intent; {label}: {shown}"
                written = True
        elif (meaning := _meaning(field)) is not None:
            yield f"{indent}- {{selector: {selector}, fill: {_quoted(meaning)}}}"
            written = True
        elif field["required"]:
            yield f'{indent}- {{selector: {selector}, fill: "{{subject}}"}}  # unsure: {label}'
            written = True
        else:
            yield f"{indent}# left empty: {label} at {_comment(field['selector'])}"
    if not written:
        field = next(field for field in fields if field["type"] != "hidden")
        yield f'{indent}- {{selector: {_quoted(field["selector"])}, fill: "{{text}}"}}  # unsure'


def _meaning(field: Mapping[str, Any]) -> str | None:
    """Return what a field asks for, by its kind, its label and its name."""
    if field["type"] == "email":
        return "{persona.email}"
    for said in _said(field):
        for pattern, meaning in _MEANINGS:
            if re.search(pattern, said, re.IGNORECASE):
                return meaning
    return "{text}" if field["tag"] == "textarea" else None


def _is_search(form: Mapping[str, Any]) -> bool:
    asking = [field for field in form["fields"] if field["type"] != "hidden"]
    if len(asking) != 1 or asking[0]["tag"] != "input":
        return False
    field = asking[0]
    return (
        form["role"] == "search"
        or field["type"] == "search"
        or any(_SEARCH.search(words) is not None for words in _said(field))
    )


def _said(field: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a field says of itself: its label, its name and its id."""
    known_by_id = field["selector"].startswith("#") and " " not in field["selector"]
    return field["label"], field["name"], field["selector"] if known_by_id else ""


def _size(form: Mapping[str, Any]) -> int:
    return sum(field["type"] not in ("hidden", "checkbox", "radio") for field in form["fields"])


def _submit(form: Mapping[str, Any]) -> str:
    if form["submits"]:
        return _quoted(form["submits"][0])
    return _quoted(f"{form['selector']} button") + "  # unsure: no button was found"


def _quoted(text: str) -> str:
    """Return a text as YAML reads it back whatever it holds: JSON's quotes are YAML's."""
    return json.dumps(text, ensure_ascii=False)


def _comment(text: str) -> str:
    """Return a text that stays on its line."""
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", str(text)).rstrip()[:200]


def _name(host: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", host.lower()).strip("_")
    return (name if name[:1].isalpha() else f"desk_{name}")[:40]
