from typing import Any

import pytest

from tests.benchmarks import ratios
from tests.benchmarks.event_loop import NO_COMPILER
from tests.benchmarks.rows import CLOCK, COMMAND, CPP_GENERAL, LOOP, PLAIN, VOLUMES


def document(*rows: tuple[str, str, int, float]) -> dict[str, Any]:
    return {
        "datetime": "2026-03-03T10:00:00",
        "machine_info": {"machine": "x86_64", "system": "Linux", "python_version": "3.11.9"},
        "benchmarks": [
            {"group": system, "extra_info": {"row": row, "contacts": contacts}, "stats": {"min": best_s}}
            for system, row, contacts, best_s in rows
        ],
    }


def test_a_limit_is_kept_missed_or_not_measured() -> None:
    """Without it the table could call a limit kept that was missed, or that nobody measured."""
    lines = ratios.kept(document((VOLUMES, PLAIN, 100, 1.0), (VOLUMES, LOOP, 100, 0.02), (CLOCK, COMMAND, 0, 4.5)))
    told = {
        line.split(": ", 1)[1]: line.split(": ", 1)[0].split() for line in lines if "broadband_volumes: the" in line
    }
    assert told[f"broadband_volumes: {LOOP}, of {PLAIN}"] == ["kept", "50.00,", "at", "least", "40"]
    assert told[f"broadband_volumes: {LOOP}, of {CPP_GENERAL}"][:2] == ["not", "measured"]
    assert [line.split()[:2] for line in lines if line.endswith(COMMAND)] == [["MISSED", "4.50,"]]


def test_without_a_compiler_the_row_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it who has no g++ would see a gap in the table and not know what to do about it."""
    monkeypatch.setattr(ratios.shutil, "which", lambda name: None)
    assert any(CPP_GENERAL in line and NO_COMPILER in line for line in ratios.table(document()))
