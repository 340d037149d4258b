"""What fewer scenarios say, put into a random one: a few themes at a time, so that each is met often and much at once.

>>> scenario = {"channels": {"phone": {}}, "intents": {"order": "?"}, "teams": {"front": {"channels": ["phone"],
...     "agents": {"00:00": 2}}}, "priorities": [], "transfers": [], "retry": {}, "patience": {}}
>>> for number in range(100):
...     say_more(Chance(random.Random(number)), scenario, 60)
>>> "message" in scenario["channels"]["phone"] and "conferences" in scenario
True
"""

from __future__ import annotations

import random
from typing import Any

from tests.simulator.random_times import patience_of, time_of
from tests.written import exactly

THEMES = (
    "message", "closing", "announcement", "callback", "silent", "priority", "overflow", "routing", "chat", "handling",
    "resolving", "transfer", "conference", "pages", "promise", "staff", "interrupted", "shift end",
)  # fmt: skip

Told = dict[str, Any]


class Chance:
    """Luck that favours some themes."""

    def __init__(self, luck: random.Random, number: int | None = None) -> None:
        """Favour some themes; of numbered scenarios each theme in its turn, so that a few of them have all."""
        self.luck = luck
        self.themes = set(luck.sample(THEMES, luck.choice([0, 2, 3, 4, 5, 6])))
        if number is not None:
            in_turn = {THEMES[number * stride % len(THEMES)] for stride in (1, 4, 7)}
            self.themes = self.themes | in_turn if number % 4 else set()

    def of(self, theme: str, share: float = 0.8) -> bool:
        """Say whether something of a theme is said: often where it is favoured, seldom beside others, else never."""
        seldom = 0.06 if self.themes else 0.0
        return self.luck.random() < (share if theme in self.themes else seldom)


def say_more(chance: Chance, scenario: Told, grid_s: int) -> None:
    """Perhaps say what fewer scenarios say."""
    luck = chance.luck
    people = {name: team for name, team in scenario["teams"].items() if not team.get("self_service")}
    for hours in scenario["channels"].values():
        _of_channel(chance, hours, grid_s)
    if "closing" in chance.themes:
        _let_some_wait_at_closing(chance, scenario, grid_s)
    for rule in scenario["priorities"]:
        if chance.of("priority"):
            rule["weight"] = luck.choice([0.5, 2.0])
        if chance.of("priority"):
            later = rule["priority"] + luck.randint(1, 2)
            rule["promoted"] = {"after_s": grid_s * luck.randint(1, 4), "priority": later}
    for team in people.values():
        _of_team(chance, team, scenario, grid_s)
    if chance.of("routing", 1.0):
        scenario["routing"] = {"among_equals": luck.choice(["longest_idle", "random"])}
        for team in people.values():
            if luck.random() < 0.7:
                team.pop("ranks", None)
                team.pop("asked", None)
    _of_pages(chance, scenario, people, grid_s)
    for transfer in scenario["transfers"]:
        _of_transfer(chance, transfer, scenario, grid_s)
    if "transfer" in chance.themes:
        for channel in scenario["channels"]:
            after = {"law": "deterministic", "value_s": grid_s * luck.randint(0, 3)}
            scenario["retry"].setdefault(channel, {"probability": 0.8, "after": after, "attempts_most": 4})
    for channel, retry in scenario["retry"].items():
        _of_retry(chance, retry, scenario["channels"][channel], grid_s)
    if chance.of("promise", 1.0):
        told = [_promise(luck, scenario, people, grid_s) for _ in range(2)]
        scenario["promises"] = told
        for channel in scenario["channels"]:
            scenario["patience"][channel] = {intent: patience_of(luck, grid_s) for intent in scenario["intents"]}
        if (
            not chance.themes & {"shift end", "chat"} and random.Random(repr(told)).random() < 0.9
        ):  # each intent surely waits otherwise
            for promise in told:
                promise.get("chase", {}).pop("patience_factor", None)
            for place, channel in enumerate(scenario["channels"]):
                scenario["patience"][channel] = {
                    intent: exactly(grid_s * (1 + place if other else 40))
                    for other, intent in enumerate(scenario["intents"])
                }
    if chance.of("conference", 1.0):
        told = [_conference(luck, list(people), list(scenario["intents"]), grid_s) for _ in range(luck.randint(1, 2))]
        scenario["conferences"] = told


