import asyncio
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from probes.clock import Clock
from probes.desk.desk import LOOPBACK, charter_for
from probes.errand import Players, journey_errand
from probes.personas import mark_of
from probes.playing import play_real
from probes.setting import Access
from results.journal import JOURNAL
from results.log import check_legs
from results.runs import Run
from scenarios.target import Target
from tests.probes.dovecot_fixture import CUSTOMER, DESK, PASSWORD, RealMailDesk, real_mail_desk
from tests.probes.scripted_mail import JOURNEY, LADDER, Letter, MailDesk, correspond

__all__ = ["real_mail_desk"]

STEPS = "  - open: true\n  - wait_for: closed\n    within: {law: deterministic, value_s: 15}\n"
SETTLED = "It will be with you within 3 working days, {customer}; the matter is settled."
COUNT = 8
PUSH_LATE_S = 0.5
"""Dovecot tells of a mail so long after it came."""
POLL_S = 0.2
SLACK_S = 0.15
"""For a machine that is busy with other tests."""
PUSHED_S_P50 = 0.020


def target_of(desk: RealMailDesk, idle: bool) -> Target:
    """Return the target file of a Dovecot, whose one mailbox all shoppers share by plus-addressing."""
    imap = {
        "host": LOOPBACK, "port": desk.imap, "tls": "none", "user": CUSTOMER, "idle": idle,
        "password": {"env": "TESTDRIVE_MAIL_PASSWORD"}, "push_late_s": PUSH_LATE_S,
    }  # fmt: skip
    mail = {
        "to": DESK, "from_address": CUSTOMER.replace("@", "+{persona.tag}@"), "closed": "is settled", "poll_s": POLL_S,
        "smtp": {"host": LOOPBACK, "port": desk.smtp, "tls": "none"}, "imap": imap,
    }  # fmt: skip
    return Target.model_validate({"target": "dovecot", "title": "A real mail desk", "email": mail})


def begun_wall_s(patch: pytest.MonkeyPatch) -> list[float]:
    """Have the wall time of each run's second 0 noted."""
    noted: list[float] = []
    real = Clock.real

    def noting(**how: Any) -> Clock:
        noted.append(float(how["epoch_s"]))
        return real(**how)

    patch.setattr("probes.playing.Clock.real", noting)
    return noted


def late_s(run: Run, truth_s: Mapping[str, float], marker_key: str) -> "np.ndarray[Any, Any]":
    """Return how long after each answer lay in the mailbox it was seen; it was not seen to come before it came."""
    messages, steps = run.table("messages"), run.table("steps")
    seen = steps[(steps["rung"] == "first_human") & (steps["state"] == "seen")].set_index("contact_id")
    late = []
    for message in messages[messages["speaker"] == "agent"].to_dict("records"):
        mark = mark_of(str(message["contact_id"]), marker_key)
        true_s = next(at_s for address, at_s in truth_s.items() if mark in address)
        step = seen.loc[message["contact_id"]]
        assert step["seen_after_s"] <= true_s + SLACK_S
        late.append(step["seen_by_s"] - true_s)
    return np.array(late)


@pytest.mark.parametrize("idle", [True, False], ids=["pushed", "polled"])
def test_a_real_mail_desk_is_timed_against_what_it_did(
    idle: bool,
    real_mail_desk: RealMailDesk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without it the channel would be known to work with no mail server but our own."""
    monkeypatch.setenv("TESTDRIVE_MAIL_PASSWORD", PASSWORD)
    monkeypatch.setattr("probes.playing.LEAD_S", 0.2)
    begun = begun_wall_s(monkeypatch)
    desk = real_mail_desk
    desk.answers = lambda question: desk.answer_later(
        question, SETTLED.replace("{customer}", str(question["From"].addresses[0].addr_spec)), 0.9
    )
    path = tmp_path / "by_mail.yaml"
    path.write_text(JOURNEY + STEPS)
    errand = journey_errand([str(path)], "default", Players(repeats=COUNT), 1)
    errand.plan["due_s"] = np.arange(COUNT) * 0.3
    licence = charter_for(desk.smtp, desk.imap, desk.lmtp)  # the desk itself runs in our process
    run = asyncio.run(play_real(errand, tmp_path / "run", Access(target_of(desk, idle), licence)))
    check_legs(run.table("legs"))
    legs = run.table("legs")
    assert legs["contact_outcome"].tolist() == ["resolved"] * COUNT, set(legs["reason"])
    steps = run.table("steps")
    for _, of_one in steps[steps["rung"].notna()].groupby("contact_id"):
        assert of_one["rung"].tolist() == LADDER
    texts = run.table("messages")
    automatic = texts.loc[texts["speaker"] == "automatic", "text"].tolist()
    assert automatic == ["Thank you, we have received your mail and will answer soon."] * COUNT
    assert not texts.loc[texts["speaker"] == "agent", "text"].str.contains("wrote").any(), "the history is left out"
    truth_s = {customer: wall_s - begun[0] for customer, wall_s in desk.answered_wall_s.items()}
    late = late_s(run, truth_s, licence.marker_key)
    logging.getLogger(__name__).info("seen late by %s s (p95)", np.percentile(late, 95))
    assert len(late) == COUNT
    assert (late > -SLACK_S).all()
    assert np.percentile(late, 95) < (PUSH_LATE_S if idle else POLL_S) + SLACK_S
    assert PASSWORD not in (run.folder / JOURNAL).read_text()


def test_what_a_server_pushes_at_once_is_stamped_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the first human answer would be dated when we happened to look."""
    begun = begun_wall_s(monkeypatch)
    sent: dict[str, float] = {}

    def answer(desk: MailDesk, letter: Letter) -> None:
        loop = asyncio.get_running_loop()
        place = len(desk.letters)

        def send() -> None:
            sent[letter.sender] = time.time() - begun[0]
            desk.send(letter, SETTLED.replace("{customer}", letter.sender))

        loop.call_later(1.0 + 0.05 * place, send)

    key = "known-to-this-test"
    known = {"marker_key": key}
    played = correspond(tmp_path, answer, count=40, steps=STEPS, charter=lambda told: told.model_copy(update=known))
    late = late_s(played.run, sent, key)
    assert len(late) == 40
    logging.getLogger(__name__).info("seen late by %s s (p95)", np.percentile(late, 95))
    assert np.median(late) < PUSHED_S_P50, "half of them, as a busy machine puts us aside for longer"
