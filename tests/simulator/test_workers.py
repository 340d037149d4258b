import pandas as pd
import pytest

import testdrive
from simulator.simulate import simulate
from tests.written import about, demand, one_desk, written


@pytest.fixture(scope="module")
def scheduler():
    """A Dask scheduler with two workers on loopback."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, scheduler_port=0
    ) as cluster:
        yield cluster.scheduler_address


def _desk(tmp_path):
    return written(tmp_path, one_desk(2, about(300), demand=[demand(300)], patience={"phone": about(60)}))


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_a_cluster_gives_what_one_machine_gives(tmp_path, scheduler, engine):
    """Without it results would hang on where they were reckoned."""
    loaded = _desk(tmp_path)
    here = simulate(loaded, replications=9, engine=engine)
    there = simulate(loaded, replications=9, engine=engine, cluster=scheduler)
    pd.testing.assert_frame_equal(here.legs, there.legs)
    pd.testing.assert_frame_equal(here.staffing, there.staffing)
    assert here.figures() == there.figures()


def test_a_cluster_that_is_not_there_is_unreachable(tmp_path, capsys, monkeypatch):
    """Without it a wrong address would hang, or end in a page of traceback."""
    monkeypatch.setattr("simulator.workers.CLUSTER_WAIT_S", 1)
    words = ["simulate", str(_desk(tmp_path).path), "--cluster", "tcp://127.0.0.1:1", "-o", str(tmp_path / "run")]
    assert testdrive.main(words) == 6
    assert "no Dask scheduler at tcp://127.0.0.1:1" in capsys.readouterr().err


def test_processes_and_threads_give_what_one_gives(tmp_path):
    """Without it `--threads` could reorder replications or share their luck."""
    loaded = _desk(tmp_path)
    for engine in ("compiled", "simpy"):
        one, two = (simulate(loaded, replications=5, engine=engine, threads=threads) for threads in (1, 2))
        assert one.figures() == two.figures()
        pd.testing.assert_frame_equal(one.legs, two.legs)
