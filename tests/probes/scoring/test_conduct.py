"""Conduct: what a turn shows, with the turns before it; and near twins that do not show it."""

import pytest

from probes.desk.phrases import read_phrases
from probes.scoring.conduct import Turn, conduct_of
from scenarios.conduct_labels import GATES, LABELS


def seen(reply: str, language: str = "en", said: str = "", channel: str = "chat") -> set[str]:
    """Return the labels of a reply to what a customer said."""
    before = [Turn("customer", said)] if said else []
    return {one.label for one in conduct_of(reply, language, before, channel)}


@pytest.mark.parametrize(
    ("label", "language", "reply", "said"),
    [
        ("greeting", "en", "Good morning Mrs Ray, how can I help?", ""),
        ("apology", "en", "I'm so sorry about that.", ""),
        ("thanks", "en", "Thank you for your patience.", ""),
        ("upsell_over_open_problem", "en", "While you wait, can I interest you in our Premium plan for £5 more?",
            "my internet has been down since Friday"),
        ("deflect_website", "en", "You'll find all that on our website.", "how do I change my address"),
        ("deflect_channel", "en", "You'll have to ring us for that.", "can I cancel here"),
        ("transfer_announced", "en", "I'm putting you through to a colleague.", "hello"),
        ("asks_again", "en", "May I have your order number, please?", "Hi, order 10044821, the lamp is broken"),
        ("automatic_reply", "en", "This is an automatic reply. We have received your message.", ""),
        ("bot", "en", "Hi, I'm Robbie, your virtual assistant. Choose an option.", ""),
        ("closing_anything_else", "en", "Is there anything else I can help you with?", ""),
        ("feedback_request", "en", "Could you rate this conversation?", ""),
        ("feedback_over_two_questions", "en", "Please take our survey, it has twelve questions.", ""),
        ("promise", "en", "I will call you back tomorrow before noon.", ""),
        ("greeting", "it", "Buongiorno signora Rossi, mi dica.", ""),
        ("apology", "it", "Ci scusiamo per il disagio.", ""),
        ("deflect_website", "it", "Trova tutto sul nostro sito.", "quanto costa?"),
        ("greeting", "ro", "Bună ziua, cu ce vă pot ajuta?", ""),
        ("thanks", "ro", "Vă mulțumim pentru răbdare.", ""),
        ("apology", "ro", "Ne cerem scuze pentru întârziere.", ""),
        ("greeting", "ar", "السلام عليكم، كيف أقدر أساعدك؟", ""),
        ("apology", "ar", "نعتذر عن التأخير.", ""),
        ("closing_anything_else", "ar", "هل هناك شيء آخر يمكنني مساعدتك به؟", ""),
    ],
)  # fmt: skip
def test_a_label_is_seen(label: str, language: str, reply: str, said: str) -> None:
    """Without it a label could be lost in one language while the others hide it."""
    assert label in seen(reply, language, said)


@pytest.mark.parametrize(
    ("label", "language", "reply", "said"),
    [
        ("apology", "en", "Sorry? I didn't catch that.", ""),
        ("apology", "en", "I'm sorry to hear that.", ""),
        ("thanks", "en", "Thanks to the update it works again.", ""),
        ("asks_again", "en", "May I have your order number, please?", "Hi, my lamp is broken"),
        (
            "deflect_website",
            "en",
            "The page is brightwave.co.uk/reset, I'll stay while you try it.",
            "send me the link",
        ),
        ("bot", "en", "I'm no bot, I'm Deirdre in the Galway office.", "are you a bot??"),
        ("closing_anything_else", "en", "Do you need anything else for the form? Your date of birth is missing.", ""),
        ("apology", "it", "Come dice, scusi?", ""),
        ("promise", "it", "Siamo aperti fino alle 18.", ""),
        ("promise", "ro", "Perioada de retur este de 14 zile.", ""),
    ],
)
def test_a_near_twin_is_not(label: str, language: str, reply: str, said: str) -> None:
    """Without it keywords would be taken for meaning."""
    assert label not in seen(reply, language, said)


def test_the_rehearsal_desk_has_words_for_every_label_and_those_that_decide_are_heard() -> None:
    """Without it a desk told to show a label would say something else, and its truth file would lie."""
    phrases = read_phrases().conduct
    assert set(phrases) == set(LABELS)
    for label in GATES:
        for phrase in phrases[label]:
            assert label in seen(phrase, "en", "Order 10044821 has not come."), phrase


def test_quoted_words_are_somebody_elses() -> None:
    """Without it an agent who takes back an apology would have made one."""
    assert "apology" not in seen('He wrote "we are very sorry about that" in 2019.')


def test_what_was_given_to_somebody_before_counts_too() -> None:
    """Without it a transfer that loses the story would not show."""
    before = [
        Turn("customer", "card ending 4417 is blocked since Sunday"),
        Turn("agent", "I'm passing you to the cards team"),
    ]
    labels = {one.label for one in conduct_of("Cards team. What is your card number?", "en", before)}
    assert "asks_again" in labels


def test_every_finding_has_words_of_the_reply() -> None:
    """Without it a score could rest on nothing."""
    reply = "Hello! I'm so sorry about that. Is there anything else I can help with?"
    for one in conduct_of(reply, "en"):
        assert one.quote
        assert reply[one.start : one.end] == one.quote
