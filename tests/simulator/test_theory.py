import csv
import json
import math
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.theory import erlang_a, erlang_b, erlang_c, mean_wait_one_server

TABLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "queue_tables_dev.csv"


def _rows():
    if not TABLE.is_file():
        return []
    with TABLE.open() as lines:
        rows = list(csv.DictReader(lines))
    known = ("M/M/n/n (Erlang B)", "M/M/n (Erlang C)", "M/M/n+M (Erlang A)", "M/G/1")
    return [row for row in rows if row["model"] in known and ("Erlang" in row["model"] or row["metric"] != "p_wait")]


def _computed(row):
    arrivals, service = float(row["lambda_per_h"]) / 3600, float(row["aht_s"])
    agents, extra = int(row["n_agents"]), json.loads(row["extra"])
    if "Erlang B" in row["model"]:
        return erlang_b(arrivals * service, agents)
    if row["model"] == "M/G/1":
        return mean_wait_one_server(arrivals, service, extra["service_cv"])
    if "Erlang C" in row["model"]:
        queue = erlang_c(arrivals, service, agents)
    else:
        queue = erlang_a(arrivals, service, agents, float(row["patience_mean_s"]))
    match row["metric"]:
        case "sl_T" | "sl_served_T_of_all":
            return queue.service_level(extra["sl_threshold_s"])
        case "mean_in_system":
            return queue.queue_mean + queue.busy_mean
    return {
        "p_wait": queue.p_wait,
        "ew_all_s": queue.wait_s_mean,
        "ew_served_s": queue.wait_answered_s_mean,
        "p_abandon": queue.abandonment,
        "occupancy": queue.occupancy,
        "mean_queue_len": queue.queue_mean,
    }[row["metric"]]


@pytest.mark.skipif(not TABLE.parents[1].is_dir(), reason="the shared folder does not lie beside this clone")
def test_the_table_of_published_figures_is_read():
    """Without it an emptied or renamed table would make every comparison below pass by comparing nothing."""
    assert len(_rows()) >= 55


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row["id"])
def test_theory_gives_the_published_figures(row):
    """Without it the oracle that judges the engines would itself be judged by nobody."""
    half_a_digit = float(Decimal(1).scaleb(Decimal(row["expected"]).as_tuple().exponent)) / 2
    expected = float(row["expected"])
    assert _computed(row) == pytest.approx(expected, rel=1e-4, abs=half_a_digit)


queues = st.tuples(st.integers(1, 60), st.floats(0.05, 0.97), st.floats(20, 900), st.floats(10, 3000))


@settings(deadline=None, max_examples=20)
@given(queues)
def test_erlang_a_keeps_its_balances(queue):
    """Without it the parts of one answer could contradict each other where no table has a row."""
    agents, rho, service, patience = queue
    arrivals = agents * rho / service
    a = erlang_a(arrivals, service, agents, patience)
    assert a.abandonment * arrivals * patience == pytest.approx(a.queue_mean, rel=1e-9, abs=1e-12)
    assert a.service_level(0) == pytest.approx(1 - a.p_wait)
    assert a.service_level(5 * (patience + service)) == pytest.approx(1 - a.abandonment, abs=1e-2)
    given_up = a.wait_s_mean - a.wait_answered_s_mean * (1 - a.abandonment)
    assert -1e-9 <= given_up <= a.wait_s_mean + 1e-9


@settings(deadline=None)
@given(queues)
def test_endless_patience_makes_erlang_a_erlang_c(queue):
    """Without it the two formulas could drift apart, and with them the engine's two kinds of test."""
    agents, rho, service, _ = queue
    arrivals = agents * rho / service
    a, c = erlang_a(arrivals, service, agents, 1e10), erlang_c(arrivals, service, agents)
    assert a.p_wait == pytest.approx(c.p_wait, rel=1e-4)
    assert a.wait_s_mean == pytest.approx(c.wait_s_mean, rel=1e-3, abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(queues, st.floats(0, 600))
def test_the_service_level_of_erlang_c_is_the_closed_form(queue, within_s):
    """Without it the sum over jumps would be checked at a few table rows only."""
    agents, rho, service, _ = queue
    c = erlang_c(agents * rho / service, service, agents)
    closed = 1 - c.p_wait * math.exp(-(agents - agents * rho) * within_s / service)
    assert c.service_level(within_s) == pytest.approx(closed, abs=1e-6)


@given(st.floats(0, 500), st.integers(0, 400))
def test_erlang_b_falls_with_every_agent(load, agents):
    """Without it an unstable recursion could make staffing advice jump up and down."""
    assert 0 <= erlang_b(load, agents + 1) <= erlang_b(load, agents) <= 1


def test_a_huge_and_idle_desk_has_no_queue():
    """Without it a thousand agents for one erlang would underflow into a division by zero or an endless sum."""
    assert erlang_a(1 / 300, 300, 1000, 60).p_wait == 0
    assert erlang_b(1.0, 1000) == pytest.approx(0)
    assert erlang_c(0.025, 20, 1).service_level(5e-324) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: erlang_b(-1, 3),
        lambda: erlang_b(math.nan, 3),
        lambda: erlang_b(1, -3),
        lambda: erlang_c(1, 5, 5),
        lambda: erlang_c(0.1, 0, 5),
        lambda: erlang_a(1, 5, 5, 0),
        lambda: erlang_a(1, 5, 0, 9),
        lambda: erlang_a(1, 5, 5, math.inf),
        lambda: mean_wait_one_server(1, 1, 1),
        lambda: erlang_c(0.1, 5, 5).service_level(-1),
    ],
)
def test_what_has_no_answer_is_refused_with_the_value_found(ask):
    """Without it an unstable queue would come out as a negative wait, and be believed."""
    with pytest.raises(ValueError, match=r"is (-|\d|nan|inf)|erlangs"):
        ask()
