"""Random laws of time, on a grid of seconds where they can be, so that much happens in one microsecond.

>>> time_of(random.Random(1), 60)["law"] == time_of(random.Random(1), 60)["law"]
True
"""

from __future__ import annotations

import random
from typing import Any

Law = dict[str, Any]


SKEWED: list[Law] = [
    {"law": "lognormal", "cv": 0.3},
    {"law": "gamma", "cv": 1.5},
    {"law": "lognormal", "cv": 3.0},
]


def time_of(luck: random.Random, grid_s: int) -> Law:
    """A law of talking, wrapping up or coming back, of which perhaps a share is 0; more often on the grid than not."""
    mean_s = grid_s * luck.randint(1, 8)
    triangle = {"law": "triangular", "mode_s": grid_s}
    smooth = [
        {"law": "exponential", "mean_s": mean_s},
        {"mean_s": mean_s, **luck.choice(SKEWED)},
        {"low_s": 0, "high_s": 2 * mean_s, **({"law": "uniform"} if mean_s > 4 * grid_s else triangle)},
        {"law": "weibull", "mean_s": mean_s, "shape": luck.choice([0.5, 1.5])},
        {"law": "erlang", "mean_s": mean_s, "phases": luck.choice([2, 5])},
        {"law": "hyperexponential", "branches": [[0.75, grid_s], [0.25, 4 * mean_s]]},
        {"law": "phase_type", "initial": [1, 0], "rates": [[-1 / grid_s, 0.5 / grid_s], [0, -1 / mean_s]]},
    ]
    law: Law = luck.choice(
        [
            {"law": "deterministic", "value_s": grid_s * luck.randint(0, 6)},
            {"law": "deterministic", "value_s": grid_s * luck.randint(1, 6)},
            {"law": "deterministic", "value_s": 0},
            *(luck.choice(smooth) for _ in range(3)),
            {
                "law": "empirical",
                "points": [[0, 0], [0.2, 0], [0.2, grid_s], [0.6, grid_s], [0.6, mean_s], [1, mean_s]],
            },
        ]
    )
    return {**law, "zero": luck.choice([0.1, 0.4])} if luck.random() < 0.15 else law


def patience_of(luck: random.Random, grid_s: int) -> Law:
    mean_s = grid_s * luck.randint(1, 10)
    return luck.choice(
        [
            {"law": "deterministic", "value_s": 0},
            {"law": "deterministic", "value_s": mean_s},
            {"law": "exponential", "mean_s": mean_s, "zero": luck.choice([0.0, 0.32])},
            {
                "law": "empirical",
                "points": [[0, 0], [0.3, 0], [0.3, grid_s], [0.6, grid_s], [0.6, mean_s], [0.9, mean_s]],
            },
            time_of(luck, grid_s),
        ]
    )
