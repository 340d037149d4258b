"""How numbers of customers, people and money are written: as many digits as they deserve, and nothing as 0 that is not.

>>> number_text(38.42), number_text(3.81), number_text(12_345.6), number_text(0.02), number_text(-4.0)
('38', '3.8', '12,300', 'under 0.1', '−4.0')
>>> money_text(12_345.6, "EUR"), money_text(1_234_567.0, "USD"), money_text(-80.0, None), money_text(0.2, "EUR")
('EUR 12,300', 'USD 1.23 million', '−80', 'EUR under 1')
>>> band_text((31.2, 1044.9)), band_text((1.2e6, 1.6e6), "USD")
('31 to 1,040', 'USD 1.2 to 1.6 million')
"""

from __future__ import annotations

import math

from results.loss_bands import Band
from results.words import NOTHING

MILLION, BILLION = 1e6, 1e9


def number_text(value: float | None) -> str:
    """Write a mean count: one decimal below 10, else three digits that count."""
    if value is None or not math.isfinite(value):
        return NOTHING
    sign, size = ("−" if value < 0 else ""), abs(value)
    if size == 0:
        return "0"
    if size < 0.05:
        return f"{sign}under 0.1"
    if size < 9.95:
        return f"{sign}{size:.1f}"
    return f"{sign}{_rounded(size):,.0f}"


def _rounded(size: float) -> float:
    digits = 2 - math.floor(math.log10(size))
    return round(size, min(digits, 0))


def money_text(value: float | None, currency: str | None) -> str:
    """Write an amount of money with its currency, in millions where there are some."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return _with(currency, "−" if value < 0 else "", _size(abs(value), abs(value)))


def _size(size: float, largest: float) -> str:
    for unit, word in ((BILLION, " billion"), (MILLION, " million")):
        if largest >= unit:
            return f"{size / unit:.3g}{word}"
    return f"{_rounded(size):,.0f}" if size >= 0.5 else "under 1" if size else "0"


def _with(currency: str | None, sign: str, text: str) -> str:
    return f"{sign}{currency} {text}" if currency else f"{sign}{text}"


def price_text(value: float, currency: str | None) -> str:
    """Write what one thing costs: with cents where there are some.

    >>> price_text(3.5, "EUR"), price_text(120.0, "EUR")
    ('EUR 3.50', 'EUR 120')
    """
    return _with(currency, "", f"{value:,.0f}" if value == round(value) else f"{value:,.2f}")


def band_text(band: Band, currency: str | None = None, is_money: bool | None = None) -> str:
    """Write a band, of money where a currency is given (or `is_money`), its unit once."""
    low, high = band
    if not (currency or is_money):
        return f"{number_text(low)} to {number_text(high)}"
    largest = max(abs(low), abs(high))
    texts = [f"{'−' if end < 0 and _size(abs(end), largest) != '0' else ''}{_size(abs(end), largest)}" for end in band]
    for word in (" billion", " million"):
        texts[0] = texts[0].removesuffix(word)
    return _with(currency, "", f"{texts[0]} to {texts[1]}")
