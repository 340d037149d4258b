"""What must not be kept: takes secrets, our persona's values and other people's numbers out of all that is stored.

Three kinds. Secrets that the run was given or came by (passwords, the charter's marker key, cookies, tokens) are known
letter by letter, and are found in any of the forms that a page, an address or a file gives them. The persona's values
become placeholders, so that a transcript stays readable. Other people's numbers are known by their structure only.

>>> known = Known()
>>> known.learn_secrets("open sesame")
>>> known.learn_person({"<first name>": "Sam", "<order>": "104233"})
>>> cleaned("Sam, order 104233: open%20sesame, card 4111 1111 1111 1111, ring +44 20 7946 0018", known)
'<first name>, order <order>: <secret>, card <card number>, ring <phone>'
>>> survives(b"b3BlbiBzZXNhbWU=", known)  # the same in base64
True
"""

from __future__ import annotations

import base64
import functools
import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

import phonenumbers

from probes.personas import Persona

SECRETS_MOST = 2000
GIVEN_LETTERS_LEAST = 4
COOKIE_LETTERS_LEAST = 8
TEXT_MOST = 20_000_000
CACHED_TEXT_MOST = 2000
REGIONS = {"en": ("GB", "US"), "it": ("IT",), "ro": ("RO",), "ar": ("SA",)}

WHAT_RULES_MISS = (
    "Passwords, cookies and tokens that this run was given or came by, and its shoppers' names, addresses and order "
    "numbers, were replaced wherever they were stored as text. Other people's data are known by their form only: card "
    "numbers and IBANs by their checksums, telephone numbers by their countries' plans, e-mail addresses, and tokens "
    "in the usual spellings. Not found are other people's names and street addresses, numbers without a checksum "
    "(orders, customers, cases), secrets shorter than four letters or cut in two by the page's own markup, telephone "
    "numbers written without prefix, space or leading zero, and whatever stands inside pictures that the page shows "
    "or is said in the sound of a call."
)
"""What a report must say about what the rules do and do not find."""


class Known:
    """What one contact must not leave behind: its secrets, and its persona's values with their placeholders."""

    def __init__(self) -> None:
        self.languages: tuple[str, ...] = ("en",)
        self._secrets: dict[str, str] = {}
        """Every secret, and what takes its place."""
        self._persons: dict[str, str] = {}
        self._secret_forms: list[tuple[str, str]] | None = None
        self._signs: list[tuple[str, str]] | None = None
        """Of each person's value letters that every form of it holds, made when they are first wanted."""
        self.version = 0

    def learn_secrets(self, *secrets: str, placeholder: str = "<secret>") -> None:
        """Remember secrets that were given; what is too short to be told from other text is passed over."""
        for secret in secrets:
            fits = len(secret) >= GIVEN_LETTERS_LEAST and secret not in self._secrets
            if fits and len(self._secrets) < SECRETS_MOST:
                self._secrets[secret] = placeholder
                self._secret_forms = None
                self.version += 1

    def learn_cookies(self, *values: str) -> None:
        """Remember the values of cookies that are no plain words."""
        for value in values:
            if len(value) >= COOKIE_LETTERS_LEAST and not value.isalpha():
                self.learn_secrets(value.strip('"'), placeholder="<cookie>")

    def learn_person(self, values: Mapping[str, str], language: str | None = None) -> None:
        """Remember somebody's values by their placeholders."""
        for placeholder, value in values.items():
            if len(value) >= 2 and len(self._persons) < SECRETS_MOST:
                self._persons.setdefault(value, placeholder)
                self._signs = None
        if language is not None and language not in self.languages:
            self.languages = (*self.languages, language)

    def learn_persona(self, persona: Persona) -> None:
        """Remember a persona."""
        values = {
            "<e-mail>": persona.email,
            "<first name>": persona.first_name,
            "<last name>": persona.last_name,
            "<order>": persona.order,
        }
        phone = getattr(persona, "phone", "")
        self.learn_person({**values, "<phone>": phone} if isinstance(phone, str) else values, persona.language)

    def secret_forms(self) -> Iterable[tuple[str, str]]:
        """Return what to look for, the longest first, and what takes its place."""
        if self._secret_forms is None:
            self._secret_forms = _all_secret_forms(tuple(self._secrets.items()))
        return self._secret_forms

    def person_forms(self, text: str) -> Iterable[tuple[str, str]]:
        """Return the persons' values that may stand in a text, in every form, the longest first, with placeholders.

        Quick, and never leaves out one that does stand there.
        """
        if self._signs is None:
            self._signs = [(_sign(value), value) for value in self._persons]
        upper = text.upper()
        forms: dict[str, str] = {}
        for sign, value in self._signs:
            if sign in upper:
                for form in _person_forms(value):
                    forms.setdefault(form, self._persons[value])
        return _longest_first(forms)


