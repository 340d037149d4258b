import argparse
import io
import sys

import pytest

from commands.terminal import ticking
from probes.crowd.crowd import Tick


class Screen(io.StringIO):
    """What somebody looks at."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


@pytest.mark.parametrize("fit", [True, False])
def test_the_bar_says_while_a_run_is_unfit(fit: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it hours of load would go by before anybody knew that they measured our own delay."""
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    with ticking(argparse.Namespace(), "shopping the desk") as watch:
        watch(Tick(2, 1, 4, "chat", "resolved", 1.0, fit))
    assert "shopping the desk" in screen.getvalue()
    assert ("unfit so far" in screen.getvalue()) is not fit
