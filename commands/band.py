"""What a simulation expects of a run that is about to begin: `python -m commands.band`, for who watches one.

In, a line of JSON: `{"asked": what is played, "bins": {from_s, bin_s, number}}`. Out: `{"band": …, "replications": n}`,
or `{"failed": why}`. Begun by the process that leads a crowd, on the machine that measures: it gives way to all others.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

REPLICATIONS = 40
NICENESS = 19


def main() -> None:
    """Simulate what is asked for and tell the band."""
    os.nice(NICENESS)
    told = json.loads(sys.stdin.readline())
    try:
        answer = band(told["asked"], told["bins"])
    except Exception as error:  # noqa: BLE001  whatever it is, a run goes on without a band, and its page says why
        answer = {"failed": f"{type(error).__name__}: {error}"}
    sys.stdout.write(json.dumps(answer) + "\n")


def band(asked: dict[str, Any], bins: dict[str, Any]) -> dict[str, Any]:
    """Simulate the very customers who are to come, and return the band of what they may live through."""
    from probes.crowd.assignment import Assignment
    from results.bands import Bins, band_of
    from simulator.simulate import simulate

    assignment = Assignment.of(asked)
    simulated = simulate(assignment.load(), assignment.seed, REPLICATIONS, same_plan=True, threads=1)
    return {"band": band_of(simulated.legs, Bins(**bins)), "replications": simulated.replications}


if __name__ == "__main__":
    main()
