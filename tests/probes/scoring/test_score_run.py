"""A run that is scored: findings, facts, answers that clash, and promises that were kept, late, broken or moved."""

from pathlib import Path

import pytest

from probes.scoring.score_run import language_of, score_run
from results.consistency import consistency_of
from results.runs import Run
from tests.results.said import run_of, turn

HOUR, TEN = 3600.0, 36_000.0


def promises(run: Run) -> list[str]:
    """Return the states of a run's promises, in order."""
    return list(run.table("promises").sort_values(["made_s", "turn"])["state"])


def test_what_was_said_becomes_tables(tmp_path: Path) -> None:
    """Without it a shop would end with transcripts and nobody would read them all."""
    run = run_of(
        tmp_path / "run",
        {
            "a/0/1": [
                turn("customer", "Hi, order 10044821 is broken"),
                turn("human", "Good morning, I'm so sorry. It costs £30."),
            ]
        },
    )
    counts = score_run(run)
    findings = run.table("findings")
    assert set(findings["label"]) >= {"greeting", "apology"}
    assert list(findings["turn"].unique()) == [1]
    facts = run.table("facts")
    assert ("money", '{"amount": 30, "currency": "GBP"}') in set(zip(facts["type"], facts["value"], strict=True))
    assert counts["findings"] == len(findings)


def test_an_automatic_reply_in_another_language_is_read_in_its_own(tmp_path: Path) -> None:
    """Without it an English automatic reply to an Italian customer would be read as Italian, and show nothing."""
    said = "Thank you for your message. This is an automated reply: we will answer within two working days."
    run = run_of(
        tmp_path / "run",
        {"a/0/1": [turn("customer", "Buongiorno, il mio pacco?"), turn("automatic", said), turn("human", "Grazie!")]},
        {"a/0/1": {"language": "it"}},
    )
    score_run(run)
    found = run.table("findings")
    assert set(found.loc[found["language"] == "en", "label"]) >= {"automatic_reply", "thanks", "promise"}
    assert list(found.loc[found["turn"] == 2, "language"].unique()) == ["it"]


@pytest.mark.parametrize(
    ("answered_s", "ends_s", "state"),
    [
        (TEN + HOUR, TEN + 9 * HOUR, "kept"),
        (TEN + 3 * HOUR, TEN + 9 * HOUR, "late"),
        (None, TEN + 9 * HOUR, "broken"),
        (None, TEN + HOUR, "open"),
    ],
)
def test_a_promise_is_followed_up(tmp_path: Path, answered_s: float | None, ends_s: float, state: str) -> None:
    """Without it a promise would be scored as it is made, and not as it is kept."""
    contacts = {
        "a/0/1": [turn("customer", "any news?", TEN), turn("human", "I will write to you within two hours.", TEN)]
    }
    if answered_s is not None:
        contacts["a/0/2"] = [
            turn("customer", "hello again", answered_s),
            turn("human", "It left our hub today.", answered_s),
        ]
    else:
        contacts["a/0/2"] = [turn("customer", "still nothing", ends_s - 60)]
    run = run_of(tmp_path / "run", contacts)
    score_run(run)
    assert promises(run)[0] == state


def test_a_promise_that_nobody_follows_up_is_neither_kept_nor_broken(tmp_path: Path) -> None:
    """Without it a desk would be blamed, or praised, for what nobody saw."""
    said = [turn("customer", "any news?"), turn("human", "It will be with you within two hours. Bye!")]
    run = run_of(tmp_path / "run", {"a/0/1": said, "z/0/1": [turn("customer", "later", TEN + 9 * HOUR)]})
    score_run(run)
    assert promises(run)[0] == "unseen"


def test_a_chain_of_moving_promises_is_recognised(tmp_path: Path) -> None:
    """Without it 15 minutes, 30 minutes and an hour would be three promises of which one was kept."""
    run = run_of(
        tmp_path / "run",
        {
            "a/0/1": [turn("customer", "no internet", TEN), turn("human", "It will be back in 15 minutes.", TEN)],
            "a/0/2": [
                turn("customer", "still none", TEN + 1200),
                turn("human", "It will be back in 30 minutes.", TEN + 1200),
            ],
            "a/0/3": [
                turn("customer", "and now?", TEN + 3600),
                turn("human", "It will be back in an hour.", TEN + 3600),
            ],
            "a/0/4": [turn("customer", "I give up", TEN + 9 * HOUR)],
        },
    )
    steps = run.table("steps")
    run.write_table("steps", steps[steps["rung"] == "first_human"].reset_index(drop=True))
    score_run(run)
    assert promises(run) == ["broken", "broken", "broken"]
    table = run.table("promises").sort_values("made_s")
    assert table["moved_from_s"].notna().tolist() == [False, True, True]


def test_five_agents_with_five_answers_show(tmp_path: Path) -> None:
    """Without it a desk whose people contradict each other would look as good as one whose people agree."""
    answers = [
        "It takes 5 working days.",
        "Five working days.",
        "It takes 15 working days.",
        "5 working days, no more.",
        "About 5 working days.",
    ]
    run = run_of(
        tmp_path / "run",
        {
            f"c{i}/0/1": [turn("customer", "How long does a refund take?"), turn("human", text)]
            for i, text in enumerate(answers)
        },
    )
    score_run(run, published={"order_status": "Refunds take 5 working days."})
    (fact,) = consistency_of(run).facts
    assert fact.answers == 5
    assert fact.agreement.value == pytest.approx(0.6)
    assert fact.true.value == pytest.approx(0.8)
    assert fact.clash is not None
    assert "15 working days" in (fact.clash.quote, fact.clash.against_quote)


def test_the_same_run_gives_the_same_tables(tmp_path: Path) -> None:
    """Without it a score could change by looking twice."""
    run = run_of(
        tmp_path / "run", {"a/0/1": [turn("customer", "hi"), turn("human", "Hello, you must ring us by Friday.")]}
    )
    score_run(run)
    first = {name: run.table(name).to_json() for name in ("findings", "facts", "promises", "answers")}
    score_run(run)
    assert {name: run.table(name).to_json() for name in first} == first


def test_a_language_we_do_not_read_is_left_alone(tmp_path: Path) -> None:
    """Without it German would be scored by English rules."""
    said = [turn("human", "Sorry, your refund takes 5 days.")]
    run = run_of(tmp_path / "run", {"a/0/1": said, "b/0/1": said}, {"a/0/1": {"language": "de"}})
    score_run(run)
    assert set(run.table("findings")["contact_id"]) | set(run.table("facts")["contact_id"]) == {"b/0/1"}


def test_a_recorded_log_without_languages_is_heard_in_its_own(tmp_path: Path) -> None:
    """Without it transcripts from elsewhere would be read as English."""
    run = run_of(
        tmp_path / "run",
        {"a/0/1": [turn("customer", "dov'è il mio pacco?"), turn("human", "Buongiorno, ci scusiamo per il ritardo.")]},
        {"a/0/1": {"language": None}},
    )
    score_run(run)
    assert set(run.table("findings")["language"]) == {"it"}
    assert language_of("Vă mulțumim pentru răbdare") == "ro"
