"""Which numbers may be dialled: no emergency, short or premium number, unless the charter lists it.

The emergency numbers of the target's own country are never dialled, listed or not. Without a country every country's
count, so that an inside line called 110 must be listed. Numbers that cannot be judged (not in +… form, and no country
known) must be listed too. Names such as `support` are no numbers: the host they are dialled at is what is checked.

>>> from scenarios.target_phone import Phone
>>> why_not("support", [], None), why_not("+390612345678", [], None), why_not("+390612345678", [], "IT")
('', '', '')
>>> why_not("118", ["118"], "IT")
'118 is an emergency number'
>>> why_not("+39 899 123 456", [], None)
'+39 899 123 456 is a premium number; the charter lists no such number'
>>> why_not("2001", [], None), why_not("2001", ["2001"], None)
('2001 is a short number; the charter lists no such number', '')
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

from probes.guard import RefusedByCharterError
from scenarios.charter import Charter

SHORT_DIGITS_MOST = 6
NUMBER = re.compile(r"^[+]?[\d\s().*#/-]*\d[\d\s().*#/-]*$")


def check_number(number: str, charter: Charter, region: str | None = None) -> None:
    """Refuse a number that may not be dialled.

    Args:
        number: what stands before the @ of a SIP address.
        charter: its `numbers` are those that may be dialled all the same.
        region: the country whose numbers they are, such as IT.

    Raises:
        RefusedByCharterError: saying which number and why.
    """
    found = why_not(number, getattr(charter, "numbers", None) or [], region)
    if found:
        raise RefusedByCharterError(f"the charter does not allow this number: {found}")


def why_not(number: str, listed: Sequence[str], region: str | None) -> str:
    """Say why a number may not be dialled; nothing where it may."""
    number = unquote(number).split(";")[0].strip()
    if not NUMBER.match(number):
        return ""
    if region is not None and _is_emergency(number, (region,)):
        return f"{number} is an emergency number"
    if _plain(number) in {_plain(entry) for entry in listed}:
        return ""
    found = _kind(number, region)
    return f"{number} {found}; the charter lists no such number" if found else ""


def _kind(number: str, region: str | None) -> str:
    import phonenumbers

    if region is None and _is_emergency(number, sorted(phonenumbers.SUPPORTED_SHORT_REGIONS)):
        return "is an emergency number"
    if len(re.sub(r"\D", "", number)) <= SHORT_DIGITS_MOST:
        return "is a short number"
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return "cannot be judged"
    kind = phonenumbers.number_type(parsed)
    kinds = phonenumbers.PhoneNumberType
    if kind in (kinds.PREMIUM_RATE, kinds.SHARED_COST):
        return "is a premium number"
    if phonenumbers.is_valid_short_number(parsed):
        return "is a short number"
    return "" if phonenumbers.is_possible_number(parsed) else "is no possible number"


def _is_emergency(number: str, regions: Sequence[str]) -> bool:
    import phonenumbers

    digits = re.sub(r"[^\d+]", "", number)
    return any(phonenumbers.connects_to_emergency_number(digits, region) for region in regions)


def _plain(number: str) -> str:
    return re.sub(r"[^\d+*#]", "", number)
