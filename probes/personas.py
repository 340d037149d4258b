"""Personas: who plays a contact. Invented by Faker, by key, with addresses that belong to nobody.

Addresses lie in domains reserved for examples (RFC 2606) and carry the charter's mark, so that the desk's owner can
filter them out; Faker's own addresses and numbers might be somebody's and are never used.
"""

from __future__ import annotations

import functools
import hashlib
import unicodedata
from dataclasses import dataclass

from faker import Faker

LOCALES = {"en": "en_GB", "it": "it_IT", "ro": "ro_RO", "ar": "ar_SA"}


@dataclass(frozen=True)
class Persona:
    """A shopper's name, address and order."""

    first_name: str
    last_name: str
    email: str
    order: str
    language: str


@functools.cache
def _faker(language: str) -> Faker:
    return Faker(LOCALES[language])


def mark_of(contact_id: str, marker_key: str) -> str:
    """Return the 12 hex digits that mark a contact for the owner of the desk."""
    return hashlib.blake2b(contact_id.encode(), key=marker_key.encode()[:64], digest_size=6).hexdigest()


def make_persona(customer_id: str, contact_id: str, language: str, marker_key: str) -> Persona:
    """Invent a persona: the same customer is always the same person."""
    faker = _faker(language)
    faker.seed_instance(int.from_bytes(hashlib.blake2b(customer_id.encode(), digest_size=8).digest(), "big"))
    first_name, last_name = faker.first_name(), faker.last_name()
    plain = unicodedata.normalize("NFKD", first_name).encode("ascii", "ignore").decode().lower()
    local = "".join(letter for letter in plain if letter.isalpha()) or "customer"
    email = f"{local}.{mark_of(contact_id, marker_key)}@example.org"
    return Persona(first_name, last_name, email, f"{faker.random_int(100_000, 999_999)}", language)
