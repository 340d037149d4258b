"""The words of journeys: what steps, ends and figures are called on the map, in its table and in stories.

>>> node_words("team:moves_desk"), node_words("alone:bot"), node_words("end:abandoned"), node_words("back:email")
('Moves desk', 'Bot alone', 'Gave up waiting', 'By e-mail')
"""

from __future__ import annotations

import math

from results.churn_charts import share_words
from results.journey_contacts import ALONE, NOBODY, SOMEBODY, TEAM
from results.journey_map import BACK, CHANNEL, END, NOT_BACK, OTHERS
from results.words import CHANNEL_WORDS, NOTHING

END_NAMES = {
    "resolved": "Solved",
    "contained": "Solved alone",
    "promised": "Promised for later",
    "message": "Left a message",
    "callback": "Awaits a call back",
    "unresolved": "Not solved",
    "broken": "Promise broken",
    "deflected": "Sent elsewhere",
    "escalated": "Passed up",
    "closed": "Found it closed",
    "cleared_at_close": "Sent away at closing",
    "blocked": "Lines all taken",
    "balked": "Put off by the wait",
    "silent": "Left without a word",
    "abandoned": "Gave up waiting",
    "cut_off": "Cut off",
    "target_error": "The desk failed",
    "censored": "Still open",
    "untold": "End not told",
}
"""How contacts end, from well to badly; what is not known comes last."""

_BY = {"phone": "by phone", "chat": "in chat", "email": "by e-mail", "form": "by web form", "faq": "on the help pages",
       "social": "on social media", "app": "in the app", "in_person": "in person"}  # fmt: skip
_NODES = {NOBODY: "Nobody", SOMEBODY: "Team not told", OTHERS: "Others", NOT_BACK: "Did not come back"}


def plain(name: str) -> str:
    """Write a name of the scenario's as words."""
    return name.replace("_", " ").strip() or NOTHING


def by_channel(channel: str) -> str:
    """Say over which channel a contact came."""
    return _BY.get(channel, f"by {plain(channel)}")


def node_words(node: str) -> str:
    """Name a node of the map."""
    if node in _NODES:
        return _NODES[node]
    kind, _, name = node.partition(":")
    words = {
        CHANNEL: CHANNEL_WORDS.get(name, plain(name)),
        BACK: by_channel(name),
        END: END_NAMES.get(name, plain(name)),
        TEAM: plain(name),
        ALONE: f"{plain(name)} alone",
    }[f"{kind}:"]
    return words[:1].upper() + words[1:]


def customers_words(customers: float) -> str:
    """Write a mean number of customers: whole from ten on.

    >>> customers_words(21067.4), customers_words(3.0), customers_words(3.25), customers_words(0.02)
    ('21,067', '3', '3.2', 'under 0.1')
    """
    if 0 < customers < 0.1:
        return "under 0.1"
    whole = customers >= 9.95 or abs(customers - round(customers)) < 0.05
    return f"{customers:,.0f}" if whole else f"{customers:.1f}"


def minutes_words(minutes: float) -> str:
    """Write minutes of a customer's time.

    >>> minutes_words(0.42), minutes_words(12.3), minutes_words(190), minutes_words(float("nan"))
    ('under 1 min', '12 min', '3 h 10 min', '–')
    """
    if not math.isfinite(minutes):
        return NOTHING
    if 0 < minutes < 0.95:
        return "under 1 min"
    hours, rest = divmod(round(minutes), 60)
    return f"{rest} min" if not hours else f"{hours} h {rest} min" if rest else f"{hours} h"


def leave_words(share: float) -> str:
    """Write the expected share that leaves; nothing where it is not known."""
    return share_words(share) if math.isfinite(share) else NOTHING


_DESKS = ("desk", "office", "team", "line", "pages", "menu", "bot", "counter", "centre", "service")


def desk_words(team: object, channel: str = "") -> str:
    """Name who answered as a person would.

    >>> desk_words("front"), desk_words("moves_desk"), desk_words(None), desk_words(None, "faq")
    ('the front team', 'the moves desk', 'somebody', 'the help pages')
    """
    if not isinstance(team, str):
        return "the help pages" if channel == "faq" else "somebody"
    name = plain(team)
    if name.endswith("support"):
        return name
    return f"the {name}" if name.endswith(_DESKS) else f"the {name} team"


def spelt(time_s: float) -> str:
    """Write a time as one tells it.

    >>> spelt(41.4), spelt(754), spelt(7500), spelt(180_000)
    ('41 s', '13 min', '2 h 5 min', '2 days 2 h')
    """
    if time_s < 99.5:
        return f"{max(time_s, 0):.0f} s"
    minutes = round(time_s / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(time_s / 3600), 24)
    return f"{days} days {hours} h" if hours else f"{days} days"
