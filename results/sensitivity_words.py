"""How a sensitivity analysis is told: inputs, ranges, sentences and rows that the page and the terminal share.

Reads plain values as run.json has them (`results.sensitivity.Sensitivity.facts`). Decides nothing and reckons nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from results.sensitivity import REST
from results.terminal import grid
from results.whatif_words import change_text, figure_name, key_name, value_text
from results.words import NOTHING, listed

Facts = Mapping[str, Any]

CANNOT_TELL = "cannot tell"
NOT_PLAYED = "not played that far"

PARTS = ("day-to-day chance", "not knowing the inputs", "too few runs")

STRONG, SOME = 0.5, 0.1
"""From these shares on an input is most of what inputs do to a figure, and some of it."""


def input_name(one: Facts) -> str:
    """Name an input for people who plan."""
    return str(one["says"] or one["path"])


def known_text(one: Facts) -> str:
    """Say what is known of an input."""
    known = one["known"]
    if "mean" in known:
        spread = f"cv {known['cv']:g}" if "cv" in known else f"sd {known['sd']:g}"
        text = f"about {known['mean']:g}, {spread}"
    else:
        likeliest = f", most likely {known['mode']:g}" if "mode" in known else ""
        text = f"{known['low']:g} to {known['high']:g}{likeliest}"
    return f"× {text}" if one["is_factor"] else text


def end_text(one: Facts, end: str) -> str:
    """Write the low or high end of an input."""
    return f"{'× ' if one['is_factor'] else ''}{one[end]:.3g}"


def drawn_name(facts: Facts, name: str) -> str:
    """Name what an index is of: an input, or those that the screening has left out."""
    if name == REST:
        return REST
    return input_name(next(one for one in facts["inputs"] if one["path"] == name))


def ranked(facts: Facts, figure: Facts) -> list[tuple[str, Facts]]:
    """Return what indices are of, with the index, what matters most first; nothing where none can be told."""
    pairs = zip(facts["drawn"], figure["indices"] or (), strict=bool(figure["indices"]))
    return sorted(pairs, key=lambda pair: -float(pair[1]["total"]))


def index_of(facts: Facts, figure: Facts, path: str) -> Facts | None:
    """Return the index of an input; None where it has none of its own, or none can be told."""
    return next((index for name, index in ranked(facts, figure) if name == path), None)


def by_span(facts: Facts, figure: Facts) -> list[tuple[Facts, Facts]]:
    """Return the inputs with their swings, the widest first."""
    pairs = [(one, swing) for one, swing in zip(facts["inputs"], figure["swings"], strict=True) if swing is not None]
    return sorted(pairs, key=lambda pair: -abs(float(pair[1]["span"][0])))


def share_text(value: float) -> str:
    """Write a share of what inputs do, which is none below 0 and no more than all."""
    bounded = min(max(value, 0.0), 1.0)
    return "under 1 %" if bounded < 0.01 else f"{100 * bounded:.0f} %"


def index_text(index: Facts | None, order: str) -> str:
    """Write an index with its interval."""
    if index is None:
        return NOTHING
    low, high = share_text(index[f"{order}_low"]), share_text(index[f"{order}_high"])
    return f"{share_text(index[order])} ({low} to {high})"


def range_text(band: Sequence[float], figure: Facts, currency: str | None) -> str:
    """Write a band in a figure's unit; what cannot be below 0 is not."""
    low, high = (max(float(end), 0.0) for end in band)
    if figure["unit"] == "share":
        low, high = min(low, 1.0), min(high, 1.0)
    return f"{value_text(low, figure['unit'], currency)} to {value_text(high, figure['unit'], currency)}"


def period(days: int) -> str:
    """Say what one replication covers."""
    return "a day" if days == 1 else f"{days} days"


def sentence_of(facts: Facts, figure: Facts) -> str:
    """Say how unsure a figure is, why, and what would help."""
    split = figure["split"]
    if split is None:
        return f"What makes it unsure was {NOT_PLAYED}."
    if not split["shares"]:
        return f"It is {value_text(split['mean'], figure['unit'], facts['currency'])}, whatever the inputs and the day."
    lies = f"On {period(facts['days'])} it lies between {_ends(split, figure, facts['currency'])}, nine times in ten"
    chance, inputs, runs = split["shares"]
    if not split["knows_inputs"]:
        return (
            f"{lies}. That is day-to-day chance; what not knowing the inputs adds cannot be told from it. "
            f"{_runs(split)}"
        )
    most = "Most of that is" if max(chance, inputs, runs) >= STRONG else "The largest part is"
    parts = sorted(zip((chance, inputs, runs), PARTS, strict=True), reverse=True)
    told = f"{most} {parts[0][1]} ({share_text(parts[0][0])}); {parts[1][1]} is {share_text(parts[1][0])}"
    return f"{lies}. {told}. {_culprit(facts, figure)}{_runs(split)}"


