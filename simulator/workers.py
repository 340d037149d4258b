"""Who plays replications: threads of this process, processes of this machine, or a Dask cluster.

All are `concurrent.futures` executors; what comes back is taken in the order in which it was asked for, so who played
changes nothing. Refuses to know what a replication is.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import ctypes
import multiprocessing
import sys
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

Played = TypeVar("Played")

CLUSTER_WAIT_S = 10
SWITCH_S = 0.001
"""How long a thread may keep the others from the interpreter: a fifth of Python's own, as a replication needs it
mostly for moments, and would wait for it longer than it runs."""
_MALLOPT = {-1: 256 << 20, -2: 16 << 20, -3: 32 << 20}
"""M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD of mallopt(3), in bytes: memory that a replication gives back is kept
for the next. By itself the C library gives a large array back to the kernel at once, and while the kernel takes memory
from a process all of its threads stand still: two of them gain a half then, and nine tenths with these."""
CHUNKS_A_WORKER = 4
"""Replications go to others in parcels: so many for each, so that a slow one holds nobody up for long."""


class WorkersError(ConnectionError):
    """The cluster is not there, or what talks to it is not installed."""


class Plays(Protocol[Played]):
    """What can play replications, and be sent elsewhere."""

    def play_some(self, replications: Sequence[int]) -> list[Played]:
        """Play replications one after the other."""


@dataclass(frozen=True)
class Workers:
    """An executor, how many it plays at once, and whether work must be sent to it."""

    executor: concurrent.futures.Executor
    count: int
    elsewhere: bool

    def play(self, work: Plays[Played], replications: range) -> Generator[Played, None, None]:
        """Yield what comes of each replication, in their order; what is not begun is dropped if this is closed."""
        size = max(1, len(replications) // (self.count * CHUNKS_A_WORKER)) if self.elsewhere else 1
        parcels = [replications[at : at + size] for at in range(0, len(replications), size)]
        futures = [self.executor.submit(work.play_some, parcel) for parcel in parcels]
        try:
            for future in futures:
                yield from future.result()
        finally:
            for future in futures:
                future.cancel()


@contextlib.contextmanager
def open_workers(threads: int, in_processes: bool, cluster: str | None) -> Iterator[Workers | None]:
    """Open workers for a block; None where everything is played here, one after the other.

    Args:
        threads: how many at once on this machine.
        in_processes: the work holds the interpreter lock, so that threads would wait for each other.
        cluster: address of a Dask scheduler, instead.

    Raises:
        WorkersError: the cluster cannot be used.
    """
    if cluster is not None:
        with _cluster(cluster) as workers:
            yield workers
    elif threads == 1:
        yield None
    else:
        context = multiprocessing.get_context("spawn")
        executor: concurrent.futures.Executor = (
            concurrent.futures.ProcessPoolExecutor(threads, mp_context=context)
            if in_processes
            else concurrent.futures.ThreadPoolExecutor(threads)
        )
        _keep_memory()
        switch_s = sys.getswitchinterval()
        sys.setswitchinterval(min(SWITCH_S, switch_s))
        try:
            yield Workers(executor, threads, in_processes)
        finally:
            sys.setswitchinterval(switch_s)
            executor.shutdown(wait=False, cancel_futures=True)


def _keep_memory() -> None:
    """Tell the C library to keep freed memory, where it can be told (glibc)."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        for parameter, size in _MALLOPT.items():
            ctypes.CDLL(None).mallopt(parameter, size)


@contextlib.contextmanager
def _cluster(address: str) -> Iterator[Workers]:
    try:
        import distributed
    except ImportError:
        raise WorkersError("--cluster needs Dask: pip install 'testdrive-cx[cluster]'") from None
    try:
        client: Any = distributed.Client(address, timeout=CLUSTER_WAIT_S)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise WorkersError(f"no Dask scheduler at {address}: {error}") from None
    with client:
        count = sum(client.nthreads().values())
        if not count:
            raise WorkersError(f"the Dask scheduler at {address} has no workers; start one: dask worker {address}")
        yield Workers(client.get_executor(pure=False), count, True)
