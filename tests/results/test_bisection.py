"""Bisection on desks whose capacity is known, also where a verdict errs."""

from collections.abc import Callable

import numpy as np
import pytest

from results.bisection import CANNOT_TELL, KEPT, MISSED, Bounds, Bracket, Tried, bracket_of, next_factor

TRIED_MOST = 40


def search(bounds: Bounds, verdict: Callable[[float], str]) -> list[Tried]:
    """Try factors until the search is over."""
    tried: list[Tried] = []
    while (factor := next_factor(bounds, tried)) is not None:
        tried.append(Tried(factor, verdict(factor)))
        assert len(tried) < TRIED_MOST, tried
    return tried


def both_ends(tried: list[Tried]) -> tuple[float, float]:
    """Return the bracket of a search that found one."""
    bracket = bracket_of(tried)
    assert bracket.kept is not None
    assert bracket.not_kept is not None
    return bracket.kept, bracket.not_kept


def carries(most: float) -> Callable[[float], str]:
    """A desk that keeps its goals up to a factor."""
    return lambda factor: KEPT if factor <= most else MISSED


@pytest.mark.parametrize("most", [1.0, 1.07, 1.99, 2.0, 3.3, 15.9])
def test_the_bracket_holds_the_truth_and_is_as_narrow_as_asked(most: float) -> None:
    """Without it a search could end beside the volume it was asked for, or never."""
    tried = search(Bounds(1.0, 16.0, within=0.05), carries(most))
    kept, not_kept = both_ends(tried)
    assert kept <= most < not_kept <= kept * 1.05
    assert len(tried) <= 10


def test_it_doubles_first_and_then_halves_the_share() -> None:
    """Without it a search could begin far above what the desk carries, and break it."""
    tried = search(Bounds(0.5, 16.0, within=0.3), carries(2.3))
    assert [one.factor for one in tried] == [0.5, 1.0, 2.0, 4.0, 2.828, 2.378]


def test_it_ends_at_once_where_even_the_lowest_is_missed() -> None:
    """Without it a desk that keeps nothing would be played again and again."""
    tried = search(Bounds(1.0, 16.0), carries(0.5))
    assert bracket_of(tried) == Bracket(None, 1.0)
    assert len(tried) == 1


def test_it_ends_at_the_highest_that_may_be_tried() -> None:
    """Without it a desk without end would be doubled for ever, or beyond what was allowed."""
    tried = search(Bounds(1.0, 5.0), carries(1e9))
    assert [one.factor for one in tried] == [1.0, 2.0, 4.0, 5.0]
    assert bracket_of(tried) == Bracket(5.0, None)


def test_what_cannot_be_told_counts_as_not_kept() -> None:
    """Without it a volume that nobody has shown to be kept would be promised."""
    tried = search(Bounds(1.0, 16.0), lambda factor: KEPT if factor <= 1.5 else CANNOT_TELL if factor < 2.5 else MISSED)
    kept, not_kept = both_ends(tried)
    assert kept <= 1.5 < not_kept < 1.6


def test_verdicts_that_err_near_the_truth_mislead_it_no_further_than_they_err() -> None:
    """Without it one unlucky step could send the search far from the truth, or round in circles."""
    for seed in range(200):
        rng = np.random.default_rng(seed)
        tried = search(Bounds(1.0, 16.0), lambda factor, rng=rng: carries(2.5 * rng.lognormal(0.0, 0.05))(factor))
        kept, not_kept = both_ends(tried)
        assert kept < not_kept <= kept * 1.05
        assert 2.5 / 1.25 < kept < 2.5 * 1.25, seed


def test_a_bracket_narrower_than_factors_are_told_is_no_endless_search() -> None:
    """Without it two factors that round to one would be halved for ever."""
    assert len(search(Bounds(1.0, 16.0, within=0.002), carries(1.2345678))) < 20


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ((2.0, 1.0), "from x2 to x1; expected 0 < from <= to"),
        ((0.0, 1.0), "from x0 to x1; expected 0 < from <= to"),
        ((1.0, float("inf")), "from x1 to xinf; expected 0 < from <= to"),
        ((1.0, 2.0, 0.0), "a bracket within 0; expected a share from 0.002 to 1"),
    ],
)
def test_bounds_that_make_no_sense_are_told(bounds: tuple[float, ...], words: str) -> None:
    """Without it a search from nothing would double nothing for ever."""
    with pytest.raises(ValueError, match=words):
        Bounds(*bounds)


def test_one_volume_alone_can_be_searched() -> None:
    """Without it nobody could ask whether just the volume of today is carried."""
    kept, missed = (search(Bounds(2.0, 2.0), carries(most)) for most in (2.0, 1.0))
    assert (bracket_of(kept), len(kept)) == (Bracket(2.0, None), 1)
    assert (bracket_of(missed), len(missed)) == (Bracket(None, 2.0), 1)
