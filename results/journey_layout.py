"""Where the nodes and flows of a journey map lie: pure arithmetic, in the drawing's own units.

Customers are drawn to one scale in all columns. A node is given at least the room of its label, so a small one has air
around its bar. Nodes that are no ends stand where few flows cross; ends stand from good to bad.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results.journey_map import AFTER_ALL, CAME_BACK, COLUMNS, END, HOW_ENDED, NOT_BACK, OTHERS, Flow, JourneyMap, Node
from results.journey_words import END_NAMES

WIDTH, HEIGHT, TOP = 1072.0, 640.0, 34.0
"""The drawing; above TOP stand the names of columns."""
BAR, ROOM_RIGHT, ROOM_LABEL, GAP = 12.0, 176.0, 34.0, 8.0

_ENDS = {f"{END}{name}": rank for rank, name in enumerate(END_NAMES)}
_SWEEPS = 3

Sizes = Mapping[str, float]
"""How many customers each node of a column has."""


@dataclass(frozen=True)
class PlacedNode:
    """A node's bar."""

    node: Node
    x: float
    y: float
    height: float

    @property
    def middle(self) -> float:
        """The height at which its label stands."""
        return self.y + self.height / 2


@dataclass(frozen=True)
class PlacedFlow:
    """A flow: where its middle leaves one bar and arrives at the other, and how thick it is."""

    flow: Flow
    x_source: float
    y_source: float
    x_target: float
    y_target: float
    thickness: float


@dataclass(frozen=True)
class Layout:
    """A map laid out; `height` is that of the drawing."""

    nodes: tuple[PlacedNode, ...]
    flows: tuple[PlacedFlow, ...]
    height: float


def laid_out(drawn: JourneyMap) -> Layout:
    """Lay a map out. It must have nodes."""
    sizes = [
        {node.key: node.figures.customers for node in drawn.nodes_in(column)} for column in range(len(COLUMNS))
    ]  # fmt: skip
    scale = _scale(sizes)
    tops = [_tops(order, own, scale) for order, own in zip(_orders(drawn, sizes, scale), sizes, strict=True)]
    nodes = {
        (node.column, node.key): PlacedNode(
            node, x_of(node.column), tops[node.column][node.key], node.figures.customers * scale
        )
        for node in drawn.nodes
    }
    bottom = max(max(one.y + one.height, one.middle + ROOM_LABEL / 2) for one in nodes.values())
    return Layout(tuple(nodes.values()), tuple(_flows(drawn.flows, nodes, scale)), bottom + 6)


def x_of(column: int) -> float:
    """Return where a column's bars begin, from the left."""
    return 2 + column * (WIDTH - ROOM_RIGHT - BAR) / (len(COLUMNS) - 1)


def _room(customers: float, scale: float) -> float:
    return max(customers * scale, ROOM_LABEL)


def _scale(sizes: Sequence[Sizes]) -> float:
    """Return how many units a customer takes, so that the fullest column fills the height."""
    low, high = 0.0, HEIGHT / max(sum(column.values()) for column in sizes)
    for _ in range(60):
        middle = (low + high) / 2
        full = max(sum(_room(n, middle) for n in column.values()) + GAP * (len(column) - 1) for column in sizes)
        low, high = (low, middle) if full > HEIGHT - TOP else (middle, high)
    return low


def _tops(order: Sequence[str], sizes: Sizes, scale: float) -> dict[str, float]:
    """Return where the bars of a column begin, from above, each in the middle of its room."""
    tops, y = {}, TOP
    for name in order:
        room = _room(sizes[name], scale)
        tops[name] = y + (room - sizes[name] * scale) / 2
        y += room + GAP
    return tops


def _orders(drawn: JourneyMap, sizes: Sequence[Sizes], scale: float) -> list[list[str]]:
    """Return each column's nodes from above to below."""
    orders = [sorted(column, key=lambda name: name == OTHERS) for column in sizes]
    for column in (HOW_ENDED, AFTER_ALL):
        orders[column].sort(key=lambda name: (_ENDS.get(name, len(_ENDS)), name))
    orders[CAME_BACK].sort(key=lambda name: (name != NOT_BACK, name == OTHERS))
    for _ in range(_SWEEPS):
        for column in (1, 2, 0):
            pulls = dict.fromkeys(orders[column], 0.0)
            for beside in {0: (1,), 1: (0, 2), 2: (1, 3)}[column]:
                tops = _tops(orders[beside], sizes[beside], scale)
                centres = {name: top + sizes[beside][name] * scale / 2 for name, top in tops.items()}
                _pull(pulls, drawn, column, beside, centres)
            orders[column] = _by_pull(pulls, sizes[column])
    return orders


def _pull(pulls: dict[str, float], drawn: JourneyMap, column: int, beside: int, centres: Mapping[str, float]) -> None:
    """Add, for each node, the places in the column beside it that its customers have."""
    for flow in drawn.flows_from(min(column, beside)):
        here, there = (flow.target, flow.source) if beside < column else (flow.source, flow.target)
        pulls[here] += centres[there] * flow.figures.customers


def _by_pull(pulls: Mapping[str, float], sizes: Sizes) -> list[str]:
    return sorted(pulls, key=lambda name: (name == OTHERS, pulls[name] / sizes[name], name))


def _flows(flows: Sequence[Flow], nodes: Mapping[tuple[int, str], PlacedNode], scale: float) -> list[PlacedFlow]:
    """Return the flows, each beside the next at both of its bars, in the order of the bars at its other end."""
    rows = [(flow, nodes[flow.column, flow.source], nodes[flow.column + 1, flow.target]) for flow in flows]
    next_out = {key: node.y for key, node in nodes.items()}
    next_in = dict(next_out)
    leaves_at = {}
    for flow, source, _ in sorted(rows, key=lambda row: (row[1].x, row[1].y, row[2].y)):
        leaves_at[flow] = next_out[flow.column, source.node.key]
        next_out[flow.column, source.node.key] += flow.figures.customers * scale
    placed = []
    for flow, source, target in sorted(rows, key=lambda row: (row[2].x, row[2].y, row[1].y)):
        thickness = flow.figures.customers * scale
        arrives_at = next_in[flow.column + 1, target.node.key]
        next_in[flow.column + 1, target.node.key] += thickness
        y_source, y_target = leaves_at[flow] + thickness / 2, arrives_at + thickness / 2
        placed.append(PlacedFlow(flow, source.x + BAR, y_source, target.x, y_target, thickness))
    return placed