def _of_channel(chance: Chance, hours: Told, grid_s: int) -> None:
    luck = chance.luck
    if chance.of("message"):
        after_s = grid_s * max(1, luck.randint(1, 4) - 1)
        hours["message"] = {"after_s": after_s, "takes_s": luck.choice([0, grid_s, 30, 3 * grid_s])}
        hours["lines"] = luck.choice([1, 2, 4])
    if chance.of("closing"):
        hours["at_close"] = "cleared"
        if luck.random() < 0.8:
            hours["lines"] = luck.choice([2, 4])
        if luck.random() < 0.3:
            hours["silent"] = {"share": 0.7, "detected_after_s": 3 * grid_s}
    if chance.of("announcement") or chance.of("callback"):
        hours["announcement"] = _announcement(chance, grid_s)
    if chance.of("silent"):
        hours["silent"] = {"share": 0.5, "detected_after_s": luck.choice([0, grid_s, 45, 3 * grid_s])}


def _announcement(chance: Chance, grid_s: int) -> Told:
    luck = chance.luck
    says = luck.choice(["wait", "position"])
    step = grid_s * luck.randint(1, 3) if says == "wait" else 1
    told: Told = {"says": says}
    if chance.of("announcement"):
        told["balks"] = luck.choice([[[0, 0.3]], [[step, 0.4]], [[0, 0.1], [2 * step, 0.7]]])
    if chance.of("announcement"):
        told["patience"] = luck.choice([[[0, 0.5]], [[step, 2.0], [3 * step, 0.3]]])
    if chance.of("callback"):
        told["callback"] = {"from": step, "accepted": 0.6, "reached": luck.choice([0.5, 1.0]), "takes_s": grid_s}
    return told


def _let_some_wait_at_closing(chance: Chance, scenario: Told, grid_s: int) -> None:
    """Let those who wait as a channel closes be many, and come back."""
    for channel, hours in scenario["channels"].items():
        if hours.get("at_close") == "cleared":
            if "silent" not in hours:
                scenario["patience"].pop(channel, None)
            after = {"law": "deterministic", "value_s": grid_s * chance.luck.randint(0, 3)}
            scenario["retry"].setdefault(channel, {"probability": 0.5, "after": after})
            scenario["retry"][channel]["probability_cleared"] = 1.0
            scenario["retry"][channel]["attempts_most"] = 3


def _of_team(chance: Chance, team: Told, scenario: Told, grid_s: int) -> None:
    luck, intents = chance.luck, list(scenario["intents"])
    able = team.get("skills", intents)
    if chance.of("overflow"):
        team["takes_after_s"] = {luck.choice(able): grid_s * luck.randint(1, 4)}
    if chance.of("routing"):
        team["asked"] = {luck.choice(able): luck.randint(1, 3)}
    if chance.of("overflow", 0.5):
        team["keeps_idle"] = {luck.choice(able): luck.randint(1, 2)}
    if chance.of("chat"):
        team["concurrency"] = most = luck.randint(2, 4)
        if luck.random() < 0.7:
            slower = sorted((luck.choice([0.3, 0.5, 0.7, 0.9]) for _ in range(most - 1)), reverse=True)
            team["speeds"] = luck.choice(["shared", "full", [1, *slower]])
        if luck.random() < 0.6:
            team["fatigue"] = 0.7
        if luck.random() < 0.8:
            team["points"] = {luck.choice(team["channels"]): luck.randint(1, most)}
        if luck.random() < 0.5:
            team.pop("speeds", None)
            turns = {"count": luck.randint(2, 4), "reply": time_of(luck, grid_s)}
            team["turns"] = dict.fromkeys(luck.sample(team["channels"], luck.randint(1, len(team["channels"]))), turns)
    if "concurrency" not in team and chance.of("interrupted", 1.0):
        some = [channel for channel in scenario["channels"] if channel != "faq"] or ["faq"]
        team["channels"] = list(dict.fromkeys([*team["channels"], *some]))
        team["interruptible"] = luck.choice([["work"], [luck.choice(some)], [luck.choice(some), "work"]])
        if "agents" in team and luck.random() < 0.7:
            team["agents"] = {at: max(count, 2) for at, count in team["agents"].items()}
    if chance.of("shift end", 0.9):
        ways = ["stays"] if "turns" in team else ["hands_over", "briefs", "briefs", "stays"]
        team["at_shift_end"] = luck.choice(ways)
        if "interruptible" not in team and luck.random() < 0.5:
            team.setdefault("concurrency", 2)
    if chance.of("staff"):
        team["sick"] = luck.choice([0.1, 0.5])
    if chance.of("staff"):
        by = {"law": "deterministic", "value_s": grid_s * luck.randint(1, 3)}
        team["late"] = {"share": 0.6, "by": luck.choice([by, time_of(luck, grid_s)])}
    if chance.of("staff"):
        every = luck.choice([exactly(10 * max(grid_s, 6)), {"law": "exponential", "mean_s": 600}])
        team["off_queue"] = {"every": every, "lasts": time_of(luck, grid_s)}
    if chance.of("resolving"):
        team["resolves"] = luck.choice([0.5, {"default": 0.7}, {luck.choice(intents): 0.3}])
    _handling(chance, team, intents, grid_s)


