"""Agreement of raters, against published worked examples."""

import math

import pytest

from results.agreement import ac1, alpha, kappa

KRIPPENDORFF = [
    (1, 1, None, 1), (2, 2, 3, 2), (3, 3, 3, 3), (3, 3, 3, 3), (2, 2, 2, 2), (1, 2, 3, 4), (4, 4, 4, 4), (1, 1, 2, 1),
    (2, 2, 2, 2), (None, 5, 5, 5), (None, None, 1, 1), (None, None, 3, None),
]  # fmt: skip
"""Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), example C; Gwet's Handbook (2014) uses it too."""


def pairs(matrix: list[list[int]]) -> list[tuple[int, int]]:
    """Return the ratings behind a table of two raters."""
    return [(i, j) for i, row in enumerate(matrix) for j, count in enumerate(row) for _ in range(count)]


SEXUAL_FUN = [[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]]
"""Agresti, Categorical Data Analysis (1990), after Hout, Duncan and Sobel (1987): kappa 0.129, linear 0.237."""

FLEISS = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
"""Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions (2003), table 18.1: kappa 0.23 / 0.34."""


@pytest.mark.parametrize(
    ("level", "value"),
    [("nominal", 0.743421), ("ordinal", 0.815388), ("interval", 0.849107), ("ratio", 0.797403)],
)
def test_alpha_is_that_of_krippendorffs_example(level: str, value: float) -> None:
    """Without it alpha could be some other coefficient of the same name."""
    assert alpha(KRIPPENDORFF, level).value == pytest.approx(value, abs=1e-6)  # type: ignore[arg-type]


def test_ac1_is_that_of_gwets_example() -> None:
    """Without it AC1 could forget the raters who did not rate all."""
    assert ac1(KRIPPENDORFF).value == pytest.approx(0.775444, abs=1e-6)


def test_kappa_is_that_of_published_tables() -> None:
    """Without it kappa could be weighted by another scheme than it says."""
    assert kappa(pairs(FLEISS)).value == pytest.approx(0.23 / 0.34, abs=1e-6)
    assert kappa(pairs(SEXUAL_FUN)).value == pytest.approx(0.129330, abs=1e-6)
    assert kappa(pairs(SEXUAL_FUN), "linear").value == pytest.approx(0.237381, abs=1e-6)


def test_an_interval_holds_its_value_and_few_units_have_none() -> None:
    """Without it three ratings could be called an agreement."""
    found = alpha(KRIPPENDORFF)
    assert found.low <= found.value <= found.high
    assert found.units == 11
    assert math.isnan(alpha(KRIPPENDORFF[:3]).low)


def test_where_all_say_the_same_kappa_is_full_and_ac1_too() -> None:
    """Without it conduct that is nearly always right would come out as no agreement, by a division by nothing."""
    table = [("yes", "yes")] * 20
    assert kappa(table).value == ac1(table).value == alpha(table).value == 1.0


def test_a_rare_label_keeps_its_agreement_by_ac1() -> None:
    """Without it the paradox of kappa would hide that two raters nearly always agree."""
    table = [("no", "no")] * 95 + [("yes", "no")] * 3 + [("no", "yes")] * 2
    assert kappa(table).value < 0
    assert ac1(table).value > 0.9


def test_no_ratings_are_no_agreement() -> None:
    """Without it an empty table would pass for full agreement."""
    assert math.isnan(alpha([]).value)
    assert math.isnan(ac1([("yes", None)]).value)
    with pytest.raises(ValueError, match="two raters"):
        kappa([(1, 2, 3)])
    with pytest.raises(ValueError, match="not among the categories"):
        kappa([("a", "b")], order=["a"])
