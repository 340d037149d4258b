"""The single queue in Ciw: its own reneging, its own record per customer."""

from __future__ import annotations

from scenarios.units import DAY_S
from tests.benchmarks.rows import AGENTS, PATIENCE_S, PER_DAY, SERVICE_S, Day


def one_queue(seed: int) -> Day:
    """One day; the records are gathered as Ciw gathers them."""
    import ciw  # installed by `make bench` alone

    ciw.seed(seed)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(PER_DAY / DAY_S)],
        service_distributions=[ciw.dists.Exponential(1 / SERVICE_S)],
        reneging_time_distributions=[ciw.dists.Exponential(1 / PATIENCE_S)],
        number_of_servers=[AGENTS],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(DAY_S)
    records = simulation.get_all_records()
    return Day(len(records), sum(record.record_type == "renege" for record in records))
