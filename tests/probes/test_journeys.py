import pytest

from probes.channels.contract import Caller
from probes.journeys import (
    Action,
    Draws,
    GoOn,
    Leave,
    Open,
    Pause,
    Press,
    Script,
    Seen,
    Voice,
    WaitFor,
    Write,
    act_out,
)
from probes.personas import make_persona, mark_of
from probes.player import Contact, script_of
from scenarios.journey import Journey, Said, journey_named
from scenarios.laws import AnyLaw, Deterministic
from scenarios.persona import PersonaKind

CONTACT = Contact({"attempt": 1}, 0.0, 60.0, 1, 1, 0)
HEAD = {"journey": "tried", "title": "?", "channel": "chat"}
QUESTIONS = {"default": {"subject": "Order {order}", "text": "Where is it?", "useful": "working days"}}


def journey(steps: list[object], **more: object) -> Journey:
    """Return a journey of these steps after its opening."""
    return Journey.model_validate({**HEAD, "questions": QUESTIONS, "steps": [{"open": True}, *steps], **more})


def draws(choice: float = 0.0) -> Draws:
    """Return luck by which a law of the step k takes ten times k seconds."""
    return Draws(lambda law, index: law.value_s if isinstance(law, Deterministic) else 10.0 * index, lambda _: choice)


def script(told: Journey, patience_s: float = 60.0, choice: float = 0.0, kind: PersonaKind | None = None) -> Script:
    """Return a journey that begins, by a customer whose order is 1."""
    voice = Voice(told, "default", {"order": "1"}, kind, kind.language if kind else "en")
    return Script(act_out(told, voice, draws(choice), patience_s))


def after(play: Script, *heard: list[Seen]) -> Action | None:
    """Return what is done after these answers, one for each action from the first."""
    for seen in heard:
        play.send(seen)
    return play.action


def wait(what: object, within_s: float | None = None, patience: bool = False, **more: object) -> WaitFor:
    """Return a wait."""
    return WaitFor(what, within_s, patience, **more)  # type: ignore[arg-type]  # the test says what it waits for


def said(text: str, by: str = "human", at_s: float = 5.0) -> Seen:
    """Return something that was said."""
    return Seen(by, at_s, at_s, text)  # type: ignore[arg-type]  # the test says who speaks


HUMAN, CLOSED, NOTHING = said("Hello"), Seen("closed", 9, 9, resolved=True), Seen("nothing")


def test_a_journey_is_a_pure_function_of_what_came_back() -> None:
    """Without it a days-long journey could not be taken up again from its journal."""
    heard: list[list[Seen]] = [[], [HUMAN], [], [], [CLOSED]]

    def play() -> list[object]:
        acted = script(journey_named("ask_on_chat"))
        done: list[object] = [acted.action]
        for seen in heard:
            done.append(acted.send(seen))
        return done

    assert play() == play()
    assert play()[1:] == [wait("human", 60.0, True), Pause(20.0), Write("It is order 1."), wait("closed"), None]


def test_a_customer_leaves_when_patience_ends() -> None:
    """Without it shoppers would wait for ever, and abandonment could not be measured."""
    play = script(journey_named("ask_on_chat"))
    assert after(play, [], [NOTHING]) == Leave(gave_up=True)
    assert play.send(()) is None


def test_one_who_never_gives_up_has_no_deadline() -> None:
    """Without it infinite patience would be an infinite timer, which no clock can set."""
    assert after(script(journey_named("ask_on_chat"), float("inf")), []) == wait("human", None, True)


def test_a_law_of_time_is_drawn_once_a_step() -> None:
    """Without it two steps could share a draw, and pauses would move together."""
    seen: list[tuple[float, int]] = []

    def watched(law: AnyLaw, index: int) -> float:
        assert isinstance(law, Deterministic)
        seen.append((law.value_s, index))
        return law.value_s

    form = journey_named("ask_by_form")
    play = Script(act_out(form, Voice(form, "default", {}), Draws(watched, lambda _: 0.0), 1.0))
    after(play, [], [Seen("taken")], [HUMAN])
    assert seen == [(900.0, 3)]


