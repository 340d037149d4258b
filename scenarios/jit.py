"""Compile a function once and keep it: Numba with a cache that cannot go stale.

Numba's own cache looks at the file of the compiled function only, so a changed leaf in another file is silently not
seen. Here the cache folder is named by a hash of every source that compiles anything, of our modules these import (a
number that a compiled function reads from another module is frozen into it), the Numba version and the CPU: change one
of them and all is compiled afresh. Guarded by tests/scenarios/test_jit.py.

>>> len(sources_hash())
16
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import llvmlite.binding
import numba

Function = TypeVar("Function", bound=Callable[..., Any])

_MARK = "from scenarios.jit import jit"
_IMPORT = re.compile(r"^from (scenarios|results|simulator)\.(\w+) import", re.MULTILINE)


def sources_hash() -> str:
    """Return a hash of all our jitted sources, the Numba version and the CPU (16 hex digits)."""
    top = Path(__file__).resolve().parent.parent
    digest = hashlib.blake2b(f"{numba.__version__} {llvmlite.binding.get_host_cpu_name()}".encode(), digest_size=8)
    wanted: set[Path] = set()
    for room in ("scenarios", "results", "simulator"):
        for path in (top / room).glob("*.py"):
            text = path.read_text(encoding="utf-8")
            if _MARK in text:
                wanted |= {path, *(top / from_room / f"{module}.py" for from_room, module in _IMPORT.findall(text))}
    for path in sorted(wanted):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _cache_folder() -> str:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "testdrive" / f"numba-{sources_hash()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a read-only home: compile afresh each time rather than fail
        return tempfile.mkdtemp(prefix="testdrive-numba-")
    return str(folder)


numba.config.CACHE_DIR = _cache_folder()  # type: ignore[attr-defined]  # set by name at run time


def is_cold() -> bool:
    """Say whether nothing has been compiled yet on this machine, so that the first run will take its time."""
    return next(Path(numba.config.CACHE_DIR).rglob("*.nbi"), None) is None  # type: ignore[attr-defined]


def jit(function: Function) -> Function:
    """Compile `function` (nogil, cached); it keeps its type for readers and checkers."""
    compiled: Function = numba.njit(function, cache=True, nogil=True)
    return compiled


def jit_uncounted(function: Function) -> Function:
    """Compile `function`, which makes no array and returns none: none of those it is given is counted.

    Numba counts references to arrays with instructions that no other core may interrupt; in a long loop they take more
    than half of the time.
    """
    compiled: Function = numba.njit(  # type: ignore[call-overload]  # an option that its stubs do not know
        function, cache=True, nogil=True, _nrt=False
    )
    return compiled


def jit_in_place(function: Function) -> Function:
    """Compile `function` into whatever calls it: for leaves of a hot loop, where handing over arrays costs a call."""
    compiled: Function = numba.njit(function, cache=True, nogil=True, forceinline=True)
    return compiled
