"""The facts of replies in four languages: typed, normalised, with their words; and what looks like one and is none."""

import os
import subprocess
import sys

import pytest

from probes.scoring.facts import duration_words, facts_of
from probes.scoring.published import CORPORA


def told(reply: str, language: str) -> set[str]:
    """Return facts as `type value` or `type polarity`."""
    return {f"{fact.type} {fact.shown()}" for fact in facts_of(reply, language)}


@pytest.mark.parametrize(
    ("language", "reply", "wanted"),
    [
        ("en", "It's £9.99 a month, cancel any time.", "money 9.99 GBP"),
        ("en", "that's nine ninety-nine, euros", "money 9.99 EUR"),
        ("en", "There's no charge for that.", "money 0"),
        ("en", "We'll refund you within 5 working days.", "duration within 5 working days"),
        ("en", "It takes three to five days.", "duration 3 to 5 days"),
        ("en", "Give us at least two days' notice.", "duration at least 2 days"),
        ("en", "Please reply by 15 October 2026.", "deadline 2026-10-15"),
        ("en", "It'll be fixed by six o'clock this evening.", "deadline today 18:00"),
        ("en", "less an excess of ten per cent", "percentage 10 %"),
        ("en", "Ring us on 0800 157 0142.", "phone 08001570142"),
        ("en", "Write to help@brightwave.co.uk.", "email help@brightwave.co.uk"),
        ("en", "See brightwave.co.uk/help for more.", "url brightwave.co.uk/help"),
        ("en", "Give us a ring and we'll sort it.", "channel phone"),
        ("en", "You must keep the receipt.", "obligation must"),
        ("en", "You don't need to do anything.", "obligation need_not"),
        ("en", "You mustn't unplug it.", "obligation must_not"),
        ("en", "You are entitled to a refund.", "eligibility yes"),
        ("en", "Sale items can't be returned.", "eligibility no"),
        ("en", "Your parcel is out for delivery.", "order_state in_transit"),
        ("it", "Sono 1.249,99 euro.", "money 1,249.99 EUR"),
        ("it", "Costa trentasei euro e quindici.", "money 36.15 EUR"),
        ("it", "Entro 14 giorni lavorativi.", "duration within 14 working days"),
        ("it", "Non deve fare nulla.", "obligation need_not"),
        ("it", "Ha diritto al rimborso.", "eligibility yes"),
        ("it", "Il pacco è in consegna.", "order_state in_transit"),
        ("it", "Ci chiami al numero verde.", "channel phone"),
        ("ro", "Taxa este de 258 de lei.", "money 258 RON"),
        ("ro", "nu tre sa platiti nimic", "obligation need_not"),
        ("ro", "Poate dura 3-5 zile lucrătoare.", "duration 3 to 5 working days"),
        ("ro", "Comanda dvs. a fost livrată.", "order_state delivered"),
        ("ro", "Reducere de 20 la sută.", "percentage 20 %"),
        ("ar", "المبلغ ٢٠٠ جنيه.", "money 200 EGP"),
        ("ar", "خلال ساعتين.", "duration within 2 hours"),
        ("ar", "خصم ١٥٪ حتى منتصف الليل.", "percentage 15 %"),
        ("ar", "لا داعي لإحضار الفاتورة.", "obligation need_not"),
        ("ar", "تم إلغاء طلبك.", "order_state cancelled"),
        ("en", "It's twelve and a half per cent service.", "percentage 12.5 %"),
        ("it", "Il tasso è fisso al tre virgola nove per cento.", "percentage 3.9 %"),
        ("it", "Sale dal 4 al 4,8 per cento.", "percentage 4 %"),
        ("it", "Viene due euro e mezzo.", "money 2.50 EUR"),
        ("it", "Esci gratis entro il primo mese.", "duration within 1 month"),
        ("ro", "Dobânda e zero virgulă zero cinci la sută.", "percentage 0.05 %"),
        ("ro", "Plecarea e vineri, ora 6:30.", "deadline Friday 06:30"),
        ("ar", "تأخرت ثلاث ساعات إلا ربع.", "duration 165 minutes"),
        ("ar", "تبقى لك أحد عشر يوماً.", "duration 11 days"),
    ],
)
def test_a_fact_is_read(language: str, reply: str, wanted: str) -> None:
    """Without it a way of telling a fact could be lost while the others hide it."""
    assert wanted in told(reply, language)


@pytest.mark.parametrize(
    ("language", "reply"),
    [
        ("en", "ok so your router is model HX-5500 rev 2 and the serial ends 0093."),
        ("en", "Reception is open 24/7, your room 214 is on the 2nd floor."),
        ("en", "I agree 100 %."),
        ("it", "La camera 214 è al 2° piano, la reception è aperta 24 ore su 24."),
        ("ro", "Comanda dvs. are numărul 4471902 și conține 3 produse."),
        ("ar", "رمز التفعيل ٥٥٩٠١٣"),
    ],
)
def test_numbers_that_are_no_facts_are_left_alone(language: str, reply: str) -> None:
    """Without it every order number would be money and every room a deadline."""
    assert told(reply, language) == set()


def test_a_denial_is_no_assertion() -> None:
    """Without it `you don't have to` would also be `you have to`."""
    found = [fact for fact in facts_of("You don't have to send it back.", "en") if fact.type == "obligation"]
    assert [fact.polarity for fact in found] == ["need_not"]


def test_a_quote_is_what_was_written() -> None:
    """Without it a clash would be shown in words that nobody said."""
    reply = "Hi! It’s THIRTY pounds — you needn’t ring."
    for fact in facts_of(reply, "en"):
        assert reply[fact.start : fact.end] == fact.quote


def test_every_process_reads_the_same() -> None:
    """Without it a verdict could flip between runs, as sets are ordered differently in each process."""
    script = (
        "import json, sys; from probes.scoring.conduct import conduct_of; from probes.scoring.facts import facts_of\n"
        "for line in sys.stdin:\n"
        "    said = json.loads(line)\n"
        "    found = [*facts_of(said['text'], said['lang']), *conduct_of(said['text'], said['lang'])]\n"
        "    print([str(one) for one in found])"
    )
    files = sorted((CORPORA / "tuning").glob("conduct_??.jsonl"))
    lines = "".join(line for path in files for line in path.open(encoding="utf-8").readlines()[:10])
    told = {
        subprocess.run(
            [sys.executable, "-c", script], input=lines, capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(told) == 1
    assert told.pop().count("\n") == 40


def test_durations_are_told_in_words() -> None:
    """Without it a page would show 432,000 seconds."""
    assert duration_words({"min_s": 0, "max_s": 432000, "calendar": "working"}) == "within 5 working days"
    assert duration_words({"min_s": 3600, "max_s": 3600, "calendar": "hours"}) == "1 hour"
    assert duration_words({"min_s": 172800, "max_s": None, "calendar": "calendar"}) == "at least 2 days"