def _longest_first(forms: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(forms.items(), key=lambda item: -len(item[0]))


def cleaned(text: str, known: Known) -> str:
    """Return a text without secrets, without the persona's values and without other people's numbers."""
    if not text:
        return text
    for form, placeholder in known.secret_forms():
        if form in text:
            text = text.replace(form, placeholder)
    for form, placeholder in known.person_forms(text):
        if form in text:
            text = _replace_whole(text, form, placeholder)
    if len(text) <= CACHED_TEXT_MOST:
        return _by_structure_cached(text, known.languages)
    return _by_structure(text[:TEXT_MOST], known.languages)


def load_rules(languages: Iterable[str]) -> None:
    """Load telephone rules of languages now, rather than with the first number that somebody writes."""
    _by_structure("0123 456 7890", tuple(languages))


def survives(data: bytes, known: Known) -> bool:
    """Say whether a known secret stands in bytes in any of its forms."""
    return any(form.encode("utf-8", "surrogatepass") in data for form, _ in known.secret_forms())


def cleaned_json(value: Any, known: Known) -> Any:
    """Return a JSON document with all its texts cleaned, and without the values of cookies and tell-tale headers."""
    match value:
        case str():
            return cleaned(value, known)
        case list():
            return [cleaned_json(item, known) for item in value]
        case dict():
            if (
                isinstance(value.get("name"), str)
                and isinstance(value.get("value"), str)
                and is_telltale(value["name"])
            ):
                value = {**value, "value": "<left out>"}
            return {
                cleaned(str(name), known): _without_values(item) if name == "cookies" else cleaned_json(item, known)
                for name, item in value.items()
            }
    return value


def _without_values(cookies: Any) -> Any:
    """Return cookies by name only."""
    if not isinstance(cookies, list):
        return []
    return [{"name": str(c.get("name", ""))[:100], "value": "<cookie>"} for c in cookies if isinstance(c, dict)]


_TELLTALE = re.compile(
    r"^(cookie|set-cookie|(proxy-)?authorization|x-?(csrf|xsrf|auth|api|amz-security)[\w-]*)$"
    r"|passw|secret|token|api[_-]?key|session|signature|^(key|sid|sig|auth|otp)$",
    re.IGNORECASE,
)


def is_telltale(name: str) -> bool:
    """Say whether a header, cookie or field of this name holds what must not be kept."""
    return _TELLTALE.search(name) is not None


# -- forms of what is known ------------------------------------------------------------------------------------


_WRITTEN_IN_ONE_WAY = re.compile(r"[A-Za-z0-9._-]+")


@functools.lru_cache(maxsize=8192)
def _sign(value: str) -> str:
    """Return letters, in capitals, that every form of somebody's value holds: the longest run that nothing escapes.

    >>> _sign("sam.0af3@example.org"), _sign("李")
    ('EXAMPLE.ORG', '')
    """
    return max(_WRITTEN_IN_ONE_WAY.findall(value), key=len, default="").upper()


def _person_forms(value: str) -> Iterable[str]:
    """Return somebody's value as texts, addresses, JSON and pages may hold it."""
    plain = value.isascii() and value.isalnum()  # such a value is written in one way
    yield from (value,) if plain else (
        value, quote(value), quote_plus(value), json.dumps(value)[1:-1], html.escape(value)
    )  # fmt: skip
    if len(value) > 2:
        yield value.upper()


@functools.lru_cache(maxsize=64)
def _all_secret_forms(secrets: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Return the forms of secrets with what takes their place: a crowd's customers share theirs."""
    forms: dict[str, str] = {}
    for secret, placeholder in secrets:
        for form in _forms(secret):
            forms.setdefault(form, placeholder)
    return _longest_first(forms)


@functools.lru_cache(maxsize=256)
def _forms(secret: str) -> frozenset[str]:
    """Return a secret as texts, addresses, JSON, pages and base64 may hold it."""
    raw = secret.encode("utf-8", "surrogatepass")
    every_byte = "".join(f"%{byte:02X}" for byte in raw)
    in_json = {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    in_html = {html.escape(secret), html.escape(secret, quote=False), html.escape(secret).replace("&#x27;", "&#39;")}
    quoted = {quote(raw, safe=""), quote(raw), quote_plus(raw), every_byte}
    forms = {secret, *in_json, *in_html, *quoted, raw.hex(), raw.hex().upper()}
    forms |= {form.replace("/", r"\/") for form in in_json} | {json.dumps(form)[1:-1] for form in in_json}
    forms |= {re.sub("%..", lambda escape: escape[0].lower(), form) for form in quoted}
    return frozenset(forms | _in_base64(raw))


def _in_base64(raw: bytes) -> set[str]:
    """Return the letters that stand for `raw` wherever in a base64 text it begins."""
    found = set()
    for before, first in ((0, 0), (1, 2), (2, 3)):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            letters = encode(b"\0" * before + raw).decode()[first : (before + len(raw)) * 8 // 6]
            if len(letters) >= 6:
                found.add(letters)
    return found


def _replace_whole(text: str, value: str, placeholder: str) -> str:
    """Replace a value where it stands alone: not inside a longer word or number, but after an escape such as %20."""
    parts, begin = [], 0
    while (at := text.find(value, begin)) >= 0:
        end = at + len(value)
        before = text[at - 1] if at else " "
        after = text[end] if end < len(text) else " "
        escaped = at >= 3 and re.fullmatch("%[0-9A-Fa-f]{2}", text[at - 3 : at]) is not None
        alone = (not before.isalnum() or escaped or not value[0].isalnum()) and (
            not after.isalnum() or not value[-1].isalnum()
        )
        parts += [text[begin:at], placeholder if alone else value]
        begin = end
    return "".join([*parts, text[begin:]])


# -- other people's numbers, by structure ----------------------------------------------------------------------

_NAMES = (
    r"(?:[\w-]*(?:api_?key|secret|token|passw(?:or)?d|pwd|signature|session(?:_?id)?|csrf\w*|xsrf\w*)"
    r"|key|sid|sig|auth|otp)"
)
_TOKENS = [
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]{4,}(?:\.[\w-]*)?"), "<token>"),
    (re.compile(r"\b(bearer)(\s+|%20|\+)(?=[\w.~/+-]*\d)[\w.~/+-]{8,}=*", re.IGNORECASE), r"\1\2<token>"),
    (
        re.compile(r"\b((?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?(?:basic|digest)\s+)[^\s\"',;]+", re.IGNORECASE),
        r"\1<token>",
    ),
    (re.compile(rf"(?<![\w-])({_NAMES}(?:=|%3D))([^&\s\"'<>#;%,]|%(?!26))+", re.IGNORECASE), r"\1<token>"),
    (
        re.compile(rf"(\\?[\"']{_NAMES}\\?[\"']\s*:\s*\\?[\"'])(?!<)[^\"'\\]+", re.IGNORECASE),
        r"\1<token>",
    ),
    (
        re.compile(
            r"\b(?:[spr]k_(?:live|test)_\w{8,}|gh[pousr]_\w{20,}|xox[abprs]-[\w-]{10,}|(?:AKIA|ASIA)[0-9A-Z]{16})\b"
        ),
        "<token>",
    ),
]
_TOKEN_SIGN = re.compile(r"eyJ|[=:]|%3D|bearer|[spr]k_|gh[pousr]_|xox|A[KS]IA", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_CARD = re.compile(r"(?<![\w.])[2-6](?:(?:[ +-]|%20)?\d){12,18}(?!\w)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:(?:[ +]|%20)?[A-Z0-9]){11,30}\b")
_MANY_DIGITS = re.compile(r"\d(?:\D{0,3}\d){7}")


@functools.lru_cache(maxsize=4096)
def _by_structure_cached(text: str, languages: tuple[str, ...]) -> str:
    return _by_structure(text, languages)


def _by_structure(text: str, languages: tuple[str, ...]) -> str:
    if _TOKEN_SIGN.search(text):
        for pattern, placeholder in _TOKENS:
            text = pattern.sub(placeholder, text)
    if "@" in text or "%40" in text:
        text = _EMAIL.sub("<other e-mail>", text)
    if _MANY_DIGITS.search(text):
        text = _CARD.sub(lambda found: "<card number>" if _luhn(found[0]) else found[0], text)
        text = _IBAN.sub(_without_iban, text)
        text = _without_phones(text, languages)
    return text


def _luhn(written: str) -> bool:
    """Say whether a card number's last digit is the one the others call for (ISO/IEC 7812-1)."""
    digits = [int(letter) for letter in written.replace("%20", "") if letter.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _without_iban(found: re.Match[str]) -> str:
    """Replace an IBAN; the pattern may have run on into the words behind it."""
    written = found[0]
    while len(written) >= 15:
        if not written[-1].isalnum():
            written = written[:-1]
            continue
        letters = written.replace("%20", "").replace("+", "").replace(" ", "")
        if 15 <= len(letters) <= 34 and _mod_97(letters) == 1:
            return "<IBAN>" + found[0][len(written) :]
        written = written[:-1]
    return found[0]


def _mod_97(letters: str) -> int:
    """Return what remains of an IBAN after division by 97 (ISO 13616): 1 where it is whole."""
    return int("".join(str(int(letter, 36)) for letter in letters[4:] + letters[:4])) % 97


def _without_phones(text: str, languages: tuple[str, ...]) -> str:
    """Replace telephone numbers: whole ones with a country's prefix, and national ones of the languages' countries."""
    spans: dict[int, int] = {}
    for region in dict.fromkeys(region for language in languages for region in REGIONS.get(language, ())):
        for found in phonenumbers.PhoneNumberMatcher(text, region, phonenumbers.Leniency.POSSIBLE, 1000):
            if _is_phone(found):
                spans[found.start] = max(found.end, spans.get(found.start, 0))
    parts, begin = [], 0
    for start, end in sorted(spans.items()):
        if start >= begin:
            parts += [text[begin:start], "<phone>"]
            begin = end
    return "".join([*parts, text[begin:]])


def _is_phone(found: phonenumbers.PhoneNumberMatch) -> bool:
    """Tell a telephone number from other digits: those without prefix, space or leading zero are not taken for one."""
    written = found.raw_string
    digits = sum(letter.isdigit() for letter in written)
    if digits < 8:
        return False
    if written[0] in "+(0":
        return bool(
            phonenumbers.is_possible_number_with_reason(found.number) == phonenumbers.ValidationResult.IS_POSSIBLE
        )
    return digits < len(written) and bool(phonenumbers.is_valid_number(found.number))
