"""Promises: who commits to what by when; and what sounds like one and is none."""

import datetime

import pytest

from probes.scoring.due import BusinessHours
from probes.scoring.promises import promises_of

TUESDAY = datetime.datetime(2026, 3, 10, 10, 20, tzinfo=datetime.UTC)


def told(reply: str, language: str = "en") -> list[str]:
    """Return promises as `kind` or `kind due`."""
    found = promises_of(reply, language, TUESDAY, BusinessHours())
    return [f"{one.kind} {one.due:%d %H:%M}" if one.due else one.kind for one in found]


@pytest.mark.parametrize(
    ("language", "reply", "wanted"),
    [
        ("en", "I'll call you back within two hours.", ["firm 10 12:20"]),
        ("en", "The engineer will be with you on Thursday morning.", ["firm 12 12:00"]),
        ("en", "We'll let you know as soon as we can.", ["vague"]),
        ("en", "I'll check today, and you'll have the refund by Friday.", ["firm 10 18:00", "firm 13 18:00"]),
        ("it", "La richiamo io domani mattina.", ["firm 11 12:00"]),
        ("it", "Riceverà l'esito entro venerdì.", ["firm 13 18:00"]),
        ("ro", "Vă sun eu mâine până la ora 12.", ["firm 11 12:00"]),
        ("ro", "Vă scriu mâine până la 14 dacă rămâne poza.", ["firm 11 14:00"]),
        ("it", "Domani mattina, alle 9, la richiamo io.", ["firm 11 09:00"]),
        ("en", 'The 32" TV is here. I will call you back tomorrow at nine. The 40" too.', ["firm 11 09:00"]),
        ("en", "I'll call you back within 10000 years.", ["vague"]),
        ("ro", "Veți primi banii în 5 zile lucrătoare.", ["firm 17 18:00"]),
        ("ar", "سنتصل بك خلال ساعتين.", ["firm 10 12:20"]),
    ],
)
def test_a_promise_is_heard(language: str, reply: str, wanted: list[str]) -> None:
    """Without it a way of promising could be lost while the others hide it."""
    assert told(reply, language) == wanted


@pytest.mark.parametrize(
    ("language", "reply"),
    [
        ("en", "Shall I call you back on Friday?"),
        ("en", "You have until Friday to send us the form."),
        ("en", "We are open from 9 to 6."),
        ("en", "Refunds take 5 working days."),
        ("en", "It was delivered on Monday."),
        ("it", "Ha tempo fino a venerdì per mandarmi la lettura."),
        ("it", "La nostra garanzia dura due anni."),
        ("ro", "V-am sunat la 11:40, dar nu a răspuns nimeni."),
        ("ar", "دوامنا من الأحد إلى الخميس من ٩ إلى ٦."),
    ],
)
def test_what_binds_nobody_is_no_promise(language: str, reply: str) -> None:
    """Without it opening hours and the customer's duties would be broken promises."""
    assert told(reply, language) == []