def _handling(chance: Chance, team: Told, intents: list[str], grid_s: int) -> None:
    """Perhaps let talks take longer or shorter: by agent, hour, wait, or how tired they are."""
    luck = chance.luck
    if chance.of("handling", 0.5):
        intent = "default" if luck.random() < 0.5 else luck.choice(intents)
        team["service_from"] = {luck.choice(["00:10", "09:00", "23:50"]): {intent: time_of(luck, grid_s)}}
    if chance.of("handling", 0.5):
        team["hold"] = luck.choice([time_of(luck, grid_s), {luck.choice(intents): time_of(luck, grid_s)}])
    if chance.of("handling", 0.4):
        team["wrap"] = {luck.choice([*intents, "default"]): time_of(luck, grid_s)}
    most = max([*team.get("agents", {}).values(), *(shift["agents"] for shift in team.get("shifts", []))])
    if most and chance.of("handling", 0.6):
        team["named"] = [
            {"name": name, "speed": luck.choice([0.5, 1.3]), **luck.choice([{}, {"resolves": 0.2}])}
            for name in ("anna", "boris")[: luck.randint(1, min(most, 2))]
        ]
    if "fatigue" not in team and chance.of("handling", 0.5):
        team["fatigue"] = 0.5
    if chance.of("handling", 0.5):
        team["slower_after_wait"] = {"per_minute": 0.1, "most": luck.choice([0.3, 2.0])}


def _of_pages(chance: Chance, scenario: Told, people: dict[str, Told], grid_s: int) -> None:
    """Let pages pass on those who find no answer, with people behind them."""
    luck = chance.luck
    pages = [name for name, team in scenario["teams"].items() if team.get("self_service")]
    if not pages or not chance.of("pages", 1.0):
        return
    scenario["patience"]["faq"] = {"law": "deterministic", "value_s": grid_s * luck.randint(1, 3)}
    behind = luck.choice(list(people.values()))
    behind["channels"] = ["faq", *(channel for channel in behind["channels"] if channel != "faq")]
    for page in pages:
        intents = list(scenario["intents"])
        skills = scenario["teams"][page].get("skills", intents)
        taken = {
            intent for team in people.values() if "faq" in team["channels"] for intent in team.get("skills", intents)
        }
        to = "anyone" if set(skills) <= taken and luck.random() < 0.7 else luck.choice([*people, page])
        told = {"from": page, "to": to, "probability": luck.choice([0.5, 1.0]), "history_carried": luck.random() < 0.5}
        if to == page:  # a menu that leads to itself, but not for ever
            told["probability"] = 0.5
        told |= {"intents": list(skills)} if len(skills) < len(intents) else {}
        scenario["transfers"].append(told)


