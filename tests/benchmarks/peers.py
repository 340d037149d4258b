"""Other load tools where they are installed: wrk and hey (Debian), autocannon (npm); each asks for the stub's page.

wrk keeps no rate: it asks again as soon as it is answered, over so many connections. hey has a rate for each of them,
autocannon one for all. Neither knows conversations, customers or a journal.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess

TOOLS = ("wrk", "hey", "autocannon")
RATED = ("hey", "autocannon")
"""Those that keep a rate."""

UNITS_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


def installed() -> list[str]:
    """Return the tools that are found on the path."""
    return [name for name in TOOLS if shutil.which(name) is not None]


def command(name: str, port: int, rate: float, seconds: float, users: int) -> list[str]:
    """Return how a tool asks for the help page at a rate, where it can keep one."""
    page, time_s = f"http://127.0.0.1:{port}/faq/order_status", f"{seconds:.0f}"
    told = {
        "wrk": ["wrk", "-t", "1", "-c", str(users), "-d", f"{time_s}s", "--timeout", "30", "--latency", page],
        "hey": ["hey", "-z", f"{time_s}s", "-c", str(users), "-q", f"{rate / users:g}", page],
        "autocannon": ["autocannon", "-R", f"{rate:.0f}", "-c", str(users), "-d", time_s, "-t", "30", "-j", page],
    }
    return told[name]


def p99_in(name: str, said: str) -> float:
    """Return the p99 that a tool has printed, in seconds.

    >>> p99_in("wrk", "  99%    7.12ms"), p99_in("hey", "  99% in 0.0026 secs")
    (0.00712, 0.0026)
    """
    if name == "autocannon":
        return float(json.loads(said)["latency"]["p99"]) / 1000
    found = re.search(r"99% +(?:in )?([\d.]+) ?(us|ms|s)", said)
    if found is None:
        raise ValueError(f"{name} printed no p99: {said[-300:]!r}")
    return round(float(found[1]) * UNITS_S[found[2]], 9)


def p99_s(name: str, port: int, rate: float, seconds: float, users: int) -> float:
    """Run a tool and return the p99 that it prints."""
    ran = subprocess.run(command(name, port, rate, seconds, users), check=True, capture_output=True, text=True)
    return p99_in(name, ran.stdout)
