"""How losses are told: sentences and rows that the page and the terminal share.

The first screen says, in this order: how many customers are lost and what they are worth, how well that is known, the
three causes that cost most, and what to do. Decides nothing and reckons nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from results.amounts import band_text, money_text, number_text
from results.loss_bands import Band, Banded
from results.losses import UNVALUED, Losses
from results.terminal import grid
from results.words import listed, share

DAYS_OF_MONTH = 365.25 / 12

CAUSES_MOST = 3
"""So many causes stand on the first screen, and so many things to do."""

Cause = Mapping[str, Any]
"""A cause or remedy as run.json has it: name, says, do, kind, customers_kept, low, high, margin_kept, …"""

NO_CAUSES = "No cause was tried in this run, so what would keep how many is not told."


def period_words(days: float) -> str:
    """Name the period.

    >>> period_words(1), period_words(14)
    ('a day', '14 days')
    """
    return "a day" if days == 1 else f"{days:g} days"


def over_words(losses: Losses) -> str:
    """Say over how many periods the mean is, for the band of chance."""
    if losses.replications == 1:
        return f"one log of {period_words(losses.days)}"
    if losses.days == 1:
        return f"{losses.replications} simulated days"
    return f"{losses.replications} times {period_words(losses.days)}"


def chance_words(losses: Losses) -> str:
    """Say of what the band of chance is: a log is one period, and has no mean."""
    return over_words(losses) if losses.replications == 1 else f"the mean of {over_words(losses)}"


def narrows_words(losses: Losses) -> str:
    """Say what would narrow the band of chance."""
    return "Longer logs narrow" if losses.replications == 1 else "More simulated days narrow"


def headline(losses: Losses) -> str:
    """Say in a sentence how many are lost, of how many, and how many of them because of service."""
    by = f" within {losses.within_days:g} days" if losses.within_days else ""
    lost, customers = number_text(losses.lost.value), number_text(losses.customers)
    leave = "would leave, by what customers say" if only_stated(losses) else "are lost"
    return (
        f"In {period_words(losses.days)}, {lost} of {customers} customers who make contact {leave}{by}; "
        f"{_of_them(losses)} because of service"
    )


def only_stated(losses: Losses) -> bool:
    """Say whether the model knows only what customers said: no money may be shown then, of serving neither."""
    return losses.withheld is not None and losses.withheld != UNVALUED


def _of_them(losses: Losses) -> str:
    service, lost = losses.service.value, losses.lost.value
    return "none of them" if service <= 0 or not lost else f"{number_text(service)} of them"


def risk_sentence(losses: Losses) -> str:
    """Say what they take away, or why no money is shown."""
    if losses.withheld is not None or losses.margin is None:
        return losses.withheld or UNVALUED
    months = f"{losses.value_months:g} months"
    bound = "; what contracts still bind them to pay is not counted" if losses.bound else ""
    return (
        f"They take {money_text(losses.margin.value, losses.currency)} of margin and "
        f"{money_text(losses.revenue.value if losses.revenue else None, losses.currency)} of revenue with them, over "
        f"{months}{bound}."
    )


TERM_WORDS: dict[str, str] = {
    "wait_beyond_min": "waits beyond what is found right",
    "retellings": "telling the story again",
    "transfers": "being passed on",
    "cut_offs": "being cut off",
    "contradictions": "answers that contradict",
    "promises_late": "promises kept late",
    "promises_broken": "broken promises",
    "hops": "having to change the channel",
    "deflections": "being sent elsewhere",
    "unresolved": "cases that came to nothing",
    "repeats": "cases that took several contacts",
    "blamed": "being blamed",
    "kindness": "kindness",
    "apologies": "apologies",
    "compensations": "compensations",
    "proactive_calls": "calls that came unasked",
    "complaints": "complaints",
}
"""What each experience is called on a page."""

CAUSE_WORDS = {
    "unresolved": "problems not solved at once",
    "retelling": "telling the story again",
    "transfers": "being passed on",
    "cut_offs": "calls cut off",
    "promises": "promises not kept",
    "waiting": "waiting for people",
    "blame": "being blamed",
    "contradictions": "answers that contradict",
    "busy_lines": "busy lines",
    "closing": "being sent away at closing",
}
"""What each cause that the simulator tries is called."""

PARTS_MOST = 4


def parts_sentence(losses: Losses) -> str:
    """Say which experiences the model lays the losses on; what leads to a complaint is outside of any log."""
    parts = [(term, value) for term, value in losses.by_term.items() if abs(value) >= 0.05][:PARTS_MOST]
    if not parts:
        return ""
    said = listed([f"{TERM_WORDS[term]} {number_text(value)}" for term, value in parts])
    why = " What made customers complain is not among the causes." if parts[0][0] == "complaints" else ""
    return f"As the model weighs it: {said}.{why}"


def scaled_sentence(losses: Losses) -> str:
    """Say what sets the total, where it is an observed rate and no finding."""
    if losses.scaled is None:
        return ""
    return f"How many leave in all is set by what you observed: {losses.scaled}; what they leave over is reckoned."


def single_sentence(losses: Losses) -> str:
    """Say what one period alone may bring."""
    if losses.replications == 1:
        return losses.notes[0] if losses.notes else ""
    what = "One such day" if losses.days == 1 else f"{losses.days:g} such days"
    money = ""
    if losses.margin is not None:
        money = f", and {band_text(losses.margin.single, losses.currency)} of margin"
    return f"{what} alone may bring {band_text(losses.lost.single)} lost customers by chance{money}."


def figures_of(losses: Losses) -> Iterator[tuple[str, Banded, str | None]]:
    """Yield what has bands: name, the figure, its currency where it is money."""
    yield "customers lost", losses.lost, None
    yield "of these because of service", losses.service, None
    for name, figure in (
        ("margin at risk", losses.margin),
        ("revenue at risk", losses.revenue),
        ("winning as many again", losses.replacing),
    ):
        if figure is not None:
            yield name, figure, losses.currency or ""


def value_text(value: float, currency: str | None) -> str:
    """Write a value of `figures_of`."""
    return number_text(value) if currency is None else money_text(value, currency)


def figure_band(band: Band, currency: str | None) -> str:
    """Write a band of `figures_of`."""
    return band_text(band, currency, currency is not None)


def told_causes(causes: Sequence[Cause], kind: str = "cause") -> list[Cause]:
    """Return the causes, or remedies, those that keep most customers first."""
    return sorted((one for one in causes if one["kind"] == kind), key=lambda one: -float(one["customers_kept"]))


def first_causes(causes: Sequence[Cause], kind: str = "cause") -> list[Cause]:
    """Return those of them that keep anybody and stand on the first screen."""
    return [one for one in told_causes(causes, kind) if one["customers_kept"] > 0][:CAUSES_MOST]


def to_do(causes: Sequence[Cause]) -> list[Cause]:
    """Return what to do: the remedies that were tried and keep anybody, else what each of the first causes asks for."""
    return first_causes(causes, "remedy") or first_causes(causes)


def kept_text(cause: Cause) -> str:
    """Write how many customers it would keep, with the interval."""
    return f"{number_text(cause['customers_kept'])} ({band_text((cause['low'], cause['high']))})"


def margin_text(cause: Cause, losses: Losses) -> str:
    """Write which margin it would keep, with the interval; empty where money is withheld."""
    if losses.withheld is not None or cause.get("margin_kept") is None:
        return ""
    band = band_text((cause["margin_low"], cause["margin_high"]), None, True)
    return f"{money_text(cause['margin_kept'], losses.currency)} ({band})"


def price_words(cause: Cause, losses: Losses) -> str:
    """Write what a remedy costs in the period; empty where that is not told, or money is withheld."""
    monthly = cause.get("costs_month")
    if losses.withheld is not None or not monthly:
        return ""
    price = monthly * losses.days / DAYS_OF_MONTH
    kept = cause.get("margin_kept")
    more = ", more than it keeps" if kept is not None and price > kept else ""
    return f"costs {money_text(price, losses.currency)}{more}"


def cause_name(cause: Cause) -> str:
    """Name a cause as people read it."""
    name = str(cause["name"])
    return CAUSE_WORDS.get(name, name.replace("_", " ")) if cause["kind"] == "cause" else name.replace("_", " ")


def unsure_words(cause: Cause) -> str:
    """Say so where the interval does not exclude that it keeps nobody."""
    return "cannot be told from none" if cause["low"] <= 0 <= cause["high"] else ""


def share_words(cause: Cause) -> str:
    """Write which share of the losses it is."""
    told = cause.get("share_of_losses")
    return "" if told is None else share(float(told))


def losses_text(losses: Losses, causes: Sequence[Cause] = ()) -> Iterator[str]:
    """Yield the first screen for a terminal, a line or a table each."""
    yield f"{headline(losses)}."
    yield risk_sentence(losses)
    yield ""
    rows = [
        (name, value_text(one.value, currency),
         *(figure_band(band, currency) for band in (one.chance, one.coefficients, one.both)))
        for name, one, currency in figures_of(losses)
    ]  # fmt: skip
    head = (f"in {period_words(losses.days)}", "expected", "by chance (95 %)", "not knowing the coefficients", "both")
    yield grid(head, rows, right=range(1, 5))
    yield from filter(None, (scaled_sentence(losses), parts_sentence(losses)))
    yield f"By chance: {chance_words(losses)}. {single_sentence(losses)}".rstrip()
    yield ""
    yield from _causes_text(losses, causes)


def _causes_text(losses: Losses, causes: Sequence[Cause]) -> Iterator[str]:
    first = first_causes(causes)
    if not causes:
        yield NO_CAUSES
        return
    rows = [
        (cause_name(one), kept_text(one), share_words(one), margin_text(one, losses), unsure_words(one))
        for one in first
    ]  # fmt: skip
    if rows:
        head = ("what costs most customers", "kept without it (95 %)", "of all losses", "margin kept (95 %)", "")
        kept = [at for at in range(5) if at < 1 or any(row[at] for row in rows)]
        cells = [tuple(row[at] for at in kept) for row in rows]
        yield grid([head[at] for at in kept], cells, right=range(1, min(len(kept), 4)))
    steps = to_do(causes)
    if steps:
        yield ""
        yield "What to do"
        yield from (f"  {number}. {_step(one, losses)}" for number, one in enumerate(steps, start=1))


def _step(cause: Cause, losses: Losses) -> str:
    margin = margin_text(cause, losses)
    kept = f"keeps {kept_text(cause)} customers" + (f", {margin} of margin" if margin else "")
    if price := price_words(cause, losses):
        kept += f"; {price}"
    return f"{str(cause['do']).rstrip('.')}: {kept}"
