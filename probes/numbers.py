"""Numbers that are never called, whatever a charter lists: emergency, short and premium ones.

Every call and every transfer target passes here. A number is E.164 or the user part of a SIP or tel address;
separators, percent-encoding and digits of other scripts are undone first, so that no spelling slips through.
Shared-cost and freephone numbers are let through where the charter lists them; satellite networks count as premium.
A number that does not say its country could be anything: only a switchboard on this machine is given one.

>>> why_never("+1 900 555 1234"), why_never("sip:1%312@10.0.0.1"), why_never("+39 06 1234 5678")
('a premium number', 'an emergency number', None)
"""

from __future__ import annotations

import functools
import re
import unicodedata
from urllib.parse import unquote

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

from scenarios.charter_parts import canonical_host, is_loopback

SHORT_DIGITS_MOST = 6
"""A number of so few digits is a short code of somebody's; an extension only on a switchboard of this machine."""

SATELLITE = (870, 878, 881, 882, 883)
EMERGENCY_EVERYWHERE = ("112", "911", "999")


def why_never(number: str) -> str | None:
    """Return what a number is that is never called, such as an emergency number; None where it may be."""
    user, host = _parts(number)
    if not is_number(user):
        return None if host is not None else "no number"  # a name on a switchboard
    digits = re.sub(r"[^\d+]", "", user)
    if digits.startswith("00") and len(digits) > SHORT_DIGITS_MOST:
        digits = "+" + digits[2:]
    if digits.startswith("+"):
        return _why_never_abroad(digits)
    if digits in _emergency_numbers():
        return "an emergency number"
    if host is not None and is_loopback(host):
        return None
    return "a short number" if len(digits) <= SHORT_DIGITS_MOST else "a number of no country: it does not begin with +"


def is_number(user: str) -> bool:
    """Say whether the user part of an address is a number, and not a name on a switchboard."""
    user = unicodedata.normalize("NFKC", unquote(user))
    return re.search(r"\d", user) is not None and re.search(r"[a-z]", user, re.IGNORECASE) is None


def same_number(one: str, other: str) -> bool:
    """Say whether two spellings are the same number or SIP address; a number is so over any gateway."""
    wanted = call_address(other)
    return call_address(one) == wanted or (wanted.startswith("+") and _plain(_parts(one)[0]) == wanted)


def call_address(number: str) -> str:
    """Return the one spelling by which numbers and SIP addresses are compared."""
    user, host = _parts(number)
    return _plain(user) if host is None else f"sip:{_plain(user)}@{host}"


def _plain(user: str) -> str:
    return re.sub(r"[\s().-]", "", user) if re.fullmatch(r"[\s().+\d-]+", user) else user


def _parts(number: str) -> tuple[str, str | None]:
    """Return the user part, or the number, and the host where there is one; parameters are left out."""
    scheme, colon, rest = number.strip().partition(":")
    if not colon or scheme.lower() not in ("sip", "sips", "tel"):
        scheme, rest = "tel", number.strip()
    user, at, host = rest.partition("@")
    if scheme.lower() == "tel":
        user, at = rest, ""
    elif not at:
        user, host = "", rest
    user = unicodedata.normalize("NFKC", unquote(re.split(r"[;?]", user)[0].split(":")[0]))
    user = "".join(str(unicodedata.digit(letter)) if letter.isdigit() else letter for letter in user)
    if scheme.lower() == "tel":
        return user, None
    return user, canonical_host(re.sub(r":\d+$", "", re.split(r"[;?]", host)[0]))


def _why_never_abroad(digits: str) -> str | None:
    try:
        number = phonenumbers.parse(digits)
    except phonenumbers.NumberParseException:
        return "no number of any country"
    national = phonenumbers.national_significant_number(number)
    inland = {national, national.lstrip("0"), national.lstrip("1") if number.country_code == 1 else national}
    if inland & set(EMERGENCY_EVERYWHERE) or any(
        phonenumbers.is_emergency_number(digits, region) for digits in inland for region in _regions(number)
    ):
        return "an emergency number"
    too_short = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.TOO_SHORT
    if (
        too_short
        or len(national) <= SHORT_DIGITS_MOST
        or any(phonenumbers.is_valid_short_number_for_region(number, r) for r in _regions(number))
    ):
        return "a short number"
    if number.country_code in SATELLITE or phonenumbers.number_type(number) == PhoneNumberType.PREMIUM_RATE:
        return "a premium number"
    return None


def _regions(number: PhoneNumber) -> tuple[str, ...]:
    return tuple(phonenumbers.region_codes_for_country_code(number.country_code or 0))


@functools.cache
def _emergency_numbers() -> frozenset[str]:
    """Return all numbers of up to four digits that are an emergency number in some country."""
    candidates = [f"{number:0{width}d}" for width in (2, 3, 4) for number in range(10**width)]
    regions = sorted(phonenumbers.SUPPORTED_SHORT_REGIONS)
    patterns = [re.compile(pattern) for region in regions if (pattern := _emergency_pattern(region))]
    return frozenset(digits for digits in candidates if any(p.fullmatch(digits) for p in patterns))


def _emergency_pattern(region: str) -> str | None:
    from phonenumbers import PhoneMetadata

    metadata = PhoneMetadata.short_metadata_for_region(region)
    found = metadata.emergency.national_number_pattern if metadata and metadata.emergency else None
    return str(found) if found else None
