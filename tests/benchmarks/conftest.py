import contextlib
import importlib
import shutil
from pathlib import Path

import pytest

from scenarios.reading import LoadedScenario, load_scenario
from tests.benchmarks.event_loop import NO_COMPILER, compiled_into
from tests.benchmarks.rows import AGENTS, PATIENCE_S, PER_DAY, SERVICE_S, VOLUMES_FILE, WHOLE_FILE
from tests.written import about, demand, one_desk, written

collect_ignore = ["plain_user.py"]  # it imports locust, which patches the whole process


def pytest_collection_finish(session: pytest.Session) -> None:
    """Where benchmarks run, import Cimba before Numba compiles anything: what it says of its types is not heard later.

    Nowhere else, as Numba then compiles all anew.
    """
    if any(item.get_closest_marker("benchmark") for item in session.items):
        with contextlib.suppress(ImportError):
            importlib.import_module("cimba")


@pytest.fixture(scope="session", params=range(3))
def spell(request: pytest.FixtureRequest) -> int:
    """Time all rows, then all again, and again: a machine's slow spells outlast a row's rounds, seldom a whole pass."""
    number: int = request.param
    return number


@pytest.fixture(scope="session")
def queue(tmp_path_factory: pytest.TempPathFactory) -> LoadedScenario:
    scenario = one_desk(AGENTS, about(SERVICE_S), demand=[demand(PER_DAY)], patience={"phone": about(PATIENCE_S)})
    return written(tmp_path_factory.mktemp("queue"), scenario)


@pytest.fixture(scope="session")
def volumes() -> LoadedScenario:
    """A day of `broadband_move` as volumes only: what rivals without promises or chats can say."""
    return load_scenario(VOLUMES_FILE, days=1)


@pytest.fixture(scope="session")
def whole() -> LoadedScenario:
    """A day of a desk that uses most of what no rival can say."""
    return load_scenario(WHOLE_FILE, days=1)


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The C++ loop, compiled."""
    if not shutil.which("g++"):
        pytest.skip(NO_COMPILER)
    return compiled_into(tmp_path_factory.mktemp("event_loop"))
