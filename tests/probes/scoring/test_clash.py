"""Whether two answers contradict: values, duties, rights; and what only looks as if it did."""

import pytest

from probes.scoring.clash import relation


@pytest.mark.parametrize(
    ("language", "question", "one", "other", "type_"),
    [
        ("en", "How long does it take?", "It takes 5 days.", "Fifteen days.", "duration"),
        ("en", "How much is it?", "£9.99 a month.", "It's nineteen ninety-nine, pounds, per month.", "money"),
        ("en", "How long?", "3 working days.", "Three days, weekends included.", "duration"),
        ("en", "How long does delivery take?", "It takes 7 working days.", "It takes 5 working days.", "duration"),
        ("en", "What is the rate?", "33.3 % a year.", "33.7 % a year.", "percentage"),
        ("en", "Do I need to sign?", "You need to sign it.", "You don't need to sign.", "obligation"),
        ("en", "Is it covered?", "The screen is covered.", "The screen isn't covered.", "eligibility"),
        ("en", "By when?", "By Friday.", "You have until Monday.", "deadline"),
        ("en", "Where is it?", "Your parcel is on its way.", "Your order was cancelled.", "order_state"),
        ("en", "How do I send it?", "Bring it to the shop, that's the only way.", "Send it to us by email.", "channel"),
        ("en", "Is breakfast included?", "Breakfast comes with the room.", "You'd pay for it on top.", "eligibility"),
        ("en", "How many bags can I bring?", "Two bags.", "Just the one bag.", "count"),
        ("en", "How much is a pint?", "Cider's four pounds a pint.", "It's 4.50 for a pint.", "money"),
        ("en", "Where do I hand it in?", "At the shop on Castle Street.", "Not at the shop: the kiosk.", "channel"),
        ("ar", "كيف احجز؟", "عن طريق المكتب.", "المكتب ما يحجز، من التطبيق.", "channel"),
        ("it", "Quanto costa?", "Sono 9,99 euro.", "Costa 19,99 euro.", "money"),
        ("ro", "Cât durează?", "5 zile.", "15 zile.", "duration"),
        ("ar", "كم المدة؟", "خلال ساعتين.", "خلال يومين.", "duration"),
    ],
)
def test_a_contradiction_is_found_with_both_quotes(
    language: str, question: str, one: str, other: str, type_: str
) -> None:
    """Without it five agents with five answers would look like one desk."""
    found = relation(question, one, other, language)
    assert found.relation == "contradict"
    assert found.type == type_
    assert found.quotes is not None
    assert found.quotes[0] in one
    assert found.quotes[1] in other
    assert relation(question, other, one, language).relation == "contradict", "whichever comes first"


@pytest.mark.parametrize(
    ("language", "question", "one", "other"),
    [
        ("en", "How long?", "One week.", "Seven days, Madam."),
        ("en", "What do I pay a year?", "£10 a month.", "£120 a year."),
        ("en", "How much?", "£9.99.", "It's nine pounds ninety-nine."),
        ("en", "Until when?", "Until Friday evening.", "By Friday."),
        ("it", "Preavviso?", "Un mese.", "Trenta giorni."),
        ("ro", "Ce număr aveți?", "0800 800 123", "Ne găsiți la 0800800123."),
        ("ar", "كم يستغرق؟", "ساعة ونصف.", "نحو 90 دقيقة."),
        ("en", "How can I reach you?", "You can also reach us by phone.", "You can also write to us by email."),
        ("en", "Where are the prices?", "ashgrove.example/trade", "Our website, ashgrove.example, has them."),
        ("en", "How many bags can I bring?", "Two bags.", "You can bring two."),
        ("it", "Quanto ci vuole?", "Dieci giorni lavorativi.", "Due settimane lavorative."),
        ("ro", "Cât se reține?", "o treime", "se oprește 33,3%"),
        ("ro", "Când plecăm?", "Vineri, ora 6:30.", "Vineri, la șase și jumătate."),
    ],
)
def test_the_same_answer_in_other_words_is_none(language: str, question: str, one: str, other: str) -> None:
    """Without it politeness would be a contradiction."""
    assert relation(question, one, other, language).relation == "agree"


def test_values_of_different_things_do_not_clash() -> None:
    """Without it the frame's ten years would clash with the cushions' two."""
    one, other = "The frame has a ten-year guarantee.", "The cushions have a two-year guarantee."
    assert relation("How long is the warranty?", one, other, "en").relation != "contradict"


def test_answers_in_two_languages_are_held_against_each_other() -> None:
    """Without it a desk could tell its Italian customers another price."""
    assert relation("How long?", "5 working days.", "Entro 15 giorni lavorativi.", "en", "it").relation == "contradict"
    assert (
        relation("How long?", "Within 15 working days.", "Entro 15 giorni lavorativi.", "en", "it").relation == "agree"
    )
