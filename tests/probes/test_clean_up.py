"""Clean-up on a desk of the test's own, which forgets a ticket when it is told to."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web

from probes.clean_up import CLEAN_UP, CleanedUp, clean_up, what_is_left
from probes.desk.desk import charter_for, target_for
from probes.personas import mark_of
from probes.refusal import RefusedByCharterError
from results.journal import JOURNAL, Journal
from results.runs import Run, RunError
from scenarios.charter import Charter
from scenarios.faults import FaultsFoundError
from scenarios.models import write_model
from scenarios.target import Target, read_target

DELETE = {
    "request": {
        "method": "DELETE",
        "path": "/api/tickets/{reference}/",
        "reference": "-(?P<reference>[0-9]+)$",
        "headers": {"Authorization": "Token {secret.token}"},
    }
}
REFUND = {
    "request": {"method": "POST", "path": "/api/undo", "send": {"ticket": "{reference}", "who": "{mark}", "n": 1}}
}
BY_HAND = {"by_hand": "Take {reference} out of the week's report"}


class Desk:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.answer: Callable[[], web.Response] = lambda: web.Response(status=204)

    async def take(self, request: web.Request) -> web.Response:
        """Take any request."""
        body = await request.text()
        self.asked.append((request.method, request.path, body or request.headers.get("Authorization", "")))
        return self.answer()


@contextlib.asynccontextmanager
async def serving(desk: Desk) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", desk.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def a_run(folder: Path) -> Run:
    """Return a run of which two forms were accepted, one of them without a reference, and the others were not."""
    run = Run.create(folder / "run", {"run_id": "r", "target": "rehearsal_desk", "kind": "measured"})
    journal = Journal(run.folder / JOURNAL)
    begun = [("a.1", "form", 1.0), ("b.1", "form", 1.0), ("c.1", "chat", 1.0), ("d.1", "form", None)]
    for contact, channel, arrived_s in begun:
        journal.write("begun", contact_id=contact, channel=channel, arrived_s=arrived_s)
    for contact in ("a.1", "b.1"):
        journal.write("step", contact_id=contact, rung="accepted")
    journal.write("created", contact_id="a.1", reference="orders-31")
    for contact, leg_end in (("a.1", "answered"), ("c.1", "abandoned"), ("d.1", "withheld")):
        journal.write("leg", contact_id=contact, leg=0, leg_end=leg_end)
    journal.close()
    return run


def cleaned(run: Run, desk: Desk, *steps: dict[str, object], allowed: Charter | None = None) -> list[CleanedUp]:
    async def play() -> list[CleanedUp]:
        async with serving(desk) as port:
            facts = target_for(port).model_dump(by_alias=True) | {
                "clean_up": {"form": list(steps)}, "secrets": {"token": {"env": "DESK_TOKEN"}},
            }  # fmt: skip
            return await clean_up(run, Target.model_validate(facts), allowed or charter_for(port))

    return asyncio.run(play())


def test_what_a_run_created_is_undone_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it our tickets would stay in the desk's queue, or a second clean-up would undo somebody else's."""
    monkeypatch.setenv("DESK_TOKEN", "s3cret")
    run, desk = a_run(tmp_path), Desk()
    rows = cleaned(run, desk, DELETE, BY_HAND)
    assert desk.asked == [("DELETE", "/api/tickets/31/", "Token s3cret")]
    assert [(row.contact_id, row.step, row.state) for row in rows] == [
        ("a.1", 0, "done"), ("a.1", 1, "by_hand"), ("b.1", 0, "failed"), ("b.1", 1, "by_hand"),
    ]  # fmt: skip
    assert rows[1].told == "Take orders-31 out of the week's report"
    assert "told no reference" in rows[2].told
    again = cleaned(run, desk, DELETE, BY_HAND)
    assert len(desk.asked) == 1
    assert [row.before for row in again] == [True, True, False, True]
    assert "s3cret" not in (run.folder / CLEAN_UP).read_text()


