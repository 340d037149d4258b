"""A language model as one more rater: asked only where the charter lists it, and never taken at its word."""

import json
from pathlib import Path

import pytest

from probes.guard import RefusedByCharterError
from probes.scoring.judge import ask_judge
from probes.scoring.score_run import score_run
from results.ratings import decided, ratings_of
from results.runs import Run, RunError
from results.scores import score_cards
from scenarios.charter import Charter
from scenarios.scorecard import scorecard_named
from tests.probes.charters import charter
from tests.probes.page_server import PageServer, page_server
from tests.results.said import run_of, turn

CARD = scorecard_named("conduct")
PATH = "/v1/chat/completions"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    said = [turn("customer", "where is it?"), turn("human", "Good day, it left us on Monday.")]
    made = run_of(tmp_path / "run", {"a/0/1": said})
    score_run(made)
    return made


def listing(pages: PageServer) -> Charter:
    """Return a charter that lists a judge on a server."""
    return charter(outputs={"judge": f"http://127.0.0.1:{pages.port}/v1"})


def says(pages: PageServer, answer: object, quote: str, status: int = 200) -> None:
    """Have the judge say the same to every question."""
    content = json.dumps({"answer": answer, "quote": quote})
    pages.serve(PATH, json.dumps({"choices": [{"message": {"content": content}}]}), status)


def test_a_judge_is_one_more_rater_and_decides_nothing(run: Run) -> None:
    """Without it a model's opinion could change a score."""
    before = score_cards(run, CARD)[0].score
    with page_server() as pages:
        says(pages, "yes", "it left us on Monday")
        told = ask_judge(run, CARD, listing(pages), "m1")
    asked = sum(1 for _ in CARD.criteria())
    assert (told.answered, told.refused, told.rater) == (asked, 0, "judge m1")
    assert {rating.by for rating in ratings_of(run)} == {"judge m1"}
    machine_decides = {name for _, name, criterion in CARD.criteria() if not (criterion.asks or criterion.informs)}
    assert not machine_decides & {name for _, name in decided(ratings_of(run), CARD)}
    assert score_cards(run, CARD)[0].score == pytest.approx(before)


def test_an_answer_without_a_true_quote_is_refused(run: Run) -> None:
    """Without it a model could invent what it rests on."""
    with page_server() as pages:
        says(pages, "no", "we are closed on Mondays")
        told = ask_judge(run, CARD, listing(pages), "m1")
    assert told.answered == 0
    assert told.refused == sum(1 for _ in CARD.criteria())
    assert ratings_of(run) == []


def test_no_charter_no_judge(run: Run) -> None:
    """Without it transcripts could be sent to whoever is named on a command line."""
    with page_server() as pages, pytest.raises(RefusedByCharterError, match="lists no judge"):
        ask_judge(run, CARD, charter(), "m1")
    assert pages.asked == []


def test_a_judge_that_cannot_answer_is_told_and_leaves_nothing(run: Run) -> None:
    """Without it a broken endpoint would look like a judge without an opinion."""
    with page_server() as pages:
        says(pages, "yes", "", status=500)
        with pytest.raises(RunError, match="gave no answer"):
            ask_judge(run, CARD, listing(pages), "m1")
        says(pages, "perhaps", "")
        with pytest.raises(RunError, match="perhaps"):
            ask_judge(run, CARD, listing(pages), "m1")
    assert ratings_of(run) == []
