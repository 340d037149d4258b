from typing import Any

import pytest

from scenarios.reading import LoadedScenario
from tests.benchmarks import by_cimba, by_ciw, by_salabim, by_simpy
from tests.benchmarks.rows import CIMBA, CIW, PLAIN, QUEUE, SALABIM, VOLUMES, Day, timed

pytestmark = [pytest.mark.benchmark, pytest.mark.usefixtures("spell")]


def is_the_queue(day: Day) -> bool:
    """Say whether it can have been M/M/50+M: a day's share of those who give up is 3 % and a little."""
    return 19_300 < day.contacts < 20_700 and 0.015 < day.abandoned / day.contacts < 0.065


def test_the_queue_in_simpy_by_hand(benchmark: Any) -> None:
    """Without it nobody could say what the engines save over the model one would write oneself."""
    assert is_the_queue(timed(benchmark, QUEUE, PLAIN, lambda: by_simpy.one_queue(1), rounds=3))


def test_the_queue_in_ciw(benchmark: Any) -> None:
    """Without it the table would leave out the library made for queues."""
    pytest.importorskip("ciw")
    assert is_the_queue(timed(benchmark, QUEUE, CIW, lambda: by_ciw.one_queue(1), rounds=1, warm_up=0))


def test_the_queue_in_salabim(benchmark: Any, spell: int) -> None:
    """Without it the table would leave out the other Python library for events."""
    if spell > 0:
        pytest.skip("ten seconds each: once is enough")
    pytest.importorskip("salabim")
    assert is_the_queue(timed(benchmark, QUEUE, SALABIM, lambda: by_salabim.one_queue(1), rounds=1, warm_up=0))


def test_the_queue_in_cimba(benchmark: Any) -> None:
    """Without it the table would leave out the fastest library that a Python model can run in."""
    pytest.importorskip("cimba")
    run = by_cimba.one_queue()
    assert is_the_queue(timed(benchmark, QUEUE, CIMBA, lambda: run(1), rounds=30))


def test_broadband_volumes_in_simpy_by_hand(benchmark: Any, volumes: LoadedScenario) -> None:
    """Without it the speed would be told for a toy only, not for a scenario with all that ours has."""
    day = timed(benchmark, VOLUMES, PLAIN, lambda: by_simpy.broadband_volumes(volumes, 1), rounds=6)
    assert 9_500 < day.contacts < 11_500
    assert 0.001 < day.abandoned / day.contacts < 0.04
