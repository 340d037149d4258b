"""The journey map as inline SVG: flows as wide as customers are many, coloured by loss or by effort, figures beside them.

Drawn by hand, as Vega-Lite knows no such drawing; colours are the page's. Both colourings are classes of one drawing,
which the page's style chooses between. Loss is drawn without colour too: the dark part of each bar is the share that is
expected to leave. The figures of every node stand in words beside it.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from results.journey_layout import BAR, WIDTH, Layout, PlacedFlow, PlacedNode, laid_out, x_of
from results.journey_map import COLUMNS, JourneyMap
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
    layout = laid_out(drawn)
    seen = drawn.flows[drawn.flows["customers"] >= SEEN_LEAST * drawn.customers]
    loss, effort = (edges_of(seen[name].to_numpy(dtype=float)) for name in ("leave_share", "minutes"))
    return JourneyChart(
        _svg(layout, loss, effort),
        shades(loss, leave_words) if seen["leave_share"].notna().any() else (),
        shades(effort, minutes_words) if seen["minutes"].notna().any() else (),
        loss,
        effort,
    )


def edges_of(values: Sequence[float] | np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, ...]:
    """Return between which values shades change: round numbers, each about as many times the one before.

    >>> edges_of([0.05, 0.69]), edges_of([0.05, 0.05])
    ((0.08, 0.15, 0.25, 0.4), ())
    """
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known) & (known > 0)]
    if not len(known):
        return ()
    low, high = float(known.min()), float(known.max())
    found = [_nice(low * (high / low) ** (step / SHADES)) for step in range(1, SHADES)]
    return tuple(sorted({edge for edge in found if low < edge < high}))


def _nice(value: float) -> float:
    """Return the round number that is nearest, as a ratio."""
    tens = 10.0 ** math.floor(math.log10(value))
    return float(f"{min(_NICE, key=lambda one: abs(math.log(value / tens / one))) * tens:.3g}")


def shade_of(value: float, edges: Sequence[float]) -> int:
    """Return the number of a value's shade, from 1; 0 where nothing is known."""
    return 0 if not math.isfinite(value) else 1 + sum(value >= edge for edge in edges)


def shades(edges: Sequence[float], write: Callable[[float], str]) -> tuple[Shade, ...]:
    """Return the key to shades."""
    if not edges:
        return (Shade(1, "all alike"),)
    between = [f"{write(low)} to {write(high)}" for low, high in zip(edges, edges[1:], strict=False)]
    says = [f"under {write(edges[0])}", *between, f"{write(edges[-1])} and more"]
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


def _flow(flow: PlacedFlow, loss: Sequence[float], effort: Sequence[float]) -> str:
    left, right = flow.source.x + BAR, flow.target.x
    middle = (left + right) / 2
    way = (
        f"M{left:.1f} {flow.y_source:.1f}C{middle:.1f} {flow.y_source:.1f} {middle:.1f} {flow.y_target:.1f} "
        f"{right:.1f} {flow.y_target:.1f}"
    )
    words = f"{node_words(flow.source.node)} → {node_words(flow.target.node)}: {_figures(flow)}"
    return (
        f'<path class="flow l{shade_of(flow.leave_share, loss)} e{shade_of(flow.minutes, effort)}" d="{way}" '
        f'stroke-width="{max(flow.thickness, THINNEST):.2f}"><title>{html.escape(words)}</title></path>'
    )


def _figures(one: PlacedFlow | PlacedNode) -> str:
    leave = f", {leave_words(one.leave_share)} leave" if math.isfinite(one.leave_share) else ""
    minutes = f", {minutes_words(one.minutes)} so far" if math.isfinite(one.minutes) else ""
    return f"{customers_words(one.customers)} customers{leave}{minutes}"


def _bar(node: PlacedNode) -> Iterable[str]:
    height = max(node.height, 1.0)
    words = html.escape(f"{node_words(node.node)}: {_figures(node)}")
    yield (
        f'<rect class="bar" x="{node.x:.1f}" y="{node.y:.1f}" width="{BAR:.0f}" height="{height:.1f}">'
        f"<title>{words}</title></rect>"
    )
    if math.isfinite(node.leave_share) and node.leave_share > 0:
        lost = height * min(node.leave_share, 1.0)
        yield (
            f'<rect class="lost" x="{node.x:.1f}" y="{node.y + height - lost:.1f}" width="{BAR:.0f}" '
            f'height="{lost:.1f}"/>'
        )


def _label(node: PlacedNode) -> Iterable[str]:
    x, name = node.x + BAR + 6, node_words(node.node)
    shown = name if len(name) <= NAME_MOST else f"{name[: NAME_MOST - 1]}…"
    count = customers_words(node.customers)
    leave = f" · {leave_words(node.leave_share)} leave" if math.isfinite(node.leave_share) else ""
    minutes = f" · {minutes_words(node.minutes)}" if math.isfinite(node.minutes) else ""
    yield f'<text class="name" x="{x:.1f}" y="{node.middle - 2:.1f}">{html.escape(shown)}</text>'
    yield f'<text class="told by-loss" x="{x:.1f}" y="{node.middle + 13:.1f}">{count}{html.escape(leave)}</text>'
    yield f'<text class="told by-effort" x="{x:.1f}" y="{node.middle + 13:.1f}">{count}{html.escape(minutes)}</text>'
