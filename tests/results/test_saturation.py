"""Saturation told from tables that a desk with known places would have left."""

import heapq
import json
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.log import table_of
from results.provenance import saturation_lines
from results.saturation import Saturation, saturations

Times = npt.NDArray[np.float64]
Begins = Callable[[Times, Times], Times]

SIGN_S = 0.004
"""How long a first sign takes that nobody waits for."""


def places(number: int) -> Begins:
    """Return when a desk begins that serves so many at once, in order."""

    def begins(came_s: Times, takes_s: Times) -> Times:
        free_s, begun_s = [0.0] * number, np.empty(len(came_s))
        for row, (came, takes) in enumerate(zip(came_s, takes_s, strict=True)):
            begun_s[row] = max(came, heapq.heappop(free_s))
            heapq.heappush(free_s, begun_s[row] + takes + 0.002)  # it notes an end a moment later than the customer
        return begun_s

    return begins


def no_limit(came_s: Times, takes_s: Times) -> Times:
    """Begin with everybody at once."""
    return came_s.copy()


def stalls(came_s: Times, takes_s: Times) -> Times:
    """Stand still in the first two of every twenty seconds."""
    into_s = came_s % 20
    return np.where(into_s < 2, came_s - into_s + 2, came_s)


def tables(
    channel: str, came_s: Times, begun_s: Times, takes_s: Times, sign_s: Times | float = SIGN_S, rung: str = "accepted"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return legs and steps of contacts that were all served: chats from a first sign on, pages by one request."""
    is_page = channel == "faq"
    ended_s = begun_s + takes_s
    seen_s = ended_s if is_page else np.minimum(begun_s + sign_s, ended_s)
    names = [f"{channel}{row}" for row in range(len(came_s))]
    legs = pd.DataFrame(
        {
            "run_id": "r", "source": "measured", "replication": 0, "customer_id": names, "case_id": names,
            "contact_id": names, "attempt": 1, "leg": 0, "channel": channel, "due_s": came_s, "arrived_s": came_s,
            "answered_s": seen_s, "ended_s": ended_s, "leg_end": "answered", "contact_outcome": "resolved",
        }
    )  # fmt: skip
    steps = pd.DataFrame({"contact_id": names, "leg": 0, "step": 0, "rung": None if is_page else rung, "state": "seen",
                          "seen_after_s": seen_s, "seen_by_s": seen_s})  # fmt: skip
    return table_of("legs", legs), table_of("steps", steps)


def chats(begins: Begins, *, rate_per_s: float, takes_s: float, count: int = 400, **more: object) -> list[Saturation]:
    """Judge a chat to which customers come by chance."""
    luck = np.random.default_rng(7)
    came_s, lasts_s = np.cumsum(luck.exponential(1 / rate_per_s, count)), 0.05 + luck.exponential(takes_s, count)
    return saturations(*tables("chat", came_s, begins(came_s, lasts_s), lasts_s, **more))  # type: ignore[arg-type]


def pages(begins: Begins, *, rates_per_s: tuple[float, ...], takes_s: float, by_chance: bool = True) -> Saturation:
    """Judge help pages that are asked for ever more and less; a thousand requests at each rate."""
    luck = np.random.default_rng(7)
    came_s = np.cumsum(np.concatenate([luck.exponential(1 / rate, 1000) for rate in rates_per_s]))
    lasts_s = luck.exponential(takes_s, len(came_s)) if by_chance else np.full(len(came_s), takes_s)
    website, faq = saturations(*tables("faq", came_s, begins(came_s, lasts_s), lasts_s))
    assert faq.verdict == website.verdict
    return faq


@pytest.mark.parametrize("number", [1, 3, 20, 100])
def test_chats_tell_how_many_places_there_are(number: int) -> None:
    """Without it a report would say that customers waited, and not what machine they waited for."""
    website, chat = chats(places(number), rate_per_s=1.3 * number / 5, takes_s=5, count=max(400, 10 * number))
    assert (website.verdict, website.saturated_at, website.channel) == ("saturated", number, None)
    assert (chat.saturated_at, chat.channel, chat.low) == (number, "chat", None)
    assert chat.served_per_minute == pytest.approx(60 * number / 5, rel=0.15)


def test_how_long_it_lasted_and_how_many_waited_are_the_desks_own() -> None:
    """Without it a queue of one minute could be told as an hour's."""
    came_s, lasts_s = np.zeros(40), np.full(40, 10.0)
    came_s[:10] = np.arange(10) * 20 - 1000.0  # ten who had the desk to themselves
    begun_s = np.concatenate([came_s[:10], np.repeat(np.arange(6) * 10.0, 5)])
    found = saturations(*tables("chat", came_s, begun_s, lasts_s))[0]
    assert (found.saturated_at, found.waited_most, found.waited, found.at_once_most) == (5, 25, 25, 30)
    assert found.lasted_s == pytest.approx(50, abs=0.1)
    assert found.served_per_minute == pytest.approx(30, rel=0.01)


def test_slow_first_signs_are_no_saturation() -> None:
    """Without it every chat that takes its time to greet would be told as full."""
    slow_s = np.random.default_rng(3).lognormal(-1.2, 0.6, 400)
    found = chats(no_limit, rate_per_s=2, takes_s=20, sign_s=slow_s)[0]
    assert (found.verdict, found.saturated_at) == ("not saturated", None)
    assert found.at_once_most > 30


def test_a_desk_that_nobody_waits_for_tells_how_many_were_there() -> None:
    """Without it the reader would not know what the desk has been shown to carry."""
    came_s = np.arange(60) * 2.0
    found = saturations(*tables("chat", came_s, came_s, np.full(60, 9.0)))[0]
    assert (found.verdict, found.at_once_most, found.waited) == ("not saturated", 5, 0)


def test_a_desk_that_stands_still_has_no_ceiling() -> None:
    """Without it a stall of two seconds would be told as a machine that takes so many at once."""
    chat = chats(stalls, rate_per_s=5, takes_s=10, count=1500)[0]
    assert chat.verdict == "cannot tell"
    assert "that is no ceiling" in chat.reason
    faq = pages(stalls, rates_per_s=(20, 20, 20), takes_s=0.1)
    assert (faq.verdict, faq.reason) == ("cannot tell", "requests waited, but not for each other: the desk stood still")


@pytest.mark.parametrize("by_chance", [False, True], ids=["all as long", "by chance"])
@pytest.mark.parametrize("number", [2, 8])
def test_the_places_for_short_requests_are_estimated(number: int, by_chance: bool) -> None:
    """Without it a website of pages alone could be saturated and nobody would know at how many requests."""
    a_place_s = 1 / 0.2
    rates = (0.2 * number * a_place_s, 1.4 * number * a_place_s, 0.2 * number * a_place_s)
    found = pages(places(number), rates_per_s=rates, takes_s=0.2, by_chance=by_chance)
    assert found.verdict == "saturated"
    assert found.saturated_at is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= number * 1.02  # 2 ms of each place go by unseen
    assert found.high >= number * 0.98
    assert found.saturated_at == pytest.approx(number, rel=0.15)


def test_many_requests_at_once_are_no_saturation() -> None:
    """Without it a crowd of requests would be its own ceiling, by Little's law."""
    found = pages(no_limit, rates_per_s=(8, 56, 8), takes_s=0.2)
    assert (found.verdict, found.saturated_at) == ("not saturated", None)


def test_pages_that_were_never_asked_for_alone_are_not_estimated() -> None:
    """Without it the wait itself would be taken for the time a request needs, and the ceiling for many times itself."""
    found = pages(places(2), rates_per_s=(40,), takes_s=0.2, by_chance=False)
    assert (found.verdict, found.saturated_at) == ("cannot tell", None)
    assert "how long a request takes by itself" in found.reason


def test_a_few_contacts_say_nothing() -> None:
    """Without it three customers on a desk for two would be news, or a quiet desk good news."""
    few = saturations(*tables("chat", np.zeros(9), np.repeat(np.arange(3) * 5.0, 3), np.full(9, 5.0)))[0]
    assert (few.verdict, few.reason) == ("cannot tell", "9 contacts came, and fewer than 10 say nothing")
    begun_s = np.array([0.0] * 9 + [5.0] * 3)
    some = saturations(*tables("chat", np.zeros(12), begun_s, np.full(12, 5.0)))[0]
    assert (some.verdict, some.reason) == ("cannot tell", "only 3 waited for a first sign")


def test_people_are_not_taken_for_the_machine() -> None:
    """Without it a chat that greets nobody would be told as a machine with as many places as there are agents."""
    found = chats(places(3), rate_per_s=0.8, takes_s=5, rung="first_human")[0]
    assert found.verdict == "cannot tell"
    assert "people, not the machine" in found.reason


def test_pages_that_wait_for_chats_to_end_share_their_places() -> None:
    """Without it help pages would be said to be full by themselves, and the website not at all."""
    luck = np.random.default_rng(5)
    came_s = np.sort(luck.uniform(0, 600, 900))
    is_page = luck.random(900) < 0.5
    lasts_s = np.where(is_page, 0.003, luck.uniform(4, 6, 900))
    begun_s = places(3)(came_s, lasts_s)
    chat, faq = (
        tables(name, came_s[rows], begun_s[rows], lasts_s[rows])
        for name, rows in (("chat", ~is_page), ("faq", is_page))
    )
    told = saturations(*(pd.concat(both, ignore_index=True) for both in zip(chat, faq, strict=True)))
    assert [(one.channel, one.verdict, one.saturated_at) for one in told] == [
        (None, "saturated", 3), ("chat", "saturated", 3), ("faq", "cannot tell", None),
    ]  # fmt: skip


def test_who_gave_up_in_line_has_waited_and_who_is_still_there_is_in_service() -> None:
    """Without it the worst waits would be missing, and places would look empty at the end of a run that was cut off."""
    came_s, begun_s = np.repeat([0.0, 1.0], [10, 20]), np.repeat([0.0, 10.0], [10, 20])
    legs, steps = tables("chat", came_s, begun_s, np.full(30, 10.0))
    names = legs["contact_id"]
    gave_up, cut_off, unheard = names[10:15], names[15:], names[25:]
    ends = ["answered_s", "ended_s", "leg_end", "contact_outcome"]
    legs.loc[gave_up.index, ends] = [np.nan, 9.0, "abandoned", "abandoned"]
    legs.loc[cut_off.index, ends] = [np.nan, np.nan, "censored", "censored"]
    steps = steps[~steps["contact_id"].isin([*gave_up, *unheard])]
    looked = table_of("steps", [{"contact_id": name, "leg": 0, "step": 1, "rung": "resolved", "state": "censored",
                                 "seen_after_s": 15.0} for name in cut_off])  # fmt: skip
    found = saturations(legs, pd.concat([steps, looked], ignore_index=True))[0]
    assert (found.verdict, found.saturated_at, found.waited, found.waited_most) == ("saturated", 10, 20, 20)
    assert found.lasted_s == pytest.approx(14.0, abs=0.1)  # from when the second ten came until nobody looked any more


def test_the_telephone_is_no_part_of_the_website() -> None:
    """Without it callers, whom another machine serves, would hide that the website is full."""
    luck = np.random.default_rng(2)
    came_s, lasts_s = np.cumsum(luck.exponential(1.2, 300)), luck.exponential(5, 300) + 0.1
    chat = tables("chat", came_s, places(3)(came_s, lasts_s), lasts_s)
    phone = tables("phone", came_s, came_s, lasts_s)
    told = saturations(*(pd.concat(both, ignore_index=True) for both in zip(chat, phone, strict=True)))
    assert [(one.channel, one.verdict, one.saturated_at) for one in told] == [
        (None, "saturated", 3), ("chat", "saturated", 3), ("phone", "not saturated", None),
    ]  # fmt: skip


def test_a_run_in_which_nothing_was_begun_says_nothing() -> None:
    """Without it a run that the charter stopped would end in an error instead of its summary."""
    legs, steps = tables("chat", np.zeros(2), np.zeros(2), np.ones(2))
    assert saturations(legs.assign(arrived_s=np.nan), steps[:0]) == []
    assert saturation_lines({}) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["chat", "faq", "form", "phone"]), st.integers(0, 30), st.integers(0, 20),
            st.integers(0, 20), st.sampled_from(["answered", "abandoned", "closed", "target_error"]),
        ),
        max_size=60,
    )
)  # fmt: skip
def test_every_run_gets_one_of_three_words(contacts: list[tuple[str, int, int, int, str]]) -> None:
    """Without it an odd run would end in an error, after all its contacts were played."""
    frames = []
    for channel, came, waits, takes, end in contacts:
        moments = [np.array([float(number)]) for number in (came, came + waits, takes)]
        legs, steps = tables(channel, *moments, sign_s=0.0)
        name = f"{channel}{len(frames)}"
        heard = end == "answered"
        legs = legs.assign(contact_id=name, leg_end=end, answered_s=legs["answered_s"] if heard else np.nan)
        frames.append((legs, steps.assign(contact_id=name) if heard else steps[:0]))
    legs, steps = (
        (pd.concat(kind) for kind in zip(*frames, strict=True)) if frames else tables("chat", *[np.empty(0)] * 3)
    )
    for found in saturations(legs, steps):
        assert found.verdict in ("saturated", "not saturated", "cannot tell")
        assert (found.verdict == "saturated") == (found.saturated_at is not None)
        assert (found.verdict == "cannot tell") == bool(found.reason)
        assert found.saturated_at is None or 0 < found.saturated_at <= found.at_once_most
        json.dumps(asdict(found), allow_nan=False)


def test_an_estimate_is_told_as_one() -> None:
    """Without it a reader would take a number reckoned from rates for one that was counted."""
    counted = {"channel": None, "verdict": "saturated", "contacts": 900, "waited": 500, "at_once_most": 80, "low": None,
               "high": None, "saturated_at": 12.0, "lasted_s": 75.0, "waited_most": 68, "served_per_minute": 144.2,
               "reason": ""}  # fmt: skip
    estimated = {**counted, "channel": "faq", "saturated_at": 7.93, "low": 7.1, "high": 8.84}
    unknown = {**counted, "channel": "chat", "verdict": "cannot tell", "reason": "9 contacts came"}
    assert saturation_lines({"saturation": [counted, {**counted, "channel": "form"}, estimated, unknown]}) == [
        "Website: saturated at 12 at once, for 75 s; up to 68 waited for a first sign, and 144 a minute were served.",
        "Help pages: saturated at about 7.93 (7.1 to 8.84, estimated by Little's law) at once, for 75 s; up to 68 "
        "waited for a first sign, and 144 a minute were served.",
        "Chat: cannot tell whether it was saturated: 9 contacts came.",
    ]
