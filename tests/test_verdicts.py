import importlib.util
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

PATH = Path(__file__).with_name("verdicts.py")
SPEC = importlib.util.spec_from_file_location("verdicts", PATH)
assert SPEC is not None
assert SPEC.loader is not None
verdicts = importlib.util.module_from_spec(SPEC)
sys.modules["verdicts"] = verdicts
SPEC.loader.exec_module(verdicts)

SEED = 1
"""A day of a desk costs half a minute of a core; `make verdicts` plays forty of each."""


@pytest.mark.parametrize("desk", verdicts.DESKS, ids=lambda desk: desk.name)
def test_a_desk_gets_the_verdict_it_deserves(desk: object) -> None:
    """Without it a tolerance or an estimator could drift until every desk agrees, or none."""
    outcome = verdicts.run_day(desk, SEED)
    assert outcome.right, outcome
