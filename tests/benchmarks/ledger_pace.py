"""How fast replications are with the experience ledger and leaving customers, against without: in turn, in one process.

    python -m tests.benchmarks.ledger_pace --days 2 --rounds 5

The same scenario twice: as it is, and without `customers`, `churn` and what goes with them. All that customers lived
through is folded; the tables are not made. Time is the processor's.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from ruamel.yaml import YAML

from scenarios.reading import HERE, LoadedScenario, load_scenario
from simulator.simulate import simulate

OF_CUSTOMERS = ("customers", "churn", "costs", "expectations", "remedies")
PEOPLE = {
    "count": 100_000,
    "currency": "USD",
    "segments": {"all": {"share": 1.0, "monthly_revenue": {"mean": 90.0, "cv": 0.5}, "margin": 0.5}},
}


def pair(name: str, days: int, folder: Path) -> tuple[LoadedScenario, LoadedScenario]:
    """Return a scenario of ours with customers who may leave, and the same without."""
    told = YAML(typ="safe").load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    for beside in HERE.glob("*.csv"):
        (folder / beside.name).write_bytes(beside.read_bytes())
    bare = {key: value for key, value in told.items() if key not in OF_CUSTOMERS}
    whole = {**bare, "churn": {"model": "published"}, "customers": told.get("customers", PEOPLE)}
    loaded = []
    for kind, values in (("whole", whole), ("bare", bare)):
        path = folder / f"{kind}.yaml"
        with path.open("w", encoding="utf-8") as out:
            YAML().dump(values, out)
        loaded.append(load_scenario(path, days))
    return loaded[0], loaded[1]


def contacts_per_s(loaded: LoadedScenario, replications: int) -> float:
    """Return how many contacts a second of the processor plays."""
    began = time.process_time()
    run = simulate(loaded, replications=replications)
    return run.contacts / (time.process_time() - began)


def main() -> None:
    """Measure, and print the ratio of each round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="broadband_move")
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--replications", type=int, default=5)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        whole, bare = pair(asked.scenario, asked.days, Path(folder))
        for loaded in (whole, bare):
            simulate(loaded, replications=1)
        ratios = []
        for _ in range(asked.rounds):
            with_it, without = (contacts_per_s(loaded, asked.replications) for loaded in (whole, bare))
            ratios.append(with_it / without)
            print(f"with {with_it:,.0f}, without {without:,.0f} contacts per second: {ratios[-1]:.2f}", flush=True)
    print(f"{asked.scenario}, {asked.days} days: {statistics.median(ratios):.2f} of the speed without the ledger")


if __name__ == "__main__":
    main()
