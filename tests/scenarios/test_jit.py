import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2]

DRAW = """
from scenarios.cells import patiences_us
from scenarios.laws import Laws, LogNormal
import numpy as np
laws = Laws()
number = np.array([[laws.number(LogNormal(law="lognormal", mean_s=60, cv=1))]])
print(int(patiences_us(1, 0, np.array([5], dtype=np.uint64), np.array([0]), np.array([0]), number, *laws.table())[0]))
"""


def _drawn(copy):
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
    environment = {
        **kept,
        "PYTHONPATH": str(copy),
        "XDG_CACHE_HOME": str(copy / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", DRAW], cwd=copy, env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    return int(done.stdout)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The rooms in a folder of their own, with a cache of their own, drawn from once."""
    folder = tmp_path_factory.mktemp("copy")
    for room in ("scenarios", "results", "simulator"):
        shutil.copytree(HERE / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    return folder, _drawn(folder)


@pytest.mark.parametrize(
    ("file", "rule", "changed"),
    [
        ("laws.py", "    return int(np.rint(time_s * 1e6))", "    return int(np.rint(time_s * 2e6))"),
        ("units.py", "NEVER_US = 2**62", "NEVER_US = 2**61"),
    ],
    ids=["a jitted leaf in another file", "a number that it reads from a file without jit"],
)
def test_an_edited_rule_is_seen(copy, file, rule, changed):
    """Without it Numba's cache, which looks at one file only, would go on drawing by the old rule, silently."""
    folder, before = copy
    path = folder / "scenarios" / file
    original = path.read_text()
    assert original.count(rule) == 1
    caches = set((folder / "cache/testdrive").iterdir())
    path.write_text(original.replace(rule, changed))
    try:
        after = _drawn(folder)
    finally:
        path.write_text(original)
    assert len(caches) < len(set((folder / "cache/testdrive").iterdir()))
    assert after == pytest.approx(2 * before, abs=1) if file == "laws.py" else after == before


def test_the_first_run_on_a_machine_is_known_to_be_slow(tmp_path: Path) -> None:
    """Without it a planner's first command would stand still for half a minute without a word."""
    code = "from scenarios.jit import is_cold as cold; from scenarios.draws import visit as v; "
    code += "print(cold(), v(0, 1, 0), cold())"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert said.stdout.split() == ["True", "4096", "False"]