def brief_of(facts: Facts, figure: Facts) -> str:
    """Say the same in few words."""
    split = figure["split"]
    if split is None or not split["shares"]:
        return sentence_of(facts, figure)
    lies = f"{range_text(split['day'], figure, facts['currency'])} on {period(facts['days'])}"
    if not split["knows_inputs"]:
        return f"{lies}; what the inputs do to it cannot be told from day-to-day chance"
    names = [f"{drawn_name(facts, name)} ({share_text(index['total'])})" for name, index in _strong(facts, figure)]
    mostly = f", mostly: {listed(names[:2])}" if names else ""
    return f"{lies}; {share_text(split['shares'][1])} of it is {PARTS[1]}{mostly}"


def _strong(facts: Facts, figure: Facts) -> list[tuple[str, Facts]]:
    return [(name, index) for name, index in ranked(facts, figure) if index["total"] >= SOME]


def _ends(split: Facts, figure: Facts, currency: str | None) -> str:
    return range_text(split["day"], figure, currency).replace(" to ", " and ", 1)


def _culprit(facts: Facts, figure: Facts) -> str:
    """Say which inputs it is that are not known."""
    strong = _strong(facts, figure)
    if not strong:
        return ""
    names = listed([f"{drawn_name(facts, name)} ({share_text(index['total'])})" for name, index in strong[:3]])
    return f"Of what the inputs do, most has to do with: {names}. "


def _runs(split: Facts) -> str:
    narrower = share_text(split["narrower"])
    return f"More runs would narrow it by {narrower}."


def headline(facts: Facts) -> str:
    """Say which belief matters most."""
    if not facts["drawn"] or not any(figure["split"] for figure in facts["figures"]):
        return f"{len(facts['inputs'])} uncertain inputs: interrupted before it could be told which matter"
    first = [ranked(facts, figure)[0][0] for figure in facts["figures"] if figure["indices"]]
    if not first:
        return f"What {len(facts['inputs'])} uncertain inputs do cannot be told from day-to-day chance"
    name = max(dict.fromkeys(first), key=first.count)
    of = f"{first.count(name)} of {len(facts['figures'])} figures"
    return f"{drawn_name(facts, name)}: of {len(facts['inputs'])} beliefs the one that matters most, to {of}"


def how_sure(facts: Facts) -> str:
    """Say how it was played."""
    rows = f"{facts['rows']} rows of sets of inputs for the shares, {facts['trajectories']} courses for the screening"
    return (
        f"{facts['evaluations']:,} evaluations, each a set of inputs played over {period(facts['days'])}: {rows}. "
        f"What is compared was played on the same luck, {facts['replications']} lucks each, so that chance is not "
        "taken for effect. Intervals hold at 95 % each."
    )


def swing_text(swing: Facts | None, figure: Facts, currency: str | None) -> str:
    """Write by how much a figure moves from an input's low end to its high end."""
    if swing is None:
        return NOTHING
    middle, low, high = (change_text(one, figure["unit"], currency) for one in swing["span"])
    return f"{middle} ({low} to {high})"


def screened_text(screened: Facts | None) -> str:
    """Say what the screening says of an input."""
    if screened is None:
        return NOTHING
    if not screened["told"]:
        return "may be chance"
    return "moves it, not evenly" if screened["sigma"] > screened["mu_star"] else "moves it"


def sensitivity_text(facts: Facts) -> str:
    """Return what a terminal shows: a sentence and a table for each figure."""
    parts = [headline(facts)]
    for figure in facts["figures"]:
        parts.append(
            f"{figure_name(figure)} ({key_name(figure)})\n{sentence_of(facts, figure)}\n{_table(facts, figure)}"
        )
    if facts["rest"]:
        names = {one["path"]: input_name(one) for one in facts["inputs"]}
        parts.append(f"{REST}: {listed([names[path] for path in facts['rest']])}")
    return "\n\n".join([*parts, how_sure(facts)])


def _table(facts: Facts, figure: Facts) -> str:
    head = ("input", "low", "high", "figure at low", "at high", "difference (95 %)", "share of what inputs do")
    return grid(head, list(_cells(facts, figure)), right=(1, 2, 3, 4, 5, 6))


def _cells(facts: Facts, figure: Facts) -> Iterator[tuple[str, ...]]:
    currency, unit = facts["currency"], figure["unit"]
    for one, swing in by_span(facts, figure):
        yield (
            input_name(one), end_text(one, "low"), end_text(one, "high"),
            value_text(swing["at_low"], unit, currency), value_text(swing["at_high"], unit, currency),
            swing_text(swing, figure, currency) if swing["told"] else f"{CANNOT_TELL} from 0",
            total_text(facts, figure, one["path"]),
        )  # fmt: skip
    if REST in facts["drawn"]:
        yield REST, *[""] * 5, total_text(facts, figure, REST)


def total_text(facts: Facts, figure: Facts, path: str) -> str:
    """Write the total index of an input, or why there is none."""
    if figure["split"] is None:
        return NOT_PLAYED
    if figure["indices"] is None:
        return CANNOT_TELL
    if path not in facts["drawn"]:
        return f"with {REST}"
    return index_text(index_of(facts, figure, path), "total")
