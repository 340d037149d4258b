"""Journeys as tests: `pytest scenarios/journeys --charter charter.yaml --target target.yaml`.

Each journey file under the paths given is a test, played once; it passes when what was wanted came. The fixtures `desk`
and `shopper` are for tests written in Python. Imports nothing heavy: pytest loads this whenever it runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from probes.plugged import OpenedDesk, Shopped

_JOURNEY = re.compile(r"^journey:\s", re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what is needed to play a journey."""
    group = parser.getgroup("testdrive", "playing customer journeys")
    group.addoption("--charter", metavar="FILE", help="play the journeys found, by this charter")
    group.addoption("--target", metavar="FILE", help="on the desk that this target file describes")
    group.addoption("--persona", metavar="NAME", help="who plays them")
    group.addoption("--shop-browser", action="store_true", help="play them in a real browser")
    group.addoption("--shop-runs", metavar="DIR", default="runs", help="where the run folders go (default: runs)")
    group.addoption("--quarantine", metavar="FILE", help="names of journeys, a line each, that are played but may fail")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take journey files for tests, where a charter says that they may be played."""
    if parent.config.getoption("--charter") is None or file_path.suffix not in (".yaml", ".yml"):
        return None
    if not _JOURNEY.search(file_path.read_text(encoding="utf-8", errors="replace")):
        return None
    return JourneyFile.from_parent(parent, path=file_path)


class JourneyFile(pytest.File):
    """A journey's file: one test."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the journey."""
        yield JourneyItem.from_parent(self, name=self.path.stem)


class JourneyItem(pytest.Item):
    """A journey, played once."""

    def runtest(self) -> None:
        """Play it."""
        from probes.plugged import shop_one

        asked = self.config.getoption
        if asked("--target") is None:
            raise pytest.UsageError("--target FILE says which desk the journeys are played on")
        if self.name in _quarantined(asked("--quarantine")):
            # played all the same: one that passes again is told as such, and is not a failure of the whole run
            self.add_marker(pytest.mark.xfail(reason="in quarantine", strict=False))
        shopped = shop_one(
            str(self.path), Path(asked("--target")), Path(asked("--charter")), Path(asked("--shop-runs")),
            asked("--persona"), asked("--shop-browser"),
        )  # fmt: skip
        self.user_properties.append(("run", str(shopped.folder)))
        shopped.check()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Tell what went wrong as a person would read it."""
        from probes.errand import NothingToPlayError
        from probes.guard import RefusedByCharterError
        from probes.plugged import ShopError
        from scenarios.faults import FaultsFoundError

        told = ShopError, FaultsFoundError, RefusedByCharterError, NothingToPlayError, ConnectionError
        if isinstance(excinfo.value, told):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Name the test."""
        return self.path, 0, f"journey {self.name}"


def _quarantined(path: str | None) -> set[str]:
    if path is None:
        return set()
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return {line.split("#")[0].strip() for line in lines} - {""}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Callable[..., OpenedDesk]]:
    """Yield what opens a rehearsal desk of a scenario: `desk("scenarios/quiet_tuesday.yaml", scale=10)`."""
    from probes.plugged import open_desks

    with open_desks(tmp_path) as opens:
        yield opens


@pytest.fixture
def shopper(tmp_path: Path) -> Callable[..., Shopped]:
    """Return what plays a journey: `shopper("ask_on_chat", desk)`; `.check()` fails unless what was wanted came."""
    from probes.plugged import shop_one

    def shop(journey: str, desk: OpenedDesk, persona: str | None = None, in_browser: bool = False) -> Shopped:
        return shop_one(journey, desk.target, desk.charter, tmp_path / "runs", persona, in_browser)

    return shop
