"""How often is the verdict right? `run` over many seeds, on a desk that behaves as believed and on desks that do not.

Run it with `make verdicts`; the suite runs one of each (tests/test_verdicts.py). Each line says which desk, how
many verdicts were as they should be, and how many must be.

    python tests/verdicts.py [--seeds 40] [--at-once 2] [--only DESK]
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
SCENARIO = TOP / "scenarios" / "quiet_tuesday.yaml"


@dataclass(frozen=True)
class Desk:
    """A way to run the day, the verdict it must give, on which channel, and on how many of 40 seeds."""

    name: str
    arguments: tuple[str, ...]
    verdict: str
    channel: str | None
    of_forty: int


SLOWER, MISSING = (str(TOP / "scenarios" / "desks" / f"chat_{wrong}.yaml") for wrong in ("slower", "seats_missing"))

DESKS = (
    Desk("as believed", (), "agrees", None, 36),
    Desk("chat 30 % slower", ("--misconduct", SLOWER), "differs", "chat", 38),
    Desk("a third of chat missing", ("--misconduct", MISSING), "differs", "chat", 38),
    Desk("five shoppers", ("--shoppers", "5"), "cannot tell", None, 40),
)


@dataclass(frozen=True)
class Outcome:
    """What one run said; `right` is whether it is what the desk deserves."""

    desk: str
    seed: int
    verdict: str
    right: bool
    told: str


def run_day(desk: Desk, seed: int) -> Outcome:
    """Run one day and hold its verdict against what the desk deserves."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "testdrive", "run", str(SCENARIO), "--clock", "virtual", "--seed", str(seed)]
        command += ["--threads", "1", "--json", "-o", f"{folder}/run", *desk.arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=TOP, timeout=1800, check=False)
    if not done.stdout:
        return Outcome(desk.name, seed, f"exit {done.returncode}", False, done.stderr[-300:])
    document = json.loads(done.stdout)
    gates = [row for row in document["rows"] if row["gate"]]
    differing = [row for row in gates if row["verdict"] == "differs"]
    named = desk.channel is None or (bool(differing) and all(row["channel"] == desk.channel for row in differing))
    told = "; ".join(
        f"{row['channel']} {row['metric']}: {row['verdict']}" for row in gates if row["verdict"] != "agrees"
    )
    return Outcome(desk.name, seed, document["verdict"], document["verdict"] == desk.verdict and named, told)


def main() -> int:
    """Run all desks over the seeds; exit 1 where a verdict is wrong too often."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--only", choices=[desk.name for desk in DESKS])
    asked = parser.parse_args()
    failed = False
    with concurrent.futures.ThreadPoolExecutor(asked.at_once) as pool:
        for desk in DESKS:
            if asked.only not in (None, desk.name):
                continue
            outcomes = []
            for outcome in pool.map(run_day, [desk] * asked.seeds, range(1, asked.seeds + 1)):
                outcomes.append(outcome)
                if not outcome.right:
                    print(f"  {desk.name}, seed {outcome.seed}: {outcome.verdict} ({outcome.told})", flush=True)
            right = sum(outcome.right for outcome in outcomes)
            needed = -(-desk.of_forty * asked.seeds // 40)
            failed |= right < needed
            print(f"{desk.name}: {desk.verdict} on {right} of {asked.seeds} (at least {needed})", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
