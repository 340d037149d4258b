"""What a crowd costs, against a bare Locust user who makes the same requests: requests per second of processor time.

    python -m tests.benchmarks.crowd_pace [--rounds N] [--rate R] [--seconds S] [--chats 5000]

Rounds alternate at the same rate and for as long, on a stub in a process of its own that counts what it is asked. Both
are measured over a window in the midst of their playing: requests that the stub answered in it, and processor time
(user and system) of the process and its children. Ours keeps its journal; the bare user keeps statistics only. The
shapes: a help page for each customer, and a talk of five requests. Then how late starts are at half the pace found, and
with `--chats` what so many open chats weigh.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # comes with locust

from tests.benchmarks.peers import command, installed

HERE = Path(__file__).parent
REQUESTS = {"page": 1, "talk": 5}
SETTLES_S = 2.0
"""A window begins so long after the first requests, and playing goes on as long behind it."""
CONNECTIONS = 50
CHATS_COME_S, CHATS_STAY_S = 25.0, 35.0
CHATS_MB_MOST = 1000


@dataclass(frozen=True)
class Window:
    """What one side did while it was looked at."""

    requests: int
    cpu_s: float

    @property
    def pace(self) -> float:
        """Requests per second of processor time."""
        return self.requests / self.cpu_s


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median ratio of neighbouring rounds.

    >>> ratio([2.0, 4.0, 9.0], [1.0, 4.0, 3.0])
    2.0
    """
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def process(*command: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command inside the block, its output kept."""
    running = subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **environment}
    )
    try:
        yield running
    finally:
        running.terminate()
        running.wait()
        if running.stdout is not None:
            running.stdout.close()


@contextlib.contextmanager
def stub(module: str = "stub_desk", *options: str) -> Iterator[int]:
    """Run a stub inside the block; yields its port, once it answers."""
    port = free_port()
    with process(sys.executable, "-m", f"tests.benchmarks.{module}", str(port), *options):
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield port


def served(port: int) -> int:
    """Return how many requests the stub has answered."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/served", timeout=10) as told:
        return int(told.read())


def cpu_s(parent: psutil.Process) -> float:
    """Return the processor time that a process and its children have used so far."""
    times = [one.cpu_times() for one in (parent, *parent.children(recursive=True))]
    return sum(used.user + used.system for used in times)


def window_of(running: subprocess.Popen[str], port: int, seconds: float) -> Window:
    """Look at what a process does, from a while after its first requests on."""
    before = served(port)
    while served(port) < before + 10:
        if running.poll() is not None:
            raise RuntimeError(f"{running.args!r} ended with {running.returncode} before it had begun")
        time.sleep(0.1)
    time.sleep(SETTLES_S)
    parent = psutil.Process(running.pid)
    requests, used_s = served(port), cpu_s(parent)
    time.sleep(seconds)
    return Window(served(port) - requests, cpu_s(parent) - used_s)


@contextlib.contextmanager
def ours(shape: str, port: int, rate: float, seconds: float, lasts_s: float = 0.0) -> Iterator[subprocess.Popen[str]]:
    """Run our crowd at so many customers a second."""
    with tempfile.TemporaryDirectory() as folder:
        told = (shape, str(port), str(rate), str(seconds), folder, str(lasts_s))
        with process(sys.executable, "-m", "tests.benchmarks.crowd_play", *told) as running:
            yield running


