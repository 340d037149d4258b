"""Read pages: text by selector, who is speaking, forms to fill; the same rules for plain HTTP and for the browser."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scenarios.target import SpeakerRule


@dataclass(frozen=True)
class PageMessage:
    """A message as it stands on a page: whose it is by the target's rules, and its own text."""

    speaker: str
    text: str


DEPTH_MOST = 500
"""No page for people nests deeper; a parser's time grows with the square of it."""

KEPT_LETTERS_MOST = 100_000
"""A larger page is parsed for each who is shown it."""

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_CLOSES_ITSELF = {"p", "li", "dt", "dd", "option", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup"}


class PageTooDeepError(ValueError):
    """A page nests its elements deeper than any page for people does."""


def parse(html: str) -> LexborHTMLParser:
    """Parse a page.

    Raises:
        PageTooDeepError: its elements nest more than `DEPTH_MOST` deep.
    """
    depth = 0
    for closing, name in _TAG.findall(html):
        tag = name.lower()
        if tag in _VOID or tag in _CLOSES_ITSELF:
            continue
        depth += -1 if closing else 1
        if depth > DEPTH_MOST:
            raise PageTooDeepError(f"the page nests more than {DEPTH_MOST} elements")
        depth = max(depth, 0)
    return LexborHTMLParser(html)


def parsed(html: str) -> LexborHTMLParser:
    """Parse a page that is only looked at: a crowd is shown the same one again and again, which is parsed once."""
    return _parsed(html) if len(html) <= KEPT_LETTERS_MOST else parse(html)


@functools.lru_cache(maxsize=64)
def _parsed(html: str) -> LexborHTMLParser:
    return parse(html)


@functools.lru_cache(maxsize=256)
def shown_at(page: LexborHTMLParser, selector: str | None) -> str:
    """Return `text_at` of a page from `parsed`, which nobody changes: looked for once for all who are shown it."""
    return text_at(page, selector)


def text_at(page: LexborHTMLParser, selector: str | None) -> str:
    """Return the text of the first element that fits, or nothing."""
    found = page.css_first(selector) if selector else None
    return found.text(strip=True) if found is not None else ""


def messages(page: LexborHTMLParser, selector: str, own_text: list[str], rules: list[SpeakerRule]) -> list[PageMessage]:
    """Return the messages of a page in its order."""
    return [read_message(node.html or "", own_text, rules) for node in page.css(selector)]


def read_message(html: str, own_text: list[str], rules: list[SpeakerRule]) -> PageMessage:
    """Read one message from its HTML."""
    tag, alone = _alone(re.sub(r"<br\s*/?>", "\n", html))
    body = alone.body
    whole = body.text().strip() if body is not None else ""
    parts: dict[str, str] = {}
    for rule in rules:
        if rule.within is not None:
            parts[rule.within] = text_at(alone, rule.within)
    for selector in own_text:
        for part in alone.css(selector):
            part.decompose()
    text = body.text().strip() if body is not None else ""
    for rule in rules:
        searched = (parts.get(rule.within, ""),) if rule.within else (text, whole)
        if _fits(rule, alone.css_first(tag) if tag else None, searched, text):
            return PageMessage(rule.speaker, text)
    return PageMessage("system", text)


_AROUND = {
    "td": "<table><tbody><tr>{}</tr></tbody></table>", "th": "<table><tbody><tr>{}</tr></tbody></table>",
    "tr": "<table><tbody>{}</tbody></table>", "tbody": "<table>{}</table>", "thead": "<table>{}</table>",
}  # fmt: skip
"""Parts of a table that stand alone are no elements to a parser."""


def _alone(html: str) -> tuple[str | None, LexborHTMLParser]:
    """Return a message's own element's name, and a page that holds it alone."""
    found = re.match(r"\s*<([a-zA-Z][\w-]*)", html)
    tag = found[1].lower() if found is not None else None
    return tag, parse(_AROUND.get(tag or "", "{}").replace("{}", html))


def _fits(rule: SpeakerRule, root: LexborNode | None, searched: tuple[str, ...], text: str) -> bool:
    if rule.empty is not None and rule.empty != (not text):
        return False
    if rule.selector is not None and (root is None or not root.css_matches(rule.selector)):
        return False
    return rule.text is None or any(re.search(rule.text, words) is not None for words in searched)


@dataclass(frozen=True)
class FormFound:
    """A form on a page: where it goes and what it already holds."""

    action: str
    method: str
    """GET or POST."""
    values: dict[str, str]
    names: dict[str, str]
    """Name of the input at each selector that was asked for."""
    choices: dict[str, dict[str, str]]
    """For selects among them: label to value."""


def form_around(page: LexborHTMLParser, selector: str) -> LexborNode | None:
    """Return the form in which the first element that fits stands."""
    node = page.css_first(selector)
    while node is not None and node.tag != "form":
        node = node.parent
    return node


def find_form(page: LexborHTMLParser, form: str, selectors: list[str]) -> FormFound | None:
    """Find a form with its preset values, as a browser would send it; see `read_form`."""
    found = page.css_first(form)
    return None if found is None else read_form(page, found, selectors)


def read_form(page: LexborHTMLParser, found: LexborNode, selectors: list[str]) -> FormFound | None:
    """Read a form; None where one of the inputs that were asked for is not on the page, or has no name."""
    values: dict[str, str] = {}
    for node in found.css("input, textarea, select"):
        name = node.attributes.get("name")
        kind = (node.attributes.get("type") or "").lower()
        if not name or kind in ("submit", "button", "file", "image", "reset"):
            continue
        if kind in ("checkbox", "radio") and "checked" not in node.attributes:
            continue
        if node.tag == "select":
            chosen = node.css_first("option[selected]") or node.css_first("option")
            values[name] = _option_value(chosen) if chosen is not None else ""
        else:
            values[name] = node.attributes.get("value") or (node.text() if node.tag == "textarea" else "")
    names: dict[str, str] = {}
    choices: dict[str, dict[str, str]] = {}
    for selector in selectors:
        node = page.css_first(selector)  # type: ignore[assignment]  # the loop above has no None
        if node is None or not node.attributes.get("name"):
            return None
        names[selector] = node.attributes["name"] or ""
        if node.tag == "select":
            choices[selector] = {option.text(strip=True): _option_value(option) for option in node.css("option")}
    method = (found.attributes.get("method") or "get").upper()
    return FormFound(found.attributes.get("action") or "", method, values, names, choices)


def _option_value(option: LexborNode) -> str:
    value = option.attributes.get("value")
    return option.text(strip=True) if value is None else value
