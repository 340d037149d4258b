"""Where the nodes and flows of a journey map lie: pure arithmetic, in the drawing's own units.

Customers are drawn to one scale in all columns. A node is given at least the room of its label, so a small one has air
around its bar. Nodes that are no ends stand where few flows cross; ends stand from good to bad.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from results.journey_map import COLUMNS, END, FLOW_COLUMNS, NOT_BACK, OTHERS, JourneyMap
from results.journey_words import END_NAMES

WIDTH, HEIGHT, TOP = 1072.0, 640.0, 46.0
"""The drawing; above TOP stand the names of columns."""
BAR, ROOM_RIGHT, ROOM_LABEL, GAP = 12.0, 150.0, 34.0, 8.0

_ENDS = {f"{END}{name}": rank for rank, name in enumerate(END_NAMES)}
_SWEEPS = 3


@dataclass(frozen=True)
class PlacedNode:
    """A node's bar, and its figures."""

    column: int
    node: str
    x: float
    y: float
    height: float
    customers: float
    minutes: float
    leave_share: float

    @property
    def middle(self) -> float:
        """The height at which its label stands."""
        return self.y + self.height / 2


@dataclass(frozen=True)
class PlacedFlow:
    """A flow between two bars: the middles of its ends, and how thick it is."""

    source: PlacedNode
    target: PlacedNode
    y_source: float
    y_target: float
    thickness: float
    customers: float
    minutes: float
    leave_share: float


@dataclass(frozen=True)
class Layout:
    """A map laid out; `height` is that of the drawing."""

    nodes: tuple[PlacedNode, ...]
    flows: tuple[PlacedFlow, ...]
    height: float


def laid_out(drawn: JourneyMap) -> Layout:
    """Lay a map out. It must have nodes."""
    sizes = [_sizes(drawn.nodes, column) for column in range(len(COLUMNS))]
    scale = _scale(sizes)
    orders = _orders(drawn.flows, sizes, scale)
    nodes = {}
    for column, order in enumerate(orders):
        rows = drawn.nodes[drawn.nodes["column"] == column].set_index("node")
        for name, y in zip(order, _tops(order, sizes[column], scale), strict=True):
            row = rows.loc[name]
            nodes[column, name] = PlacedNode(
                column, name, x_of(column), y, float(row["customers"]) * scale, float(row["customers"]),
                float(row["minutes"]), float(row["leave_share"]),
            )  # fmt: skip
    bottom = max(max(node.y + node.height, node.middle + ROOM_LABEL / 2) for node in nodes.values())
    return Layout(tuple(nodes.values()), tuple(_flows(drawn.flows, nodes, scale)), bottom + 6)


def x_of(column: int) -> float:
    """Return where a column's bars begin, from the left."""
    return 2 + column * (WIDTH - ROOM_RIGHT - BAR) / (len(COLUMNS) - 1)


def _sizes(nodes: pd.DataFrame, column: int) -> dict[str, float]:
    own = nodes[nodes["column"] == column]
    return dict(zip(own["node"], own["customers"].astype(float), strict=True))


def _room(customers: float, scale: float) -> float:
    return max(customers * scale, ROOM_LABEL)


def _scale(sizes: Sequence[Mapping[str, float]]) -> float:
    """Return how many units a customer takes, so that the fullest column fills the height."""
    low, high = 0.0, HEIGHT / max(sum(column.values()) for column in sizes)
    for _ in range(60):
        middle = (low + high) / 2
        full = max(sum(_room(n, middle) for n in column.values()) + GAP * (len(column) - 1) for column in sizes)
        low, high = (low, middle) if full > HEIGHT - TOP else (middle, high)
    return low


def _tops(order: Sequence[str], sizes: Mapping[str, float], scale: float) -> list[float]:
    """Return where the bars of a column begin, from above, each in the middle of its room."""
    tops, y = [], TOP
    for name in order:
        room = _room(sizes[name], scale)
        tops.append(y + (room - sizes[name] * scale) / 2)
        y += room + GAP
    return tops


def _orders(flows: pd.DataFrame, sizes: Sequence[Mapping[str, float]], scale: float) -> list[list[str]]:
    """Return each column's nodes from above to below."""
    orders = [sorted(column, key=lambda name: (name == OTHERS, -column[name])) for column in sizes]
    for column in (3, 5):
        orders[column] = sorted(sizes[column], key=lambda name: (_ENDS.get(name, len(_ENDS)), name))
    orders[4] = sorted(sizes[4], key=lambda name: (name != NOT_BACK, name == OTHERS, -sizes[4][name]))
    for _ in range(_SWEEPS):
        for column, beside in ((1, 0), (2, 1), (0, 1)):
            centres = _centres(orders[beside], sizes[beside], scale)
            orders[column] = _pulled(flows, column, beside, centres, sizes[column])
    return orders


def _centres(order: Sequence[str], sizes: Mapping[str, float], scale: float) -> dict[str, float]:
    tops = _tops(order, sizes, scale)
    return {name: top + sizes[name] * scale / 2 for name, top in zip(order, tops, strict=True)}


def _pulled(
    flows: pd.DataFrame, column: int, beside: int, centres: Mapping[str, float], sizes: Mapping[str, float]
) -> list[str]:
    """Return a column's nodes in the order of what their flows pull them to in the column beside it."""
    here, there = ("target", "source") if beside < column else ("source", "target")
    own = flows[flows["column"] == min(column, beside)]
    pull = (own[there].map(centres).astype(float) * own["customers"].astype(float)).groupby(own[here]).sum()
    return sorted(sizes, key=lambda name: (name == OTHERS, float(pull[name]) / sizes[name], name))


def _flows(flows: pd.DataFrame, nodes: Mapping[tuple[int, str], PlacedNode], scale: float) -> list[PlacedFlow]:
    """Return the flows, each beside the next at both of its bars, in the order of the bars at its other end."""
    rows = [
        (nodes[int(column), source], nodes[int(column) + 1, target], *map(float, told))
        for column, source, target, *told in flows[list(FLOW_COLUMNS)].itertuples(index=False)
    ]
    next_at = {(node, side): node.y for node in nodes.values() for side in ("out", "in")}
    leaves_at = {}
    for source, target, customers, *_ in sorted(rows, key=lambda row: (row[0].column, row[0].y, row[1].y)):
        leaves_at[source, target] = next_at[source, "out"] + customers * scale / 2
        next_at[source, "out"] += customers * scale
    placed = []
    for source, target, customers, *told in sorted(rows, key=lambda row: (row[1].column, row[1].y, row[0].y)):
        thickness = customers * scale
        arrives_at = next_at[target, "in"] + thickness / 2
        next_at[target, "in"] += thickness
        placed.append(PlacedFlow(source, target, leaves_at[source, target], arrives_at, thickness, customers, *told))
    return placed