@contextlib.contextmanager
def plain(shape: str, port: int, rate: float, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Run as many bare users as the rate needs, each at a constant pace of a second."""
    users = str(round(rate))
    told = ("--headless", "-u", users, "-r", users, "-t", f"{seconds:.0f}s", "-H", f"http://127.0.0.1:{port}")
    locust = (sys.executable, "-m", "locust", "-f", str(HERE / "plain_user.py"), *told)
    with process(*locust, SHAPE=shape, PACE_S="1") as running:
        yield running


def compare(shape: str, port: int, rate: float, seconds: float, rounds: int) -> float:
    """Print the rounds of one shape and return our pace."""
    customers, lasts_s = rate / REQUESTS[shape], seconds + 2 * SETTLES_S + 2
    paces: dict[str, list[float]] = {"ours": [], "plain": []}
    for number in range(rounds):
        for name, run in (("plain", plain), ("ours", ours)):
            with run(shape, port, customers, lasts_s) as running:
                looked = window_of(running, port, seconds)
            paces[name].append(looked.pace)
            print(
                f"{shape} {number + 1} {name}: {looked.requests} requests, {looked.pace:,.0f} per CPU second",
                flush=True,
            )
    found = ratio(paces["ours"], paces["plain"])
    told = ", ".join(f"{name} {statistics.median(pace):,.0f}" for name, pace in paces.items())
    print(f"{shape}: {told} requests per CPU second; ratio {found:.2f} (at least 1: {'yes' if found >= 1 else 'no'})")
    if shape == "page":
        peers(port, rate, seconds)
    return statistics.median(paces["ours"])


def peers(port: int, rate: float, seconds: float) -> None:
    """Print the pace of other tools on the page; wrk asks as often as it can."""
    for name in installed():
        with process(*command(name, port, rate, seconds + 2 * SETTLES_S + 2, CONNECTIONS)) as running:
            looked = window_of(running, port, seconds)
        print(f"page {name}: {looked.requests} requests, {looked.pace:,.0f} per CPU second", flush=True)


def lateness(port: int, rate: float, seconds: float) -> None:
    """Print how late customers came at a rate."""
    with ours("page", port, rate, seconds) as running:
        judged = last_line(running)["instrument"]
    in_time, by_us = 1 - judged["late_5ms_share"], 1 - judged["late_5ms_share_ours"]
    print(
        f"starts at {rate:,.0f} a second: {in_time:.2%} within 5 ms of due, {by_us:.2%} with the machine's own noise "
        f"set apart (at least 99.5 %: {'yes' if by_us >= 0.995 else 'no'}); p99 {1000 * judged['late_s_p99']:.1f} ms, "
        f"control timer over 5 ms {judged['control_late_5ms_share'] or 0.0:.2%}, fit {judged['fit']}"
    )


def last_line(running: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what our crowd says at its end."""
    told, _ = running.communicate()
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def memory_mb(parent: psutil.Process) -> float:
    """Return the memory that a process and its children hold, shared pages counted once."""
    return sum(one.memory_full_info().pss for one in (parent, *parent.children(recursive=True))) / 1e6


def chats(count: int) -> None:
    """Print what so many open chats weigh: all come within a while, and none goes before the last has come."""
    with stub("stub_chat") as port, ours("chat", port, count / CHATS_COME_S, CHATS_COME_S, CHATS_STAY_S) as running:
        parent, most_mb, opened = psutil.Process(running.pid), 0.0, 0
        until_s = time.monotonic() + CHATS_COME_S + CHATS_STAY_S
        while running.poll() is None and time.monotonic() < until_s:
            opened, most_mb = max(opened, served(port)), max(most_mb, memory_mb(parent))
            time.sleep(1.0)
        outcomes = last_line(running)["outcomes"]
    fits = "yes" if opened >= count and most_mb < CHATS_MB_MOST else "no"
    print(f"{opened:,} chats open at once, {most_mb:,.0f} MB (all of them, under 1 GB: {fits}); ended {outcomes}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=float, default=800.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--shape", choices=REQUESTS, action="append")
    parser.add_argument("--chats", type=int)
    asked = parser.parse_args()
    if asked.chats:
        chats(asked.chats)
        return
    with stub() as port:
        for shape in asked.shape or REQUESTS:
            pace = compare(shape, port, asked.rate, asked.seconds, asked.rounds)
            if shape == "page":
                lateness(port, pace / 2, asked.seconds)


if __name__ == "__main__":
    main()