def test_a_request_that_failed_is_asked_again_and_one_that_may_have_worked_is_not(tmp_path: Path) -> None:
    """Without it a refund could be taken back twice, or a ticket stay because the desk was down for a minute."""
    run, desk = a_run(tmp_path), Desk()
    desk.answer = lambda: web.Response(status=503)
    assert cleaned(run, desk, REFUND)[0].told == "HTTP 503 from POST /api/undo"
    desk.answer = lambda: web.Response(status=200)
    assert cleaned(run, desk, REFUND)[0].state == "done"
    assert [json.loads(body)["ticket"] for _, _, body in desk.asked] == ["orders-31"] * 2

    other = a_run(tmp_path / "other")
    journal = Journal(other.folder / CLEAN_UP)
    journal.write("asked", contact_id="a.1", step=0)  # and then we were killed
    journal.close()
    unsure = cleaned(other, desk, REFUND)[0]
    assert (unsure.state, len(desk.asked)) == ("unsure", 2)
    assert "orders-31" in unsure.told


def test_a_secret_that_is_not_there_is_named_before_anything_is_asked(tmp_path: Path) -> None:
    """Without it a request without its password would be answered 403, and nobody know why."""
    run, desk = a_run(tmp_path), Desk()
    assert "DESK_TOKEN" in cleaned(run, desk, DELETE)[0].told
    assert desk.asked == []


def test_clean_up_keeps_to_the_charter_and_the_runs_own_desk(tmp_path: Path) -> None:
    """Without it a clean-up could delete on a desk that never had our contacts, or after its owner said stop."""
    run, desk = a_run(tmp_path), Desk()
    with pytest.raises(RefusedByCharterError, match=r"does not allow 127\.0\.0\.1"):
        cleaned(run, desk, DELETE, allowed=charter_for(1))
    run.write_facts(target="another_desk")
    with pytest.raises(RunError, match="another_desk"):
        cleaned(run, desk, DELETE)
    assert desk.asked == []


def test_a_contact_is_found_by_its_mark_where_the_desk_told_no_reference(tmp_path: Path) -> None:
    """Without it a person who tidies up by hand would not know which of a thousand tickets is ours."""
    left = what_is_left(a_run(tmp_path), charter := charter_for(1))
    assert [(one.contact_id, one.channel, one.reference) for one in left] == [
        ("a.1", "form", "orders-31"), ("b.1", "form", ""),
    ]  # fmt: skip
    assert left[1].mark == mark_of("b.1", charter.marker_key)


def test_a_contact_that_may_be_there_all_the_same_is_told_to_a_person(tmp_path: Path) -> None:
    """Without it a ticket behind an error page, or of a run that was killed, would stay and nobody look."""
    run, desk = a_run(tmp_path), Desk()
    journal = Journal(run.folder / JOURNAL)
    for contact, leg_end in (("e.1", "target_error"), ("f.1", None)):
        journal.write("begun", contact_id=contact, channel="form", arrived_s=2.0)
        if leg_end is not None:
            journal.write("leg", contact_id=contact, leg=0, leg_end=leg_end)
    journal.close()
    rows = cleaned(run, desk, REFUND)[2:]
    assert [(row.contact_id, row.state) for row in rows] == [("e.1", "unsure"), ("f.1", "unsure")]
    assert mark_of("e.1", charter_for(1).marker_key) not in rows[0].told  # each charter has a key of its own
    assert "look for the mark" in rows[0].told
    assert [body for _, _, body in desk.asked if "orders-31" not in body] == []


def test_steps_are_checked_with_the_target_file(tmp_path: Path) -> None:
    """Without it a slip in a step would show only when the tickets are there."""
    path = tmp_path / "t.yaml"
    write_model(path, target_for(1))
    wrong = (
        "clean_up:\n  form:\n  - {request: {method: DELETE, path: x, reference: '[0-9]+'}}\n"
        "  - {by_hand: 'see {ticket}', request: {method: GET, path: /}}\n"
    )
    lines = [line for line in path.read_text().splitlines() if not line.startswith("clean_up")]
    path.write_text("\n".join(lines) + "\n" + wrong)
    with pytest.raises(FaultsFoundError) as caught:
        read_target(path)
    told = str(caught.value)
    for words in ("a path that begins with /", "with a group `reference`", "no placeholders but", "one of: DELETE"):
        assert words in told
