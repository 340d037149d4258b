import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from probes.desk.floor import Floor, Visit
from probes.desk.luck import DeskLuck
from scenarios.misconduct import no_misconduct
from scenarios.reading import LoadedScenario
from tests.written import demand, exactly, one_desk, written

INTENTS = ("order", "returns", "refund")


class StillClock:
    """Midnight, and it stays so: the roster of midnight holds."""

    def now_s(self) -> float:
        """Return midnight."""
        return 0.0

    def call_at_s(self, at_s: float, *_: Any) -> None:
        """Refuse: no time will pass."""
        raise AssertionError(f"nothing was to happen at {at_s}")


class Watched:
    """A floor with a note of who was taken where, in order, and of the positions people were told."""

    def __init__(self, loaded: LoadedScenario) -> None:
        self.scenario = loaded.scenario
        self.floor = Floor(loaded, StillClock(), DeskLuck(1), no_misconduct())  # type: ignore[arg-type]  # a stand-in
        self.floor.open_day()
        self.taken: list[tuple[str, str, int]] = []
        self.told: dict[str, list[int]] = {}

    def come(self, name: str, intent: str = "order", teams: tuple[str, ...] | None = None) -> Visit:
        """Have a customer come, or be passed on to given teams."""
        able = teams or self.scenario.who_takes("chat", intent)

        def taken(team: str, chair: int) -> None:
            self.taken.append((name, team, chair))

        told = self.told.setdefault(name, [])
        visit = Visit(able, "chat", intent, taken, told.append)
        if position := self.floor.join(visit):
            told.append(position)
        return visit

    def names(self) -> list[str]:
        """Return who was taken, in order."""
        return [name for name, _, _ in self.taken]


def team(agents: int = 1, **more: Any) -> dict[str, Any]:
    return {"channels": ["chat"], "agents": {"00:00": agents}, "service": {"default": exactly(60)}, **more}


def floor_of(folder: Path, teams: Mapping[str, Any], **more: Any) -> Watched:
    scenario = one_desk(
        channels={"chat": {"opens": "00:00", "closes": "24:00"}}, intents=dict.fromkeys(INTENTS, "?"),
        demand=[demand(1, channel="chat")], teams=teams, **more,
    )  # fmt: skip
    return Watched(written(folder, scenario))


def test_priority_goes_before_rank_and_rank_before_the_longest_wait(tmp_path: Path) -> None:
    """Without it the desk could serve in the order of arrival whatever the scenario says, and differ from every one."""
    urgent = [{"priority": 2, "intents": ["refund"]}]
    desk = floor_of(tmp_path, {"front": team(ranks={"order": 2, "refund": 3})}, priorities=urgent)
    desk.come("first")
    for name, intent in [("order", "order"), ("return", "returns"), ("later return", "returns"), ("refund", "refund")]:
        desk.come(name, intent)
    for _ in range(4):
        desk.floor.release("front", 0)
    assert desk.names() == ["first", "refund", "return", "later return", "order"]


def test_a_customer_goes_to_the_free_team_that_ranks_the_intent_lowest(tmp_path: Path) -> None:
    """Without it the team that stands first in the file would get all that others were hired for."""
    desk = floor_of(tmp_path, {"all": team(2, ranks={"returns": 2}), "specialists": team(1)})
    desk.come("one", "returns")
    desk.come("two", "returns")
    desk.come("three", "order")
    assert desk.taken == [("one", "specialists", 0), ("two", "all", 0), ("three", "all", 1)]


def test_who_was_passed_on_waits_with_priority_and_rank_there(tmp_path: Path) -> None:
    """Without it a transfer would lose its place before others, or be ranked by the team it came from."""
    teams = {
        "front": team(skills=["order", "refund"], ranks={"order": 5}),
        "back": team(skills=["returns"], ranks={"returns": 3}),
    }
    desk = floor_of(tmp_path, teams, priorities=[{"priority": 1, "intents": ["refund"]}])
    desk.come("at the back", "returns")
    desk.come("waits there", "returns")
    desk.come("passed on", "order", ("back",))
    desk.come("urgent, passed on", "refund", ("back",))
    for _ in range(3):
        desk.floor.release("back", 0)
    assert desk.names() == ["at the back", "urgent, passed on", "passed on", "waits there"]


def test_the_longest_free_chair_takes_the_next(tmp_path: Path) -> None:
    """Without it one agent could get every contact while the colleague waits."""
    desk = floor_of(tmp_path, {"front": team(2)})
    desk.come("one")
    desk.come("two")
    desk.floor.release("front", 1)
    desk.floor.release("front", 0)
    desk.come("three")
    assert desk.taken[-1] == ("three", "front", 1)


def test_places_are_told_as_people_will_be_served(tmp_path: Path) -> None:
    """Without it one would be told a place that others, who are served first, have taken."""
    desk = floor_of(tmp_path, {"front": team()}, priorities=[{"priority": 1, "intents": ["refund"]}])
    desk.come("served")
    desk.come("one")
    two = desk.come("two")
    desk.come("three")
    desk.come("urgent", "refund")
    desk.come("last")
    desk.floor.leave(two)
    desk.floor.release("front", 0)
    assert desk.told == {
        "served": [], "one": [1, 2, 1], "two": [2, 3], "three": [3, 4, 3, 2], "urgent": [1], "last": [5, 4, 3],
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_the_floor_pairs_as_the_rule_says_in_plain_words(tmp_path: Path, seed: int) -> None:
    """Without it the lines that make the search quick could hide somebody whom the rule would take."""
    luck = random.Random(seed)
    teams = {}
    for name in ("a", "b", "c"):
        skills = INTENTS if name == "a" else luck.sample(INTENTS, luck.randint(1, 3))
        teams[name] = team(2, skills=list(skills), ranks={intent: luck.randint(1, 3) for intent in skills})
    rules = [{"priority": luck.randint(1, 2), "intents": [intent]} for intent in luck.sample(INTENTS, 2)]
    desk = floor_of(tmp_path, teams, priorities=rules)
    free = {name: [0, 1] for name in teams}
    waiting: list[tuple[str, str]] = []
    expected: list[tuple[str, str, int]] = []
    busy: list[tuple[str, int]] = []

    def pair_all() -> None:
        scenario = desk.scenario
        while pairs := [
            ((-scenario.priority_of("chat", intent), scenario.teams[name].rank(intent), place, asked), number, name)
            for place, (number, intent) in enumerate(waiting)
            for asked, name in enumerate(scenario.who_takes("chat", intent))
            if free[name]
        ]:
            (_, _, place, _), number, name = min(pairs)
            chair = free[name].pop(0)
            expected.append((number, name, chair))
            busy.append((name, chair))
            del waiting[place]

    for step in range(300):
        if luck.random() < 0.5 or not busy:
            intent = luck.choice(INTENTS)
            waiting.append((str(step), intent))
            pair_all()
            desk.come(str(step), intent)
        else:
            name, chair = busy.pop(luck.randrange(len(busy)))
            free[name].append(chair)
            pair_all()
            desk.floor.release(name, chair)
    assert desk.taken == expected
