import pandas as pd

from results.comparison import Comparison, _unanswered
from results.fitness import unfit_reasons


def test_an_instrument_that_was_unfit_stays_so() -> None:
    """Without it a comparison could forget that its instrument had failed."""
    facts = {"instrument": {"reasons": ["late"], "error_s_p95": 0.0}}
    assert unfit_reasons(facts, Comparison("agrees", ())) == ("late",)
    assert unfit_reasons({}, Comparison("agrees", ())) == ()


def test_the_unanswered_are_told_where_more_than_simulated() -> None:
    """Without it those who were answered would speak for those who never were."""
    none, half = pd.DataFrame({"unanswered": [False] * 10}), pd.DataFrame({"unanswered": [False, True] * 5})
    assert "50%" in _unanswered(none, half)
    assert _unanswered(half, half) == ""
