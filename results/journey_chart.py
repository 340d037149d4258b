"""The journey map as inline SVG: flows as wide as customers are many, coloured by loss or effort, figures beside them.

Drawn by hand, as Vega-Lite knows no such drawing; colours are the page's. Both colourings are classes of one drawing,
which the page's style chooses between. Loss is drawn without colour too: the foot of each bar, marked, is the
share that is expected to leave. The figures of every node stand in words beside it.
"""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from results.journey_layout import BAR, WIDTH, Layout, PlacedFlow, PlacedNode, laid_out, x_of
from results.journey_map import COLUMNS, Figures, JourneyMap
from results.journey_words import customers_words, leave_words, minutes_words, node_words

SHADES = 5
"""So many shades tell values apart."""
SEEN_LEAST = 0.0005
"""Flows of a smaller share of the customers do not widen the range of the shades."""
NAME_MOST = 22
THINNEST = 0.7

_NICE = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True)
class Shade:
    """A shade of the key: its number, from 1, and the values it stands for."""

    number: int
    says: str


@dataclass(frozen=True)
class JourneyChart:
    """A drawn map, with the keys to its two colourings; without a churn model there is none by loss."""

    svg: str
    by_loss: tuple[Shade, ...]
    by_effort: tuple[Shade, ...]
    loss_edges: tuple[float, ...]
    effort_edges: tuple[float, ...]


def journey_chart(drawn: JourneyMap) -> JourneyChart:
    """Draw a map that has nodes."""
    seen = [flow.figures for flow in drawn.flows if flow.figures.customers >= SEEN_LEAST * drawn.customers]
    loss, effort = edges_of([one.leave_share for one in seen]), edges_of([one.minutes for one in seen])
    return JourneyChart(
        _svg(laid_out(drawn), loss, effort),
        shades(loss, "%", 100.0) if any(math.isfinite(one.leave_share) for one in seen) else (),
        shades(effort, "min") if any(math.isfinite(one.minutes) for one in seen) else (),
        loss,
        effort,
    )


def edges_of(values: Sequence[float]) -> tuple[float, ...]:
    """Return between which values shades change: round numbers, each about as many times the one before.

    >>> edges_of([0.05, 0.69]), edges_of([0.05, 0.05])
    ((0.08, 0.15, 0.25, 0.4), ())
    """
    known = [value for value in values if math.isfinite(value) and value > 0]
    if not known:
        return ()
    low, high = min(known), max(known)
    found = [_nice(low * (high / low) ** (step / SHADES)) for step in range(1, SHADES)]
    return tuple(sorted({edge for edge in found if low < edge < high}))


def _nice(value: float) -> float:
    """Return the round number that is nearest, as a ratio."""
    tens = 10.0 ** math.floor(math.log10(value))
    return float(f"{min(_NICE, key=lambda one: abs(math.log(value / tens / one))) * tens:.3g}")


def shade_of(value: float, edges: Sequence[float]) -> int:
    """Return the number of a value's shade, from 1; 0 where nothing is known."""
    return 0 if not math.isfinite(value) else 1 + sum(value >= edge for edge in edges)


def shades(edges: Sequence[float], unit: str, times: float = 1.0) -> tuple[Shade, ...]:
    """Return the key to shades, their values times `times` in a unit.

    >>> [shade.says for shade in shades((0.08, 0.15), "%", 100)]
    ['under 8 %', '8 to 15 %', '15 % and more']
    """
    if not edges:
        return (Shade(1, "all alike"),)
    told = [f"{edge * times:g}" for edge in edges]
    between = [f"{low} to {high} {unit}" for low, high in itertools.pairwise(told)]
    says = [f"under {told[0]} {unit}", *between, f"{told[-1]} {unit} and more"]
    return tuple(Shade(number, text) for number, text in enumerate(says, start=1))


def _svg(layout: Layout, loss: Sequence[float], effort: Sequence[float]) -> str:
    wide_first = sorted(layout.flows, key=lambda flow: -flow.thickness)
    parts = [
        *_heads(),
        *(_flow(flow, loss, effort) for flow in wide_first),
        *(part for node in layout.nodes for part in _bar(node)),
        *(part for node in layout.nodes for part in _label(node)),
    ]
    return (
        f'<svg class="journey" aria-hidden="true" focusable="false" viewBox="0 0 {WIDTH:.0f} {layout.height:.0f}" '
        f'width="{WIDTH:.0f}" height="{layout.height:.0f}">{"".join(parts)}</svg>'
    )


def _heads() -> Iterable[str]:
    for column, title in enumerate(COLUMNS):
        yield f'<text class="head" x="{x_of(column):.1f}" y="16">{title}</text>'


def _flow(placed: PlacedFlow, loss: Sequence[float], effort: Sequence[float]) -> str:
    flow, middle = placed.flow, (placed.x_source + placed.x_target) / 2
    way = (
        f"M{placed.x_source:.1f} {placed.y_source:.1f}C{middle:.1f} {placed.y_source:.1f} {middle:.1f} "
        f"{placed.y_target:.1f} {placed.x_target:.1f} {placed.y_target:.1f}"
    )
    words = f"{node_words(flow.source)} → {node_words(flow.target)}: {_told(flow.figures)}"
    shade = f"l{shade_of(flow.figures.leave_share, loss)} e{shade_of(flow.figures.minutes, effort)}"
    return (
        f'<path class="flow {shade}" d="{way}" stroke-width="{max(placed.thickness, THINNEST):.2f}">'
        f"<title>{html.escape(words)}</title></path>"
    )


def _told(figures: Figures) -> str:
    leave = f", {leave_words(figures.leave_share)} leave" if math.isfinite(figures.leave_share) else ""
    minutes = f", {minutes_words(figures.minutes)} so far" if math.isfinite(figures.minutes) else ""
    return f"{customers_words(figures.customers)}{leave}{minutes}"


def _bar(placed: PlacedNode) -> Iterable[str]:
    height, figures = max(placed.height, 1.0), placed.node.figures
    words = html.escape(f"{node_words(placed.node.key)}: {_told(figures)}")
    yield (
        f'<rect class="bar" x="{placed.x:.1f}" y="{placed.y:.1f}" width="{BAR:.0f}" height="{height:.1f}">'
        f"<title>{words}</title></rect>"
    )
    if math.isfinite(figures.leave_share) and figures.leave_share > 0:
        lost = height * min(figures.leave_share, 1.0)
        yield (
            f'<rect class="lost" x="{placed.x:.1f}" y="{placed.y + height - lost:.1f}" width="{BAR:.0f}" '
            f'height="{lost:.1f}"/>'
        )


def _label(placed: PlacedNode) -> Iterable[str]:
    x, figures, name = placed.x + BAR + 6, placed.node.figures, node_words(placed.node.key)
    shown = name if len(name) <= NAME_MOST else f"{name[: NAME_MOST - 1]}…"
    count = customers_words(figures.customers)
    leave = f" · {leave_words(figures.leave_share)} leave" if math.isfinite(figures.leave_share) else ""
    minutes = f" · {minutes_words(figures.minutes)}" if math.isfinite(figures.minutes) else ""
    yield f'<text class="name" x="{x:.1f}" y="{placed.middle - 2:.1f}">{html.escape(shown)}</text>'
    for by, told in (("by-loss", leave), ("by-effort", minutes)):
        yield f'<text class="{by}" x="{x:.1f}" y="{placed.middle + 13:.1f}">{html.escape(count + told)}</text>'