def test_of_several_wordings_one_is_drawn_in_the_personas_language() -> None:
    """Without it every shopper would say the same words, and be known by them."""
    told = journey([{"say": {"en": ["Hello", "Good morning"], "it": "Buongiorno"}}])
    italian = PersonaKind(persona="anna", title="?", language="it", before="Scusi.")
    assert after(script(told), []) == Write("Hello")
    assert after(script(told, choice=0.6), []) == Write("Good morning")
    assert script(told, kind=italian).action == Open("Order 1", "Scusi. Where is it?")
    assert after(script(told, kind=italian), []) == Write("Buongiorno")


def test_a_persona_who_types_takes_time_for_it() -> None:
    """Without it a shopper would answer faster than any person can write."""
    slow = PersonaKind(persona="slow", title="?", language="en", types_per_s=2)
    play = script(journey([{"say": "0123456789"}]), kind=slow)
    assert play.action == Pause(6.0)
    assert after(play, [], [], []) == Write("0123456789")


def test_a_question_for_a_fact_names_it() -> None:
    """Without it nobody could compare what five agents say to the same question."""
    told = journey([{"ask": {"fact": "delivery_days", "text": "How long?", "answer": "days"}}, {"wait_for": "answer"}])
    play = script(told)
    assert after(play, []) == Write("How long?", "delivery_days", "days")
    assert play.send(()) == wait("answer")


def test_a_branch_is_taken_on_what_came_back() -> None:
    """Without it a shopper could not answer a menu, or a bot that asks something else."""
    branch = {"when": {"says": "press", "by": "automatic"}, "then": [{"press": "1"}], "else": [{"say": "Hello?"}]}
    steps = [{"wait_for": {"says": ".", "by": "anyone"}}, branch]
    assert after(script(journey(steps, channel="phone")), [], [said("To order press 1", "automatic")]) == Press("1")
    assert after(script(journey(steps, channel="phone")), [], [said("To order press 1")]) == Write("Hello?")
    awaited = after(script(journey(steps)), [])
    assert isinstance(awaited, WaitFor)
    assert awaited.what == Said(says=".", by="anyone")


def test_a_deadline_may_have_another_way_out() -> None:
    """Without it a shopper could only go where nobody answers in time."""
    law = {"law": "deterministic", "value_s": 30}
    told = journey([{"wait_for": "human", "within": law, "otherwise": [{"say": "Is anybody there?"}]}, {"pause": law}])
    play = script(told)
    assert after(play, [], [NOTHING]) == Write("Is anybody there?")
    assert play.send(()) == Pause(30.0)


def test_the_story_is_told_again_when_asked_and_the_wait_goes_on() -> None:
    """Without it a shopper would be silent when asked for the order number, and no retelling could be counted."""
    reply = {"to": "number", "say": "It is {order}.", "kind": "retelling"}
    play = script(journey([{"wait_for": "closed"}], replies=[reply]))
    assert after(play, []) == wait("closed", heed=("number",))
    assert play.send([said("What is your number?")]) == Write("It is 1.", retelling=True)
    assert play.send(()) == wait("closed", again=True), "once in a contact, as it says"


def test_at_most_two_feedback_questions_are_answered() -> None:
    """Without it a survey without end would keep the shopper in it."""
    reply = {"to": "rate", "say": "8", "kind": "feedback", "most": 9}
    play = script(journey([{"wait_for": "closed"}], replies=[reply]))
    after(play, [])
    for _ in range(2):
        assert play.send([said("Please rate us", "bot")]) == Write("8")
        play.send(())
    assert play.action == wait("closed", again=True)


HOP = {"hop": {"to": "phone", "say": "I wrote by {earlier.channel}, {earlier.reference}."}}


