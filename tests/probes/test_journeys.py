from probes.journeys import Leave, Open, Pause, Say, Seen, Texts, WaitFor, act_out, texts_for
from probes.personas import make_persona, mark_of
from scenarios.journey import journey_named
from scenarios.laws import AnyLaw, Deterministic

TEXTS = Texts("Order 1", "Where is it?", {"order": "1"})


def draw(law: AnyLaw, index: int) -> float:
    return 10.0 * index


def test_a_journey_is_a_pure_function_of_what_came_back() -> None:
    """Without it a days-long journey could not be taken up again from its journal."""
    script = journey_named("ask_on_chat").steps
    heard = [None, Seen("human", 3, 3, "Hello"), None, None, Seen("closed", 9, 9, resolved=True)]

    def play() -> list[object]:
        acted = act_out(script, TEXTS, 60.0, draw)
        done: list[object] = [next(acted)]
        for seen in heard:
            try:
                done.append(acted.send(seen))
            except StopIteration:
                break
        return done

    assert play() == play()
    assert play() == [
        Open("Order 1", "Where is it?"),
        WaitFor("human", 60.0, True),
        Pause(20.0),
        Say("It is order 1."),
        WaitFor("closed", None, False),
    ]


def test_a_customer_leaves_when_patience_ends() -> None:
    """Without it shoppers would wait for ever, and abandonment could not be measured."""
    acted = act_out(journey_named("ask_on_chat").steps, TEXTS, 60.0, draw)
    next(acted)
    acted.send(None)
    assert acted.send(Seen("nothing")) == Leave(gave_up=True)


def test_one_who_never_gives_up_has_no_deadline() -> None:
    """Without it infinite patience would be an infinite timer, which no clock can set."""
    acted = act_out(journey_named("ask_on_chat").steps, TEXTS, float("inf"), draw)
    next(acted)
    assert acted.send(None) == WaitFor("human", None, True)


def test_a_law_of_time_is_drawn_once_a_step() -> None:
    """Without it two steps could share a draw, and pauses would move together."""
    seen: list[tuple[float, int]] = []

    def watched(law: AnyLaw, index: int) -> float:
        assert isinstance(law, Deterministic)
        seen.append((law.value_s, index))
        return law.value_s

    list(act_out(journey_named("ask_by_form").steps[:1], TEXTS, 1.0, watched))
    acted = act_out(journey_named("ask_by_form").steps, TEXTS, 1.0, watched)
    next(acted)
    for kind in (None, Seen("taken"), Seen("human")):
        acted.send(kind)  # type: ignore[arg-type]
    assert seen == [(900.0, 3)]


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
        texts = texts_for(journey_named(name), persona, "order_status", "Where is my order?")
        assert "{" not in texts.subject + texts.text