def _of_transfer(chance: Chance, transfer: Told, scenario: Told, grid_s: int) -> None:
    luck = chance.luck
    if chance.of("transfer", 0.3) and not scenario["teams"][transfer["from"]].get("self_service"):
        pages = [name for name, team in scenario["teams"].items() if team.get("self_service")]
        transfer["to"] = luck.choice(["anyone", *pages])
    if not transfer["history_carried"] and chance.of("transfer", 0.6):
        transfer["retelling"] = time_of(luck, grid_s)
    way = luck.random()
    if chance.of("transfer") and way < 0.6:
        soon = {"law": "exponential", "mean_s": grid_s}
        transfer["patience"] = luck.choice([soon, patience_of(luck, grid_s)])
    elif chance.of("transfer") and way < 0.95:
        transfer["if_busy"] = "ends"
    if chance.of("transfer", 0.6):
        transfer["cut_off"] = 0.4
        if luck.random() < 0.5 and not scenario["teams"][transfer["from"]].get("self_service"):
            called = {"share": 0.8, "reached": luck.choice([0.4, 0.7]), "takes_s": grid_s}
            transfer["calls_back"] = {**called, "after": luck.choice([exactly(grid_s), time_of(luck, grid_s)])}
    if chance.of("transfer", 0.4):
        transfer["escalates"] = True
    pages = {name for name, team in scenario["teams"].items() if team.get("self_service")}
    if not pages & {transfer["from"], transfer["to"]} and chance.of("transfer", 0.4):
        transfer["hand_over"] = time_of(luck, grid_s)
    team = scenario["teams"][transfer["from"]]
    at_once = not any(team.get(key) for key in ("self_service", "concurrency", "interruptible"))
    clock = random.Random(repr(transfer))  # other luck, so that other scenarios stay what they were
    at_once = at_once and team.get("at_shift_end", "stays") in ("finishes", "stays")
    others = chance.themes & {"promise", "shift end", "chat"}  # which are seldom enough as they are
    if at_once and chance.themes and not others and clock.random() < (0.8 if "transfer" in chance.themes else 0.4):
        transfer["after_s"] = float(grid_s * clock.randint(1, 3))
        if clock.random() < 0.5:
            team["hold"] = exactly(4 * grid_s)
        if not pages & {transfer["from"], transfer["to"]} and clock.random() < 0.5:
            transfer["hand_over"] = exactly(grid_s)


def _of_retry(chance: Chance, retry: Told, hours: Told, grid_s: int) -> None:
    luck = chance.luck
    if chance.of("transfer"):
        retry["probability_cut_off"] = luck.choice([0.5, 1.0])
    if hours.get("at_close") == "cleared":
        retry["probability_cleared"] = luck.choice([0.5, 1.0])
    if chance.of("resolving"):
        retry["probability_unresolved"] = luck.choice([0.5, 1.0])
    if chance.of("resolving", 0.5):
        retry["after_unresolved"] = time_of(luck, grid_s)
    if chance.of("resolving", 0.5):
        retry["patience_factor"] = luck.choice([0.5, 0.0, 1.7])


def _promise(luck: random.Random, scenario: Told, people: dict[str, Told], grid_s: int) -> Told:
    soon = {"law": "deterministic", "value_s": grid_s * luck.randint(1, 3)}
    due = luck.choice([soon, soon, time_of(luck, grid_s)])
    told: Told = {"team": luck.choice(list(people)), "probability": 0.5, "due": due}
    if luck.random() < 0.5:
        told |= {"by": luck.choice(list(people)), "fails": luck.choice([0.0, 0.3])}
        clocks = {transfer["from"] for transfer in scenario["transfers"] if "after_s" in transfer}
        if "concurrency" not in people[told["by"]] and told["by"] not in clocks and luck.random() < 0.7:
            people[told["by"]]["interruptible"] = ["work"]
            people[told["by"]].pop("takes_after_s", None)
            people[told["by"]].pop("keeps_idle", None)
    else:
        told |= {"kept": 0.2, "late": 0.4, "late_by": time_of(luck, grid_s)}
    if luck.random() < 0.8:
        asked = {intent for team in people.values() for intent in team.get("skills", scenario["intents"])}
        served = [
            channel
            for channel in scenario["channels"]
            if asked
            <= {
                intent
                for team in scenario["teams"].values()
                if channel in team["channels"]
                for intent in team.get("skills", scenario["intents"])
            }
        ]
        to = {luck.choice(served): 0.6} if served and luck.random() < 0.8 else {}
        told["chase"] = {
            "probability": 0.9, "after": luck.choice([soon, time_of(luck, grid_s)]), "to": to,
            "patience_factor": luck.choice([1.0, 0.4]), "attempts_most": luck.choice([2, 4]),
        }  # fmt: skip
    return told


def _conference(luck: random.Random, people: list[str], intents: list[str], grid_s: int) -> Told:
    told = {"from": luck.choice(people), "with": luck.choice(people), "probability": 0.3, "time": time_of(luck, grid_s)}
    return {**told, "intents": luck.sample(intents, 1)} if luck.random() < 0.3 else told
