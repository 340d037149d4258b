"""What the parts of a scenario file say of each other: does this team exist, is that intent answered, do shares add up?

Reads plain values and is tolerant of places that are wrong in themselves, so that these faults are told together with
all others. Refuses to read files and to know the models' own bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from scenarios.by_intent import DEFAULT, is_by_intent
from scenarios.faults import Fault, one_of
from scenarios.forecast_sources import event_faults
from scenarios.identity import intent_code
from scenarios.metric_names import ALL_NAMES, METRIC_NAMES, QUEUE_METRIC_NAMES, TEAM_METRIC_NAMES, a_metric
from scenarios.population_checks import population_faults
from scenarios.rosters import break_spell_s, shift_spell_s
from scenarios.scenario import ANYONE, CHANNELS, Break, Shift
from scenarios.tables import Arrival
from scenarios.threshold_checks import threshold_faults
from scenarios.units import AGENTS_MOST, DAY_S, clock_s
from scenarios.yaml_reader import MISSING, Document, Key, Words


def references(document: Document) -> Iterator[Fault]:
    """Yield what is wrong between places of the file; tolerant of places that are wrong in themselves."""
    values = document.values
    channels: list[str] = [name for name in dict_at(values, "channels") if name in CHANNELS]
    if len(channels) < len(dict_at(values, "channels")) or not channels:
        channels = list(CHANNELS)  # a misspelt channel is one fault; what refers to it is not another
    intents, teams = list(dict_at(values, "intents")), dict_at(values, "teams")

    def known(key: Key, found: Any, words: list[str]) -> Iterator[Fault]:
        if isinstance(found, str) and words and found not in words:
            yield document.fault(key, found, one_of(words, found))

    yield from _intent_codes(document, intents)
    for i, demand in enumerate(list_at(values, "demand")):
        if isinstance(demand, dict):
            yield from known(("demand", i, "intent"), demand.get("intent"), intents)
            yield from _mix(document, i, demand, channels)
            yield from _intervals(document, i, demand)
    for name, team in teams.items():
        if not isinstance(team, dict):
            continue
        for word, words in (("channels", channels), ("skills", intents)):
            for i, found in enumerate(list_at(team, word)):
                yield from known(("teams", name, word, i), found, words)
        for word in ("ranks", "asked", "takes_after_s", "keeps_idle"):
            for intent in dict_at(team, word):
                yield from known(("teams", name, word, intent), intent, _skilled(team, intents))
        for word in ("wrap", "hold"):
            for intent in value_at(team, word) if is_by_intent(value_at(team, word)) else ():
                yield from known(("teams", name, word, intent), intent, [*intents, DEFAULT])
        for at, laws in dict_at(team, "service_from").items():
            for intent in laws if isinstance(laws, dict) else ():
                yield from known(("teams", name, "service_from", at, intent), intent, [*intents, DEFAULT])
        for word in ("resolves", "contained"):
            for intent in dict_at(team, word):
                yield from known(("teams", name, word, intent), intent, [*intents, DEFAULT])
        yield from _shifts(document, name, team)
        if "agents_on" in team and "agents" not in team:
            expected = "agents beside it, the roster of other days; a shift names its days"
            yield document.fault(("teams", name, "agents_on"), Words("without agents"), expected)
        service = dict_at(team, "service")
        for intent in service:
            yield from known(("teams", name, "service", intent), intent, [*intents, "default"])
        if not set(service) <= {*intents, "default"} or not isinstance(team.get("service"), dict):
            continue  # told already; a misspelt intent is one fault
        for intent in [] if "default" in service else list_at(team, "skills") or intents:
            if isinstance(intent, str) and intent in intents and intent not in service:
                yield document.fault(("teams", name, "service", intent), MISSING, "a law for this intent, or `default`")
    for part in ("patience", "retry", "shoppers"):
        for channel in dict_at(values, part):
            if channel in CHANNELS:
                yield from known((part, channel), channel, channels)
    for channel, told in dict_at(values, "patience").items():
        for intent in told if is_by_intent(told) else ():
            yield from known(("patience", channel, intent), intent, [*intents, DEFAULT])
    for i, rule in enumerate(list_at(values, "priorities")):
        for word, words in (("channels", channels), ("intents", intents)):
            for j, found in enumerate(list_at(rule, word)):
                if word == "intents" or found in CHANNELS:
                    yield from known(("priorities", i, word, j), found, words)
        own, later = value_at(rule, "priority"), value_at(value_at(rule, "promoted"), "priority")
        if isinstance(own, int) and isinstance(later, int) and later <= own:
            yield document.fault(("priorities", i, "promoted", "priority"), later, f"higher than the rule's own, {own}")
    yield from _retries(document, channels)
    yield from _served(document, channels, intents, teams)
    yield from _transfers(document, intents, teams)
    yield from _handed_over(document, intents, teams)
    yield from _conferences(document, intents, teams)
    yield from _promises(document, channels, intents, teams)
    yield from _metrics(document, channels, teams)
    yield from threshold_faults(document, channels)
    yield from population_faults(document, channels, intents, list(teams))
    yield from event_faults(document, channels, intents)
    if not values.get("demand") and not values.get("replay"):
        yield document.fault(("demand",), MISSING, "demand (by intent and interval) or replay (recorded arrivals)")


def _intent_codes(document: Document, intents: list[str]) -> Iterator[Fault]:
    codes: dict[int, str] = {}
    for intent in intents:
        other = codes.setdefault(intent_code(intent), intent)
        if other != intent:
            yield document.fault(
                ("intents", intent), intent, f"another name: its random numbers would be those of {other!r}"
            )


def _mix(document: Document, i: int, demand: dict[str, Any], channels: list[str]) -> Iterator[Fault]:
    mix = dict_at(demand, "channels")
    for channel in mix:
        if channel in CHANNELS and channel not in channels:
            yield document.fault(("demand", i, "channels", channel), channel, one_of(channels, channel))
    for word, told in (("channels", mix), ("languages", dict_at(demand, "languages"))):
        shares = [share for share in told.values() if isinstance(share, int | float)]
        if shares and len(shares) == len(told) and abs(sum(shares) - 1) > 1e-6:
            found = Words(f"shares that add up to {sum(shares):.6g}")
            yield document.fault(("demand", i, word), found, "shares that add up to 1")


def _intervals(document: Document, i: int, demand: dict[str, Any]) -> Iterator[Fault]:
    starts, minutes = clock_at(demand.get("starts", "00:00")), demand.get("interval_minutes", 30)
    contacts = list_at(demand, "contacts")
    if starts is None or not isinstance(minutes, int):
        return
    if contacts and starts + len(contacts) * minutes * 60 > DAY_S:
        most = (DAY_S - starts) // (minutes * 60)
        found = Words(f"{len(contacts)} intervals long")
        yield document.fault(("demand", i, "contacts"), found, f"at most {most}, up to midnight")


def _served(document: Document, channels: list[str], intents: list[str], teams: dict[str, Any]) -> Iterator[Fault]:
    for i, demand in enumerate(list_at(document.values, "demand")):
        if not isinstance(demand, dict) or demand.get("intent") not in intents:
            continue
        for channel, share in dict_at(demand, "channels").items():
            served = is_served(channel, demand["intent"], intents, teams)
            if channel in channels and teams and not served and share != 0:
                expected = f"a team with channel {channel} and skill {demand['intent']}"
                yield document.fault(("demand", i, "channels", channel), Words("answered by no team"), expected)


def is_served(channel: str, intent: str, intents: list[str], teams: dict[str, Any]) -> bool:
    """Say whether a team takes an intent on a channel; where a team has faults of its own, it may."""
    for team in teams.values():
        if not isinstance(team, dict) or not isinstance(team.get("channels"), list):
            return True
        skills = list_at(team, "skills") or intents
        if not (set(map(str, team["channels"])) <= set(CHANNELS) and set(map(str, skills)) <= set(intents)):
            return True
        if channel in team["channels"] and intent in skills:
            return True
    return False


def _skilled(team: dict[str, Any], intents: list[str]) -> list[str]:
    skills = [skill for skill in list_at(team, "skills") if skill in intents]
    return skills or intents


def _shifts(document: Document, name: str, team: dict[str, Any]) -> Iterator[Fault]:
    """Find shifts of no length, and breaks outside their shift or in one another."""
    total = 0
    for i, values in enumerate(list_at(team, "shifts")):
        try:
            shift = Shift.model_validate(values)
        except ValueError:
            continue  # told already
        key: Key = ("teams", name, "shifts", i)
        if shift.starts == shift.ends:
            yield document.fault((*key, "ends"), shift.ends, f"another time than starts ({shift.starts})")
            continue
        begins_s, ends_s = shift_spell_s(shift)
        spells: list[tuple[tuple[int, int], Break]] = sorted(
            ((break_spell_s(pause, shift), pause) for pause in shift.breaks), key=lambda spell: spell[0]
        )
        free_from_s = begins_s
        for (from_s, to_s), pause in spells:
            if from_s < begins_s or to_s > ends_s:
                expected = f"a break that begins and ends within the shift ({shift.starts} to {shift.ends})"
                yield document.fault((*key, "breaks"), Words(f"from {pause.starts}, {pause.minutes} minutes"), expected)
            elif from_s < free_from_s:
                yield document.fault(
                    (*key, "breaks"), Words(f"from {pause.starts} in the break before"), "breaks one after the other"
                )
            free_from_s = to_s
        total += shift.agents
        if total > AGENTS_MOST:
            yield document.fault((*key, "agents"), shift.agents, f"at most {AGENTS_MOST} over all shifts of a team")
            return


def _retries(document: Document, channels: list[str]) -> Iterator[Fault]:
    """Find redials to channels that are not there or no other, and shares of more than all."""
    for channel, retry in dict_at(document.values, "retry").items():
        shares = dict_at(retry, "to")
        for to in shares:
            others = [name for name in channels if name != channel]
            if to in CHANNELS and to not in others:
                yield document.fault(("retry", channel, "to", to), to, one_of(others, to))
        told = [share for share in shares.values() if isinstance(share, int | float)]
        if sum(told) > 1 + 1e-9:
            found = Words(f"shares that add up to {sum(told):.6g}")
            yield document.fault(("retry", channel, "to"), found, "at most 1 in all")


def hops(document: Document, arrivals: Iterable[Arrival]) -> Iterator[Fault]:
    """Find customers, drawn or recorded ones, whose next attempt is on a channel where nobody takes their intent."""
    values = document.values
    intents, teams, retries = list(dict_at(values, "intents")), dict_at(values, "teams"), dict_at(values, "retry")
    coming = {(one.channel, one.intent) for one in arrivals}
    for demand in list_at(values, "demand"):
        coming |= {
            (channel, str(value_at(demand, "intent")))
            for channel, share in dict_at(demand, "channels").items()
            if share
        }
    told: set[str] = set()
    waiting = sorted(coming)
    while waiting:
        channel, intent = waiting.pop()
        for to, share in dict_at(retries.get(channel), "to").items():
            if (to, intent) in coming or not share or to not in dict_at(values, "channels") or intent not in intents:
                continue
            coming.add((to, intent))
            waiting.append((to, intent))
            if not is_served(to, intent, intents, teams) and f"{channel} {to}" not in told:
                told.add(f"{channel} {to}")
                expected = f"a channel where a team takes {intent}, which comes on {channel}"
                yield document.fault(("retry", channel, "to", to), to, expected)


def _transfers(document: Document, intents: list[str], teams: dict[str, Any]) -> Iterator[Fault]:
    yield from _passes(document, "transfers", ("from", "to"), intents, teams)
    if ANYONE in teams:
        yield document.fault(("teams", ANYONE), ANYONE, "another name: transfers to it mean whoever takes a contact")
    pages = {name for name, team in teams.items() if value_at(team, "self_service") is True}
    for i, transfer in enumerate(list_at(document.values, "transfers")):
        for key, word in (("hand_over", "from"), ("hand_over", "to"), ("calls_back", "from")):
            name = value_at(transfer, word)
            if name in pages and value_at(transfer, key) is not None:
                yield document.fault(("transfers", i, key), Words("told"), f"nothing, as {name} is self-service")
        if value_at(transfer, "after_s") is not None:
            yield from _clocks(document, ("transfers", i, "after_s"), str(value_at(transfer, "from")), teams)


def _clocks(document: Document, key: Key, name: str, teams: dict[str, Any]) -> Iterator[Fault]:
    """Find a clock on the talks of a team whose agents do not have one talk at a time, from its begin to its end."""
    for word, usual in (
        ("self_service", False),
        ("concurrency", 1),
        ("interruptible", []),
        ("at_shift_end", "finishes"),
    ):
        told = value_at(teams.get(name), word)
        if told not in (None, usual, *(["stays"] if word == "at_shift_end" else [])):
            yield document.fault(key, Words("told"), f"nothing, as {word} of {name} is {told!r}")


def _promises(document: Document, channels: list[str], intents: list[str], teams: dict[str, Any]) -> Iterator[Fault]:
    yield from _passes(document, "promises", ("team", "by"), intents, teams)
    for i, promise in enumerate(list_at(document.values, "promises")):
        shares = dict_at(value_at(promise, "chase"), "to")
        key: Key = ("promises", i, "chase", "to")
        team = teams.get(str(value_at(promise, "team")))
        for to in shares:
            if to in CHANNELS and to not in channels:
                yield document.fault((*key, to), to, one_of(channels, to))
                continue
            for intent in list_at(promise, "intents") or list_at(team, "skills") or intents:
                if intent in intents and to in CHANNELS and not is_served(to, intent, intents, teams):
                    yield document.fault((*key, to), to, f"a channel where a team takes {intent}")
                    break
        told = [share for share in shares.values() if isinstance(share, int | float)]
        if sum(told) > 1 + 1e-9:
            yield document.fault(key, Words(f"shares that add up to {sum(told):.6g}"), "at most 1 in all")


def _handed_over(document: Document, intents: list[str], teams: dict[str, Any]) -> Iterator[Fault]:
    """Find pages that pass customers on to anyone, on channels where nobody would take them."""
    for i, transfer in enumerate(list_at(document.values, "transfers")):
        page = teams.get(str(value_at(transfer, "from")))
        if not isinstance(page, dict) or not page.get("self_service") or value_at(transfer, "to") != ANYONE:
            continue
        people = {name: team for name, team in teams.items() if not value_at(team, "self_service")}
        for channel in list_at(page, "channels"):
            for intent in list_at(transfer, "intents") or list_at(page, "skills") or intents:
                if intent in intents and channel in CHANNELS and not is_served(channel, intent, intents, people):
                    expected = f"a team, as no people take {intent} on {channel}"
                    yield document.fault(("transfers", i, "to"), ANYONE, expected)
                    return


def _conferences(document: Document, intents: list[str], teams: dict[str, Any]) -> Iterator[Fault]:
    yield from _passes(document, "conferences", ("from", "with"), intents, teams)


def _passes(
    document: Document, part: str, words: tuple[str, str], intents: list[str], teams: dict[str, Any]
) -> Iterator[Fault]:
    """Find teams and intents that are not there in a list of what may follow a talk, and shares of more than all."""
    total: dict[tuple[str, str], float] = {}
    sender, receiver = words
    for i, one in enumerate(list_at(document.values, part)):
        if not isinstance(one, dict):
            continue
        for word in words:
            name, known = one.get(word), list(teams)
            if (part, word) == ("transfers", receiver):
                known = list(dict.fromkeys([*known, ANYONE]))
            if isinstance(name, str) and name not in known:
                if teams:
                    yield document.fault((part, i, word), name, one_of(known, name))
            elif part != "transfers" and dict_at(teams, str(name)).get("self_service"):
                yield document.fault((part, i, word), name, "a team with agents")
        for j, intent in enumerate(list_at(one, "intents")):
            if isinstance(intent, str) and intents and intent not in intents:
                yield document.fault((part, i, "intents", j), intent, one_of(intents, intent))
        if part != "conferences":  # whose time is told with them
            yield from _lawless(document, (part, i, receiver), one, teams.get(str(one.get(sender))), intents, teams)
        for intent in list_at(one, "intents") or intents:
            probability = one.get("probability")
            if isinstance(probability, int | float) and isinstance(one.get(sender), str):
                pair = (str(one[sender]), str(intent))
                total[pair] = total.get(pair, 0) + probability
                if total[pair] > 1 + 1e-9:
                    found = Words(f"{probability:g}, which makes {total[pair]:.6g}")
                    expected = f"at most 1 in all from {pair[0]} for {pair[1]}"
                    yield document.fault((part, i, "probability"), found, expected)
                    break


def _lawless(
    document: Document, key: Key, one: dict[str, Any], sender: Any, intents: list[str], teams: dict[str, Any]
) -> Iterator[Fault]:
    """Find intents that go to a team that has no law for how long they take."""
    to = teams.get(str(value_at(one, str(key[-1]))))
    if not (isinstance(to, dict) and isinstance(sender, dict)):
        return
    service = dict_at(to, "service")
    for intent in list_at(one, "intents") or list_at(sender, "skills") or intents:
        if intent in intents and service and intent not in service and "default" not in service:
            part = str(key[0]).removesuffix("s")
            expected = f"a team with a service law for {intent}, or `default`; or name the {part}'s intents"
            yield document.fault(key, one[str(key[-1])], expected)
            return


def _metrics(document: Document, channels: list[str], teams: dict[str, Any]) -> Iterator[Fault]:
    for part in ("goals", "gates"):
        for i, item in enumerate(list_at(document.values, part)):
            if not isinstance(item, dict):
                continue
            metric, channel, team = item.get("metric"), item.get("channel"), item.get("team")
            if isinstance(channel, str) and channel in CHANNELS and channel not in channels:
                yield document.fault((part, i, "channel"), channel, one_of(channels, channel))
            if isinstance(team, str) and teams and team not in teams:
                yield document.fault((part, i, "team"), team, one_of(teams, team))
            if not isinstance(metric, str):
                continue
            if part == "goals" and metric in TEAM_METRIC_NAMES:
                yield from _team_goal(document, i, item, teams)
            elif part == "goals" and metric in QUEUE_METRIC_NAMES:
                yield from _queue_goal(document, i, item, channels)
            elif metric not in METRIC_NAMES:
                unseen = "a metric of contacts: this one is not seen from outside (a goal may name it)"
                known = METRIC_NAMES if part == "gates" else ALL_NAMES
                expected = unseen if metric in ALL_NAMES else a_metric(known, metric)
                yield document.fault((part, i, "metric"), metric, expected)
            elif METRIC_NAMES[metric].needs_within_s and item.get("within_s") is None:
                yield document.fault((part, i, "within_s"), MISSING, f"the T of {metric}, in seconds")
            elif not METRIC_NAMES[metric].needs_within_s and "within_s" in item:
                yield document.fault((part, i, "within_s"), item["within_s"], f"no within_s with {metric}")


def _team_goal(document: Document, i: int, goal: dict[str, Any], teams: dict[str, Any]) -> Iterator[Fault]:
    """Find goals of a team that name none, or one without agents, or what a team has not."""
    metric, team = goal["metric"], goal.get("team")
    staffed = [name for name, told in teams.items() if not (isinstance(told, dict) and told.get("self_service"))]
    if team is None:
        yield document.fault(("goals", i, "team"), MISSING, f"the team whose {metric} it is, {one_of(staffed)}")
    elif team in teams and team not in staffed:
        yield document.fault(("goals", i, "team"), team, f"a team with agents, {one_of(staffed)}")
    for word in ("channel", "within_s"):
        if word in goal:
            yield document.fault(("goals", i, word), goal[word], f"no {word} with {metric}, which is of a team")


def _queue_goal(document: Document, i: int, goal: dict[str, Any], channels: list[str]) -> Iterator[Fault]:
    """Find goals of a channel's queues that name no channel, or what a queue has not."""
    metric = goal["metric"]
    if goal.get("channel") is None:
        yield document.fault(("goals", i, "channel"), MISSING, f"the channel whose {metric} it is, {one_of(channels)}")
    for word in ("team", "within_s"):
        if word in goal:
            yield document.fault(("goals", i, word), goal[word], f"no {word} with {metric}, which is of a channel")


def dict_at(values: Any, key: str) -> dict[str, Any]:
    """Return the mapping at a key of plain values; empty where there is none."""
    found = value_at(values, key)
    return found if isinstance(found, dict) else {}


def list_at(values: Any, key: str) -> list[Any]:
    """Return the list at a key of plain values; empty where there is none."""
    found = value_at(values, key)
    return found if isinstance(found, list) else []


def value_at(values: Any, key: str) -> Any:
    """Return what stands at a key of plain values; None where nothing does."""
    return values.get(key) if isinstance(values, dict) else None


def clock_at(text: Any) -> int | None:
    """Read a time of day as seconds after midnight; None where it is none."""
    try:
        return clock_s(text) if isinstance(text, str) else None
    except ValueError:
        return None
