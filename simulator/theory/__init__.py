"""Queueing theory: what queues do on average, exactly; the third opinion beside two engines.

`erlang` holds B, C and A, `patience` M/M/n+G, `variants` finite lines, priority and constant service, `interrupted`
work that is laid aside for others, and `chains`, `models`, `phase_type`, `unlike_agents`, `returning` and `busy_days`
what only a solved Markov chain can tell. Rates are per second, times in seconds, shares between 0 and 1.
"""

from simulator.theory.erlang import QueueTheory, erlang_a, erlang_b, erlang_c, mean_wait_one_server
from simulator.theory.patience import general_patience
from simulator.theory.variants import constant_service, finite_lines, priority_waits_s

__all__ = [
    "QueueTheory",
    "constant_service",
    "erlang_a",
    "erlang_b",
    "erlang_c",
    "finite_lines",
    "general_patience",
    "mean_wait_one_server",
    "priority_waits_s",
]