def test_a_journey_goes_on_over_another_channel_and_cites_the_contact_before() -> None:
    """Without it nobody could see whether the next person knows what the first was told."""
    play = script(journey([{"wait_for": "human"}, HOP, {"wait_for": "closed"}]))
    accepted = Seen("accepted", 1, 1, "T-17")
    assert after(play, [], [accepted, HUMAN]) == GoOn("phone", 0.0)
    assert play.begin() == Open("Order 1", "I wrote by chat, T-17.")
    assert play.send(()) == wait("closed")


@pytest.mark.parametrize(
    ("last", "goes_on"),
    [
        (said("within 3 working days"), False),
        (CLOSED, True),
        (Seen("closed", 9, 9), True),
        (Seen("error", text="HTTP 500"), True),
        (Seen("busy", 9, 9), True),
    ],
)
def test_what_is_answered_needs_no_other_channel(last: Seen, goes_on: bool) -> None:
    """Without it customers who have their answer would ring all the same."""
    action = after(script(journey([{"wait_for": "human"}, HOP])), [], [last])
    assert isinstance(action, GoOn) == goes_on


def test_one_who_gave_up_goes_on_elsewhere() -> None:
    """Without it a journey would end with the first queue."""
    play = script(journey([{"wait_for": "human", "within": "patience"}, {"say": "never"}, HOP]))
    assert after(play, [], [NOTHING]) == Leave(gave_up=True)
    assert play.send(()) == GoOn("phone", 0.0)


def test_a_promise_is_chased_when_it_is_due() -> None:
    """Without it "we will call you within two days" would be believed for ever."""
    chase = {"hop": {"to": "phone", "say": "?", "when": "due", "after": {"law": "deterministic", "value_s": 60}}}
    sign = {"says": r"within (?P<count>\d+) days", "unit": "days"}
    told = journey([{"wait_for": "human"}, chase], promises=[sign])
    assert after(script(told), [], [said("We will call within 2 days", at_s=100.0)]) == GoOn("phone", 60.0, 172_900.0)
    arabic = said("within ٢ days", at_s=100.0)
    assert after(script(told), [], [arabic]) == GoOn("phone", 60.0, 172_900.0)
    assert after(script(told), [], [said("We will call you.")]) == Leave(gave_up=False)


def test_a_contact_that_comes_to_nothing_leads_to_the_next() -> None:
    """Without it a run that was killed in the middle of a journey would forget the rest of it."""
    play = script(journey([{"wait_for": "human"}, HOP]))
    assert play.cut_off("interrupted") == GoOn("phone", 0.0)


def test_a_persona_is_invented_and_belongs_to_nobody() -> None:
    """Without it a shopper might write with a real person's address."""
    persona = make_persona("order_status.000.0900.00001", "c/0/1", "en", "0123456789")
    again = make_persona("order_status.000.0900.00001", "c/0/1", "en", "0123456789")
    other = make_persona("order_status.000.0900.00002", "d/0/1", "en", "0123456789")
    assert persona == again
    assert persona != other
    assert persona.email.endswith("@example.org")
    assert mark_of("c/0/1", "0123456789") in persona.email
    assert mark_of("c/0/1", "9876543210") not in persona.email


def test_every_language_has_people() -> None:
    """Without it a persona in Arabic could have an address without a name in it, which is none."""
    for language in ("en", "it", "ro", "ar"):
        persona = make_persona("x", "x/0/1", language, "0123456789")
        assert persona.first_name
        assert persona.email.split(".")[0].isascii()


def test_placeholders_are_filled() -> None:
    """Without it a desk would be asked about order {order}."""
    persona = make_persona("x", "x/0/1", "en", "0123456789")
    for name in ("ask_on_chat", "ask_by_form", "look_it_up"):
        caller = Caller(persona, "x/0/1", "order_status", "Where is my order?", background=False)
        told = journey_named(name)
        opening = script_of(CONTACT, told, caller).action
        assert isinstance(opening, Open)
        assert "{" not in opening.subject + opening.text
