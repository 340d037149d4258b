"""Personas: who plays a contact. Invented by Faker, by key, with addresses and numbers that belong to nobody.

What a shopper uses as their own comes from the charter: mailboxes, numbers, postal addresses. What is invented lies in
ranges that reach nobody: domains reserved for examples (RFC 2606), and blocks that a numbering authority keeps for
films and books. Where a country keeps none (Italy, Romania, Saudi Arabia) no number is invented. Every address carries
the charter's mark, so that the desk's owner can filter them out; Faker's own might be somebody's and are never used.
"""

from __future__ import annotations

import functools
import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from faker import Faker

from scenarios.charter_parts import PersonaMeans


class Block(NamedTuple):
    """Numbers that begin so, with so many digits more."""

    prefix: str
    digits: int


FICTIONAL_BLOCKS = {"en_GB": Block("+441632960", 3), "en_US": Block("+120255501", 2)}
"""By locale: Ofcom's range for drama without a place, and the last hundred of the 555 exchange."""

LOCALES = {"en": "en_GB", "it": "it_IT", "ro": "ro_RO", "ar": "ar_SA"}


@dataclass(frozen=True)
class Persona:
    """A shopper's name, address and order."""

    first_name: str
    last_name: str
    email: str
    order: str
    language: str
    mailbox: str | None = None
    """The address, where it is one that we can read."""
    number: str | None = None
    """Where they may be called, if the charter lists numbers; else one that reaches nobody, where there are such."""
    postal: str | None = None


NO_MEANS = PersonaMeans()

NAMES_DRAWN = 2048
"""So many first and last names of a language are drawn from Faker once; more than any crowd is told apart by."""


@functools.cache
def _names(language: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return first names, each with how an address has it, and last names, as common as they are.

    Drawing each customer's own would cost a crowd its pace.
    """
    faker = Faker(LOCALES[language])
    faker.seed_instance(NAMES_DRAWN)
    drawn = range(NAMES_DRAWN)
    first_names = [faker.first_name() for _ in drawn]
    return [(name, _plain(name)) for name in first_names], [faker.last_name() for _ in drawn]


def _plain(name: str) -> str:
    """Return a name as it stands in an address."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in plain if letter.isalpha()) or "customer"


def load_names(languages: Iterable[str]) -> None:
    """Draw the names of languages now, rather than when their first customer comes."""
    for language in languages:
        _names(language)


def mark_of(contact_id: str, marker_key: str) -> str:
    """Return the 12 hex digits that mark a contact for the owner of the desk."""
    return hashlib.blake2b(contact_id.encode(), key=marker_key.encode()[:64], digest_size=6).hexdigest()


def make_persona(
    customer_id: str, contact_id: str, language: str, marker_key: str, means: PersonaMeans | None = None
) -> Persona:
    """Invent a persona: the same customer is always the same person, with the same means of the charter's."""
    first_names, last_names = _names(language)
    key = int.from_bytes(hashlib.blake2b(customer_id.encode(), digest_size=8).digest(), "big")
    left, first = divmod(key, NAMES_DRAWN)
    left, last = divmod(left, NAMES_DRAWN)
    (first_name, local), last_name = first_names[first], last_names[last]
    mark = mark_of(contact_id, marker_key)
    order = f"{100_000 + left % 900_000}"
    means = means or NO_MEANS
    mailbox = _one_of(means.mailboxes, key)
    if mailbox is not None:
        mailbox = f"{local}.{mark}{mailbox}" if mailbox.startswith("@") else mailbox.replace("{mark}", mark)
    return Persona(
        first_name, last_name, mailbox or f"{local}.{mark}@example.org", order, language, mailbox,
        _one_of(means.numbers, key) or _fictional_number(language, key), _one_of(means.postal, key),
    )  # fmt: skip


def _one_of(listed: Sequence[str], key: int) -> str | None:
    return listed[key % len(listed)] if listed else None


def _fictional_number(language: str, key: int) -> str | None:
    block = FICTIONAL_BLOCKS.get(LOCALES[language])
    return None if block is None else f"{block.prefix}{key % 10**block.digits:0{block.digits}d}"
