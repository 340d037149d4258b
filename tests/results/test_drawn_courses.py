"""What those who left did beside leaving: drawn, with the figures that the consequences are counted with."""

from __future__ import annotations

import numpy as np
import pytest

from results.consequences import PUBLISHED, Believed
from results.drawn_courses import LABEL, Courses
from results.journey_page import journey_view
from results.journey_stories import worst_stories
from tests.results.journeys import cases_in, log_of, page_of
from tests.results.pages import Page
from tests.results.test_journey_map import written_run
from tests.results.test_journey_stories import CLOCK, DAY_S, HOUSE_MOVE


def case(number: int, **told: float | bool | None) -> dict[str, object]:
    return {"replication": 0, "case_id": f"order.000.0930.{number:05d}/0", "left": True, "unresolved": 1.0, **told}


def test_courses_of_many_add_up_to_the_counts_that_are_expected() -> None:
    """Without it the stories would be of another world than the figures they stand beside."""
    courses = Courses(1)
    sorry = [courses.drawn(case(number, apologies=1.0)) for number in range(4000)]
    paid = [courses.drawn(case(number, compensations=1.0)) for number in range(4000)]
    kept = [one for one in sorry if one is not None]
    assert len(kept) == 4000
    assert np.mean([one.complained for one in kept]) == pytest.approx(1 / 27, abs=0.009)
    assert np.mean([one.told for one in kept]) == pytest.approx(15, abs=0.2)
    assert np.mean([one.withdrew for one in kept]) == pytest.approx(0.45, abs=0.025)
    assert np.mean([one.withdrew for one in paid if one]) == pytest.approx(0.23, abs=0.025)
    assert (PUBLISHED["silent"].value, PUBLISHED["told_bad"].value) == (26, 15)
    luck = np.array([[one.complained, one.told, one.withdrew] for one in kept], dtype=float)
    assert np.abs(np.corrcoef(luck, rowvar=False)[np.triu_indices(3, 1)]).max() < 0.06


def test_a_course_hangs_on_the_case_the_seed_and_the_plan_alone() -> None:
    """Without it a page that is written again would tell another life of the same customer."""
    assert Courses(1).drawn(case(7)) == Courses(1).drawn(case(7, contacts=9.0))
    others = [Courses(seed).drawn(case(7)) for seed in range(2, 12)]
    assert any(one != Courses(1).drawn(case(7)) for one in others)
    again = case(7) | {"replication": 3}
    assert Courses(1, True).drawn(again) == Courses(1, True).drawn(case(7))
    assert any(Courses(1).drawn(case(k) | {"replication": 3}) != Courses(1).drawn(case(k)) for k in range(9))


@pytest.mark.parametrize("changes", [{"left": False}, {"left": None}, {"unresolved": 0.0}])
def test_of_who_stayed_and_of_whom_nothing_bad_befell_nothing_is_drawn(changes: dict[str, float | bool | None]) -> None:
    """Without it figures of unhappy customers would be told of others."""
    assert Courses(1).told(case(1, **changes)) == ""


def test_who_complained_is_not_drawn_to_be_silent() -> None:
    """Without it a story of a complaint could end with its customer having said nothing."""
    drawn = [Courses(1).drawn(case(number, complaints=1.0)) for number in range(50)]
    assert all(one is not None and one.complained for one in drawn)


def test_a_course_says_that_it_is_drawn_and_nothing_of_ratings_that_nobody_could_withdraw() -> None:
    """Without it one possible course would be read as a finding, or a withdrawal without an apology."""
    told = Courses(1, believed=Believed(silent=0.0, told_bad=0.0)).told(case(1))
    assert told == f"{LABEL}: complained, and told nobody of it."
    untold = Courses.of({"seed": 1}).told(case(1))
    assert "complain" not in untold, "the scenario does not say what a complaint is"
    assert untold.startswith(f"{LABEL}: told ")
    after = {Courses(1).told(case(number, apologies=1.0)).split("; ")[1] for number in range(40)}
    assert after == {
        "a bad rating they would have withdrawn after the apology.",
        "a bad rating they would have let stand after the apology.",
    }
    assert "told by the scenario" in Courses(1, believed=Believed(silent=9.0)).words()


def test_the_story_of_who_left_ends_with_a_possible_course_on_the_page(tmp_path) -> None:
    """Without it the page would tell expected counts alone, and no life that they are the counts of."""
    log = log_of(*HOUSE_MOVE, until_s=4 * DAY_S)
    left = cases_in(log).assign(left=True)
    (story,) = worst_stories(log, left, CLOCK, courses=Courses(1))
    assert story.course.startswith(LABEL)
    assert story.course in story.text()
    (stayed,) = worst_stories(log, left.assign(left=False), CLOCK, courses=Courses(1))
    assert stayed.course == ""
    row = {"replication": 0, "customer_id": "ann", "leave_share": 0.4, "monthly_revenue": 210.0, "left_s": 9.0}
    for leaves in (True, False):
        run = written_run(tmp_path / str(leaves), HOUSE_MOVE, [{**row, "left": leaves}])
        shown = Page(page_of(journey_view(run))).text
        assert shown.count(LABEL) == 2 * leaves  # with the figures that it is drawn with
        assert ("26 say nothing" in shown) == leaves
