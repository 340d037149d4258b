"""A child process of a Locust process: it is told lines of JSON and tells some, and never outlives its host.

For use in a process that Locust has patched: reading waits in a greenlet, and so does nobody else.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import gevent


class Child:
    """One child, running a module of ours."""

    def __init__(
        self,
        module: str,
        first: Mapping[str, Any],
        hears: Callable[[dict[str, Any]], None] | None = None,
        ends: Callable[[int], None] | None = None,
    ) -> None:
        """Start the child.

        Args:
            module: what it runs.
            first: what it is told first.
            hears: called with each word of the child's.
            ends: called with the exit code when it has ended, after its last word.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            start_new_session=True,  # Ctrl-C is for the host, which ends the run in order
        )  # fmt: skip
        self.said: dict[str, Any] = {}
        """What it has said, by word; of each the newest."""
        self.code: int | None = None
        """Its exit code, when it has ended and its last word was heard."""
        self._hears, self._ends = hears, ends
        self._reader = gevent.spawn(self._read)
        self.tell(**first)

    def tell(self, **word: Any) -> None:
        """Tell the child something; one that has gone hears nothing."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(word) + "\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            pass

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word = json.loads(line)
            self.said.update(word)
            if self._hears is not None:
                self._hears(word)
        self.code = self._process.wait()
        if self._ends is not None:
            self._ends(self.code)

    def end(self, within_s: float) -> None:
        """Let the child come to its end; one that takes longer is ended."""
        self._reader.join(timeout=within_s)
        if self._process.poll() is None:
            self._process.kill()
            self._reader.join(timeout=within_s)
