import base64
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from probes.browser import Browser
from probes.channels.table import BROWSER, PROTOCOL
from probes.clean_up import clean_up
from probes.cleaning import Known, cleaned
from probes.clock import Clock
from probes.errand import Errand
from probes.instrument import Instrument
from probes.personas import Persona, make_persona, mark_of
from probes.player import SessionMaker
from probes.setting import Access, Setting
from probes.shop import Shopped, play_plan, shop_facts
from results.log import check_legs
from results.runs import Run
from scenarios.charter import AllowedHost, Charter, read_charter
from scenarios.identity import case_id, contact_id, customer_entity, customer_id
from scenarios.reading import HERE, load_scenario
from scenarios.target import Target, read_target
from tests.probes.helpdesk_fixture import Helpdesk
from tests.probes.loop_thread import LoopThread

SCENARIO = """
scenario: help_desk
title: A help desk with one agent
time_zone: Europe/Rome
starts: "2026-03-03"
channels: {form: {opens: 00:00, closes: "24:00", journey: ask_by_form}}
intents: {order_status: Where is my order?, returns: How do I send something back?}
demand: [{intent: order_status, channels: {form: 1}, contacts: [1]}]
teams:
  robins:
    channels: [form]
    agents: {00:00: 1}
    service: {default: {law: deterministic, value_s: 60}}
"""

SCALE = 10.0
ANSWER = "It is in Lyon and will be with you within 3 working days."


@dataclass(frozen=True)
class Shop:
    """What plays one contact on the help desk."""

    desk: Helpdesk
    folder: Path
    loop: LoopThread

    def charter(self) -> Charter:
        """Return the example charter, for the port the desk happens to have."""
        copy = self.folder / "charter.yaml"  # its ledger lies beside it
        copy.write_bytes((HERE / "charters" / "loopback_helpdesk.yaml").read_bytes())
        shipped = read_charter(copy)
        port = int(self.desk.base_url.rsplit(":", 1)[1])
        return shipped.model_copy(update={"allow": [AllowedHost(host="127.0.0.1", ports=[port])]})

    def target(self) -> Target:
        """Return the shipped target file, for where the desk happens to be; looked at every wall second."""
        shipped = read_target(HERE / "targets" / "django_helpdesk.yaml")
        assert shipped.form is not None
        form = shipped.form.model_copy(update={"poll_s": SCALE})
        return shipped.model_copy(update={"base_url": self.desk.base_url, "form": form})

    def play(self, sessions: dict[str, SessionMaker], browser: Browser | None, intent: str = "order_status") -> Shopped:
        """Have one customer play the form journey."""
        path = self.folder / "help_desk.yaml"
        path.write_text(SCENARIO)
        loaded = load_scenario(path)
        epoch_s = time.time() + 0.5
        plan = one_contact(intent)
        errand = Errand.of(loaded, plan, 1, ends_s=300.0)
        access = Access(self.target(), self.charter(), instead=sessions)
        run = Run.create(self.folder / "run", shop_facts(errand, access, "real", SCALE))

        async def shop() -> Shopped:
            clock = Clock.real(epoch_s=epoch_s, scale=SCALE)
            return await play_plan(errand, run, Setting(access, clock, Instrument(scale=SCALE), browser))

        return self.loop.run(shop())

    def mark(self, intent: str) -> str:
        """Return what marks the contact in the sender's address."""
        return mark_of(str(one_contact(intent)["contact_id"][0]), self.charter().marker_key)

    def persona(self, intent: str) -> Persona:
        """Return who plays the contact."""
        contact = one_contact(intent).iloc[0]
        return make_persona(contact["customer_id"], contact["contact_id"], "en", self.charter().marker_key)


def one_contact(intent: str) -> pd.DataFrame:
    """Return a plan of one contact at second 0."""
    customer = customer_id(intent, 0, 0)
    facts = {
        "customer_id": customer, "case_id": case_id(customer, 0), "contact_id": contact_id(customer, 0, 1),
        "attempt": 1, "channel": "form", "intent": intent, "journey": "ask_by_form", "language": "en",
        "played_by": "shopper", "due_s": 0.0, "patience_s": float("inf"), "entity": customer_entity(intent, 0, 0),
    }  # fmt: skip
    return pd.DataFrame([facts])


