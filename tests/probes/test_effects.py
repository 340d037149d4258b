import pytest

from probes.guard import Guard, RefusedByCharterError
from probes.numbers import same_number, why_never
from tests.probes.charters import charter

NEVER = {
    "112": "emergency",
    "911": "emergency",
    "+39 112": "emergency",
    "+44999": "emergency",
    "tel:118": "emergency",
    "+44 0 999": "emergency",
    "+1 1 911": "emergency",
    "+39 0112": "emergency",
    "sip:112@127.0.0.1": "emergency",
    "sip:1%31%32@127.0.0.1": "emergency",
    "SIPS:9-1-1;phone-context=+1@127.0.0.1:5060;transport=tcp": "emergency",
    "\u0661\u0661\u0662": "emergency",
    "sip:\uff11\uff11\uff12@127.0.0.1": "emergency",
    "4250": "short",
    "+1 411": "short",
    "sip:4250@pbx.example.org": "short",
    "+1 900 555 1234": "premium",
    "+39 899 123456": "premium",
    "0044 909 879 0000": "premium",
    "sip:+19005551234;user=phone@10.0.0.1": "premium",
    "+979 1 23456789": "premium",
    "+8816 12345678": "premium",
    "9005551234": "no country",
    "sip:9005551234@10.0.0.1": "no country",
    "+1 900 FLOWERS": "no number",
    "": "no number",
}


@pytest.mark.parametrize("number", NEVER)
def test_some_numbers_are_never_called_however_they_are_spelt(number: str) -> None:
    """Without it a transfer, or a slip of a digit, could ring an ambulance or cost a fortune."""
    told = why_never(number)
    assert told is not None
    assert NEVER[number] in told
    guard = Guard(charter(numbers=["+390612345678", "sip:112@127.0.0.1", "sip:+19005551234@10.0.0.1"]))
    with pytest.raises(RefusedByCharterError, match="never called"):
        guard.check_number(number)


@pytest.mark.parametrize(
    "number",
    ["+390612345678", "tel:+39-06-1234-5678", "+39 06 12345678", "sip:+390612345678@127.0.0.1:5060",
     "sip:desk@127.0.0.1", "SIP:desk@127.0.0.1:5080;transport=udp", "sip:1001@127.0.0.1"],
)  # fmt: skip
def test_a_listed_number_is_called_by_any_of_its_spellings(number: str) -> None:
    """Without it a guard that refuses every call would pass the test above."""
    Guard(charter(numbers=["+390612345678", "sip:desk@127.0.0.1", "sip:1001@127.0.0.1"])).check_number(number)


@pytest.mark.parametrize("number", ["+390612345679", "sip:other@127.0.0.1", "sip:desk@10.0.0.1", "sip:1002@127.0.0.1"])
def test_a_number_that_is_not_listed_is_not_called(number: str) -> None:
    """Without it a REFER or a misprint could have us ring somebody who never agreed."""
    guard = Guard(charter(numbers=["+390612345678", "sip:desk@127.0.0.1", "sip:1001@127.0.0.1"]))
    with pytest.raises(RefusedByCharterError, match="does not allow to call"):
        guard.check_number(number)
    with pytest.raises(RefusedByCharterError, match="it allows none"):
        Guard(charter()).check_number(number)
    assert not same_number(number, "+390612345678")


def test_mail_goes_to_listed_addresses_and_domains() -> None:
    """Without it a Reply-To could lead our mail to somebody else's mailbox."""
    guard = Guard(charter(mailboxes=["Help@desk.example.org", "@shop.example.org"]))
    for address in ("help@desk.example.org", "HELP@Desk.Example.Org", "anyone+7@shop.example.org"):
        guard.check_recipient(address)
    for address in (
        "help2@desk.example.org", "help@example.org", "a@sub.shop.example.org", "a@shop.example.org.evil.test",
        "a%evil.test@shop.example.org", "a!b@shop.example.org", '"a@evil.test"@shop.example.org',
        "a@shop.example.org\r\n", "a@evil.test, b@shop.example.org", "<a@shop.example.org>", "@shop.example.org",
        "shop.example.org", "",
    ):  # fmt: skip
        with pytest.raises(RefusedByCharterError, match="does not allow to write"):
            guard.check_recipient(address)
    with pytest.raises(RefusedByCharterError, match="it allows none"):
        Guard(charter()).check_recipient("help@desk.example.org")


def test_effects_are_those_listed() -> None:
    """Without it a journey could place an order, or post in public, on a desk that agreed to questions."""
    guard = Guard(charter(effects=["order"]))
    guard.check_effect("order")
    with pytest.raises(RefusedByCharterError, match="effect cancel; it allows order"):
        guard.check_effect("cancel")
    with pytest.raises(RefusedByCharterError, match="it allows none"):
        Guard(charter()).check_effect("public_post")


def test_reviews_are_for_a_desk_of_ones_own() -> None:
    """Without it we would write false reviews wherever somebody agreed to it."""
    Guard(charter(effects=["review"])).check_effect("review")
    with pytest.raises(RefusedByCharterError, match="of one's own"):
        Guard(charter(effects=["review"], kind="consented")).check_effect("review")


def test_speech_is_kept_only_as_the_charter_says() -> None:
    """Without it an agent could be recorded unknowingly where the law wants them told."""
    allowed = {
        (recording, notice): Guard(charter(recording=recording)).may_record(notice)
        for recording in ("none", "one_party", "all_parties_with_notice")
        for notice in (False, True)
    }
    assert allowed == {
        ("none", False): False,
        ("none", True): False,
        ("one_party", False): True,
        ("one_party", True): True,
        ("all_parties_with_notice", False): False,
        ("all_parties_with_notice", True): True,
    }
