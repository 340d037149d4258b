"""How long a what-if takes in a process that is warm: four alternatives on one day of `broadband_move`, all decided.

    python -m tests.benchmarks.whatif_pace --rounds 3

Fails where the fastest round takes longer than `--most` seconds (default 5), or leaves something undecided. Beside the
clock's time stands the processor's, which other work on the machine does not lengthen as much.
"""

from __future__ import annotations

import argparse
import sys
import time

from scenarios.alternatives import typed
from scenarios.reading import HERE, load_scenario
from simulator.whatif import whatif

ALTERNATIVES = (
    "teams.front.agents=+2",
    "teams.chat_desk.agents=-2",
    "teams.tech_support.agents=-2",
    "teams.front.resolves=0.95,teams.chat_desk.agents=+1",
)


def main() -> int:
    """Measure, and print each round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--most", type=float, default=5.0)
    asked = parser.parse_args()
    loaded = load_scenario(HERE / "broadband_move.yaml", 1)
    alternatives = [typed(text) for text in ALTERNATIVES]
    whatif(loaded, alternatives, replications=2, threads=asked.threads)
    taken, decided = [], True
    for number in range(max(1, min(asked.rounds, 10))):
        began, worked = time.perf_counter(), time.process_time()
        found = whatif(loaded, alternatives, threads=asked.threads)
        taken.append(time.perf_counter() - began)
        decided &= found.decided
        played = [one.replications for one in found.alternatives]
        print(
            f"round {number + 1}: {taken[-1]:.2f} s ({time.process_time() - worked:.2f} s of the processor), "
            f"replications {played}, decided: {found.decided}",
            flush=True,
        )
    return 0 if decided and min(taken) <= asked.most else 1


if __name__ == "__main__":
    sys.exit(main())