class Agent:
    """Answers each new ticket as soon as the desk lists it, and settles it with a second answer."""

    def __init__(self, desk: Helpdesk) -> None:
        self._desk = desk
        self._known = {ticket["id"] for ticket in desk.tickets()}
        self._stop = threading.Event()
        self.answered: list[dict[str, object]] = []
        self._thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        while not self._stop.wait(0.1):
            for ticket in self._desk.tickets():
                if ticket["id"] not in self._known:
                    self._known.add(ticket["id"])
                    self._desk.answer(ticket["id"], ANSWER, resolves=True)
                    self.answered.append(ticket)

    def __enter__(self) -> "Agent":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def shop(helpdesk: Helpdesk, probe_loop: LoopThread, tmp_path: Path) -> Iterator[Shop]:
    """Yield what plays contacts on the real help desk."""
    return Shop(helpdesk, tmp_path, probe_loop)


@pytest.fixture(params=["browser", "http"])
def way(request: pytest.FixtureRequest) -> tuple[dict[str, SessionMaker], Browser | None]:
    """Yield the sessions to play with: in the real browser, and over plain HTTP."""
    if request.param == "http":
        return PROTOCOL, None
    return BROWSER, request.getfixturevalue("browser")


def test_a_shopper_reads_the_agents_answer(shop: Shop, way: tuple[dict[str, SessionMaker], Browser | None]) -> None:
    """Without it shop would be proved on our own desk alone, which was built to be shopped."""
    with Agent(shop.desk) as agent:
        shopped = shop.play(*way)
    legs, steps, messages = (shopped.run.table(name) for name in ("legs", "steps", "messages"))
    check_legs(legs)
    leg = legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("answered", "resolved"), leg["reason"]
    rungs = steps[steps["rung"].notna()]
    assert list(rungs["rung"]) == ["accepted", "first_human", "first_useful_answer", "resolved"]
    human = rungs[rungs["rung"] == "first_human"].iloc[0]
    assert leg["arrived_s"] <= human["seen_after_s"] < human["seen_by_s"]
    assert ANSWER in list(messages.loc[messages["speaker"] == "agent", "text"])
    ticket = agent.answered[-1]
    assert shop.mark("order_status") in str(ticket["submitter_email"])
    sent = messages.loc[messages["speaker"] == "customer", "text"].iloc[0]
    known = Known()
    known.learn_persona(shop.persona("order_status"))
    assert sent == cleaned(str(ticket["description"]), known)
    assert "<order>" in sent
    assert shopped.instrument.error_s_p95 < 0.5, "or half a minute of waiting could be our own"


def test_an_error_shown_although_the_ticket_exists_is_the_desks(
    shop: Shop, way: tuple[dict[str, SessionMaker], Browser | None]
) -> None:
    """Without it a lost case and one that only looks lost would be sent again alike."""
    shopped = shop.play(*way, intent="returns")
    leg = shopped.run.table("legs").iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("target_error", "target_error")
    assert "HTTP 500" in leg["reason"]
    assert "look before sending it again" in leg["reason"]
    assert shop.mark("returns") in shop.desk.tickets()[-1]["submitter_email"], "the desk has it all the same"


def test_what_a_shop_left_on_the_desk_is_deleted_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the shipped clean-up could be a form of words that no real desk understands."""
    with Agent(shop.desk) as agent:
        shopped = shop.play(PROTOCOL, None)
    (ours,) = (ticket["id"] for ticket in agent.answered)
    kept = [ticket["id"] for ticket in shop.desk.tickets() if ticket["id"] != ours]
    staff = base64.b64encode(f"{shop.desk.staff_user}:{shop.desk.staff_password}".encode()).decode()
    monkeypatch.setenv("HELPDESK_STAFF", staff)
    for before in (False, True):
        (row,) = shop.loop.run(clean_up(shopped.run, shop.target(), shop.charter()))
        assert (row.state, row.before, row.told) == ("done", before, "HTTP 204")
        assert [ticket["id"] for ticket in shop.desk.tickets()] == kept
