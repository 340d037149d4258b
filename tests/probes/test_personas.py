import phonenumbers
import pytest

from probes.personas import FICTIONAL_BLOCKS, LOCALES, Persona, make_persona, mark_of
from scenarios.charter_parts import PersonaMeans

KEY = "0123456789"


def customers(means: PersonaMeans | None = None, language: str = "en") -> list[Persona]:
    return [make_persona(f"c.{k}", f"c.{k}.0.1", language, KEY, means) for k in range(200)]


@pytest.mark.parametrize("language", LOCALES)
def test_what_is_invented_reaches_nobody(language: str) -> None:
    """Without it a desk's answer could go to, or its call ring, a person who has nothing to do with it."""
    for persona in customers(language=language):
        assert persona.email.endswith("@example.org")
        assert persona.mailbox is None
        assert persona.postal is None
        number = persona.number
        if language == "en":
            assert number.startswith("+441632960")
            assert len(number) == len("+441632960") + 3
        else:
            assert number is None  # no block is kept for fiction there


def test_fictional_blocks_are_whole_numbers_of_their_country() -> None:
    """Without it a digit too few would make a number that no desk accepts, or that is somebody's."""
    for locale, block in FICTIONAL_BLOCKS.items():
        number = phonenumbers.parse(block.prefix + "0" * block.digits)
        assert phonenumbers.is_possible_number(number), locale
    assert FICTIONAL_BLOCKS["en_US"].prefix[5:9] == "5550"


def test_what_the_charter_lists_is_used_and_marked() -> None:
    """Without it a shopper would wait for an answer in a mailbox that nobody can read."""
    means = PersonaMeans(
        mailboxes=["shop+{mark}@ours.example.net", "@catch.example.net"], numbers=["+390612345678"],
        postal=["1 Test Street"],
    )  # fmt: skip
    seen = set()
    for k, persona in enumerate(customers(means)):
        mark = mark_of(f"c.{k}.0.1", KEY)
        assert mark in persona.email
        assert persona.email == persona.mailbox
        assert (persona.number, persona.postal) == ("+390612345678", "1 Test Street")
        seen.add(persona.email.rpartition("@")[2])
    assert seen == {"ours.example.net", "catch.example.net"}


def test_a_customer_keeps_their_mailbox_from_try_to_try() -> None:
    """Without it a second mail about the same problem would come from a stranger."""
    means = PersonaMeans(mailboxes=[f"box{k}@ours.example.net" for k in range(9)])
    first, second = (make_persona("c.1", f"c.1.0.{attempt}", "en", KEY, means) for attempt in (1, 2))
    assert first == second
