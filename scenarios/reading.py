"""Read a scenario file: the model, what its parts say of each other, and the tables that stand beside it.

>>> from pathlib import Path
>>> load_scenario(Path(__file__).parent / "quiet_tuesday.yaml").scenario.title
'A quiet Tuesday at a small web shop'
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.identity import intent_code
from scenarios.metric_names import METRIC_NAMES
from scenarios.models import check_model
from scenarios.scenario import CHANNELS, Scenario
from scenarios.tables import read_agents, read_arrivals, read_contacts, read_points
from scenarios.units import DAY_S, clock_s, clock_text
from scenarios.yaml_reader import MISSING, Document, Key, Words, read_file

HERE = Path(__file__).resolve().parent
"""Where the scenarios, journeys, personas, targets and mappings that come with the product lie."""


@dataclass(frozen=True)
class LoadedScenario:
    """A checked scenario with its tables; `hash` covers the file and every table it names."""

    path: Path
    scenario: Scenario
    hash: str
    contacts: dict[int, list[tuple[float, float]]] = field(repr=False)
    """Per demand entry: (start of the interval in s after midnight, expected contacts)."""
    agents: dict[str, list[tuple[float, int]]] = field(repr=False)
    """Per team with agents: (scenario second, agents from then on) over the whole horizon."""
    arrivals: list[tuple[str, float, str, str]] = field(repr=False)
    """Recorded arrivals to replay: (contact_id, due_s, channel, intent)."""

    @property
    def horizon_s(self) -> float:
        """The end of the last day, in scenario seconds."""
        return float(self.scenario.days * DAY_S)


def load_scenario(path: Path, days: int | None = None) -> LoadedScenario:
    """Read and check a scenario; `days` overrides how many days it covers.

    Raises:
        FaultsFoundError: every fault of the file and of its tables.
    """
    document = read_file(path)
    faults: list[Fault] = []
    scenario: Scenario | None = None
    tables = _Tables(document, path.parent, faults)
    try:
        scenario = check_model(document, Scenario, lambda doc: _references(doc, path.parent))
    except FaultsFoundError as error:
        faults += error.faults
    faults += _same_cells(document, tables)
    if scenario is None or faults:
        raise FaultsFoundError(faults)
    if days is not None:
        scenario = scenario.model_copy(update={"days": days})
    contacts = {
        index: tables.contacts.get(index)
        or [
            (clock_s(demand.starts) + i * demand.interval_minutes * 60.0, count)
            for i, count in enumerate(demand.contacts or [])
        ]
        for index, demand in enumerate(scenario.demand)
    }
    agents = {
        name: tables.agents.get(name) or _daily(team.agents or {}, scenario.days)
        for name, team in scenario.teams.items()
        if not team.self_service
    }
    return LoadedScenario(path, scenario, tables.hash(path), contacts, agents, tables.arrivals)


def _daily(steps: dict[str, int], days: int) -> list[tuple[float, int]]:
    ordered = sorted((clock_s(at), count) for at, count in steps.items())
    rows = []
    for day in range(days):
        if ordered[0][0] > 0:
            rows.append((day * DAY_S + 0.0, 0))
        rows += [(day * DAY_S + float(at), count) for at, count in ordered if at < DAY_S]
    return rows


class _Tables:
    """The CSV files a scenario names, read with their faults added to the scenario's."""

    def __init__(self, document: Document, folder: Path, faults: list[Fault]) -> None:
        self.contacts: dict[int, list[tuple[float, float]]] = {}
        self.agents: dict[str, list[tuple[float, int]]] = {}
        self.arrivals: list[tuple[str, float, str, str]] = []
        self._files: list[Path] = []
        for index, demand in enumerate(_list(document.values, "demand")):
            if isinstance(demand, dict) and isinstance(demand.get("contacts_csv"), str):
                path = self._file(folder, demand["contacts_csv"])
                with _kept(faults, document, ("demand", index, "contacts_csv")):
                    self.contacts[index] = read_contacts(path)
        for name, team in _dict(document.values, "teams").items():
            if isinstance(team, dict) and isinstance(team.get("agents_csv"), str):
                path = self._file(folder, team["agents_csv"])
                with _kept(faults, document, ("teams", name, "agents_csv")):
                    self.agents[name] = read_agents(path)
        for key, law in _laws(document.values, ()):
            path = self._file(folder, law["points_csv"])
            if "points" in law:
                faults.append(document.fault((*key, "points_csv"), law["points_csv"], "either points or points_csv"))
                continue
            law["points"] = [[0.0, 0.0], [1.0, 0.0]]  # so that an unreadable table is one fault, not two
            with _kept(faults, document, (*key, "points_csv")):
                law["points"] = read_points(path)
        replay = _dict(document.values, "replay")
        if isinstance(replay.get("csv"), str):
            path = self._file(folder, replay["csv"])
            with _kept(faults, document, ("replay", "csv")):
                self.arrivals = read_arrivals(path)
                faults += _strangers(self.arrivals, path, document.values)

    def _file(self, folder: Path, name: str) -> Path:
        self._files.append(folder / name)
        return self._files[-1]

    def hash(self, scenario: Path) -> str:
        """Return 16 hex digits over the scenario and its tables."""
        digest = hashlib.blake2b(digest_size=8)
        for path in [scenario, *self._files]:
            digest.update(path.read_bytes() + b"\0")
        return digest.hexdigest()


class _kept:  # noqa: N801  a context manager reads as a word
    """Keep the faults of a table instead of stopping at them."""

    def __init__(self, faults: list[Fault], document: Document, key: Key) -> None:
        self.faults, self.document, self.key = faults, document, key

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, FaultsFoundError):
            for fault in error.faults:
                if fault.found.startswith("unreadable"):  # the name is wrong rather than the table
                    name = Path(fault.file).name
                    reason = fault.found.removeprefix("unreadable ")
                    fault = self.document.fault(self.key, name, f"a CSV file beside this file {reason}")
                self.faults.append(fault)
            return True
        return False


def _laws(values: Any, key: Key) -> Iterator[tuple[Key, dict[str, Any]]]:
    """Yield every empirical law below `values` whose table is a CSV, wherever laws stand."""
    if isinstance(values, dict) and values.get("law") == "empirical" and isinstance(values.get("points_csv"), str):
        yield key, values
    elif isinstance(values, dict | list):
        for part, below in values.items() if isinstance(values, dict) else enumerate(values):
            yield from _laws(below, (*key, part))


def _same_cells(document: Document, tables: _Tables) -> Iterator[Fault]:
    """Find intervals told twice: a customer is (intent, minute, k), so both would be the same customers."""
    told: dict[tuple[str, int], int] = {}
    for i, demand in enumerate(_list(document.values, "demand")):
        if not isinstance(demand, dict) or not isinstance(demand.get("intent"), str):
            continue
        intent, minutes, first = demand["intent"], demand.get("interval_minutes", 30), demand.get("starts", "00:00")
        starts_s = [start for start, _ in tables.contacts.get(i, [])]
        first_s = _clock(first)
        if not starts_s and first_s is not None and isinstance(minutes, int):
            starts_s = [first_s + k * minutes * 60.0 for k in range(len(_list(demand, "contacts")))]
        key: Key = ("demand", i, "contacts_csv" if i in tables.contacts else "contacts")
        for start_s in starts_s:
            other = told.setdefault((intent, int(start_s // 60)), i)
            if other != i or start_s % 60 or (start_s >= DAY_S and i in tables.contacts):
                found = f"{intent} at {clock_text(start_s)}"
                expected = "an interval that starts on a full minute before midnight"
                if other != i:
                    expected = f"each intent's interval once; demand[{other}] has it (give it one channels mix)"
                yield document.fault(key, Words(f"for {found}"), expected)
                break


def _strangers(arrivals: list[tuple[str, float, str, str]], path: Path, values: Any) -> Iterator[Fault]:
    channels, intents = _dict(values, "channels"), _dict(values, "intents")
    seen: set[tuple[str, str]] = set()
    for line, (_, _, channel, intent) in enumerate(arrivals, start=2):
        pair = (channel, intent)
        if channel in channels and intent in intents and pair not in seen:
            seen.add(pair)
            if not _is_served(channel, intent, list(intents), _dict(values, "teams")):
                expected = f"a team with channel {channel} and skill {intent}"
                yield Fault(str(path), line, "channel", f"{channel!r} for {intent}", expected)
        for name, found, known in (("channel", channel, channels), ("intent", intent, intents)):
            if found not in known and (name, found) not in seen:
                seen.add((name, found))
                yield Fault(str(path), line, name, repr(found), one_of(known, found))


def _references(document: Document, folder: Path) -> Iterator[Fault]:
    """Yield what is wrong between places of the file; tolerant of places that are wrong in themselves."""
    values = document.values
    channels: list[str] = [name for name in _dict(values, "channels") if name in CHANNELS]
    if len(channels) < len(_dict(values, "channels")) or not channels:
        channels = list(CHANNELS)  # a misspelt channel is one fault; what refers to it is not another
    intents, teams = list(_dict(values, "intents")), _dict(values, "teams")

    def known(key: Key, found: Any, words: list[str]) -> Iterator[Fault]:
        if isinstance(found, str) and words and found not in words:
            yield document.fault(key, found, one_of(words, found))

    yield from _intent_codes(document, intents)
    yield from _hours(document, folder)
    for i, demand in enumerate(_list(values, "demand")):
        if isinstance(demand, dict):
            yield from known(("demand", i, "intent"), demand.get("intent"), intents)
            yield from _mix(document, i, demand, channels)
            yield from _intervals(document, i, demand)
    for name, team in teams.items():
        if not isinstance(team, dict):
            continue
        for word, words in (("channels", channels), ("skills", intents)):
            for i, found in enumerate(_list(team, word)):
                yield from known(("teams", name, word, i), found, words)
        service = _dict(team, "service")
        for intent in service:
            yield from known(("teams", name, "service", intent), intent, [*intents, "default"])
        if not set(service) <= {*intents, "default"} or not isinstance(team.get("service"), dict):
            continue  # told already; a misspelt intent is one fault
        for intent in [] if "default" in service else _list(team, "skills") or intents:
            if isinstance(intent, str) and intent in intents and intent not in service:
                yield document.fault(("teams", name, "service", intent), MISSING, "a law for this intent, or `default`")
    for part in ("patience", "retry", "shoppers"):
        for channel in _dict(values, part):
            if channel in CHANNELS:
                yield from known((part, channel), channel, channels)
    yield from _served(document, channels, intents, teams)
    yield from _transfers(document, intents, teams)
    yield from _metrics(document, channels, teams)
    if not values.get("demand") and not values.get("replay"):
        yield document.fault(("demand",), MISSING, "demand (by intent and interval) or replay (recorded arrivals)")


def _hours(document: Document, folder: Path) -> Iterator[Fault]:
    for name, hours in _dict(document.values, "channels").items():
        if not isinstance(hours, dict):
            continue
        opens, closes = _clock(hours.get("opens")), _clock(hours.get("closes"))
        if opens is not None and closes is not None and closes <= opens:
            yield document.fault(("channels", name, "closes"), hours["closes"], f"later than opens ({hours['opens']})")
        journey = hours.get("journey")
        if isinstance(journey, str) and not find_file("journeys", journey, folder):
            names = sorted(path.stem for path in (HERE / "journeys").glob("*.yaml"))
            yield document.fault(("channels", name, "journey"), journey, one_of(names, journey))


def find_file(kind: str, name: str, folder: Path | None = None) -> Path | None:
    """Find `name`.yaml among the files of a kind (journeys, personas, targets …): beside a scenario, then ours."""
    places = ([folder / kind] if folder else []) + [HERE / kind]
    for place in places:
        with contextlib.suppress(OSError):  # a name too long for any file is the name of none
            if (place / f"{name}.yaml").is_file():
                return place / f"{name}.yaml"
    return None


def _intent_codes(document: Document, intents: list[str]) -> Iterator[Fault]:
    codes: dict[int, str] = {}
    for intent in intents:
        other = codes.setdefault(intent_code(intent), intent)
        if other != intent:
            yield document.fault(
                ("intents", intent), intent, f"another name: its random numbers would be those of {other!r}"
            )


def _mix(document: Document, i: int, demand: dict[str, Any], channels: list[str]) -> Iterator[Fault]:
    mix = _dict(demand, "channels")
    for channel in mix:
        if channel in CHANNELS and channel not in channels:
            yield document.fault(("demand", i, "channels", channel), channel, one_of(channels, channel))
    shares = [share for share in mix.values() if isinstance(share, int | float)]
    if shares and len(shares) == len(mix) and abs(sum(shares) - 1) > 1e-6:
        found = Words(f"shares that add up to {sum(shares):.6g}")
        yield document.fault(("demand", i, "channels"), found, "shares that add up to 1")


def _intervals(document: Document, i: int, demand: dict[str, Any]) -> Iterator[Fault]:
    starts, minutes = _clock(demand.get("starts", "00:00")), demand.get("interval_minutes", 30)
    contacts = _list(demand, "contacts")
    if starts is None or not isinstance(minutes, int):
        return
    if contacts and starts + len(contacts) * minutes * 60 > DAY_S:
        most = (DAY_S - starts) // (minutes * 60)
        found = Words(f"{len(contacts)} intervals long")
        yield document.fault(("demand", i, "contacts"), found, f"at most {most}, up to midnight")


def _served(document: Document, channels: list[str], intents: list[str], teams: dict[str, Any]) -> Iterator[Fault]:
    for i, demand in enumerate(_list(document.values, "demand")):
        if not isinstance(demand, dict) or demand.get("intent") not in intents:
            continue
        for channel, share in _dict(demand, "channels").items():
            served = _is_served(channel, demand["intent"], intents, teams)
            if channel in channels and teams and not served and share != 0:
                expected = f"a team with channel {channel} and skill {demand['intent']}"
                yield document.fault(("demand", i, "channels", channel), Words("answered by no team"), expected)


def _is_served(channel: str, intent: str, intents: list[str], teams: dict[str, Any]) -> bool:
    """Say whether a team takes an intent on a channel; where a team has faults of its own, it may."""
    for team in teams.values():
        if not isinstance(team, dict) or not isinstance(team.get("channels"), list):
            return True
        skills = _list(team, "skills") or intents
        if not (set(map(str, team["channels"])) <= set(CHANNELS) and set(map(str, skills)) <= set(intents)):
            return True
        if channel in team["channels"] and intent in skills:
            return True
    return False


def _transfers(document: Document, intents: list[str], teams: dict[str, Any]) -> Iterator[Fault]:
    total: dict[tuple[str, str], float] = {}
    for i, transfer in enumerate(_list(document.values, "transfers")):
        if not isinstance(transfer, dict):
            continue
        for word in ("from", "to"):
            name = transfer.get(word)
            if isinstance(name, str) and name not in teams:
                if teams:
                    yield document.fault(("transfers", i, word), name, one_of(teams, name))
            elif isinstance(name, str) and isinstance(teams[name], dict) and teams[name].get("self_service"):
                yield document.fault(("transfers", i, word), name, "a team with agents")
        for j, intent in enumerate(_list(transfer, "intents")):
            if isinstance(intent, str) and intents and intent not in intents:
                yield document.fault(("transfers", i, "intents", j), intent, one_of(intents, intent))
        yield from _lawless(document, i, transfer, intents, teams)
        for intent in _list(transfer, "intents") or intents:
            probability = transfer.get("probability")
            if isinstance(probability, int | float) and isinstance(transfer.get("from"), str):
                pair = (str(transfer["from"]), str(intent))
                total[pair] = total.get(pair, 0) + probability
                if total[pair] > 1 + 1e-9:
                    found = Words(f"{probability:g}, which makes {total[pair]:.6g}")
                    expected = f"at most 1 in all from {pair[0]} for {pair[1]}"
                    yield document.fault(("transfers", i, "probability"), found, expected)
                    break


def _lawless(
    document: Document, i: int, transfer: dict[str, Any], intents: list[str], teams: dict[str, Any]
) -> Iterator[Fault]:
    """Find intents that a transfer passes to a team that has no law for how long they take."""
    to, sender = teams.get(str(transfer.get("to"))), teams.get(str(transfer.get("from")))
    if not (isinstance(to, dict) and isinstance(sender, dict)) or to.get("self_service"):
        return
    service = _dict(to, "service")
    for intent in _list(transfer, "intents") or _list(sender, "skills") or intents:
        if intent in intents and service and intent not in service and "default" not in service:
            expected = f"a team with a service law for {intent}, or `default`; or name the transfer's intents"
            yield document.fault(("transfers", i, "to"), transfer["to"], expected)
            return


def _metrics(document: Document, channels: list[str], teams: dict[str, Any]) -> Iterator[Fault]:
    for part in ("goals", "gates"):
        for i, item in enumerate(_list(document.values, part)):
            if not isinstance(item, dict):
                continue
            metric, channel, team = item.get("metric"), item.get("channel"), item.get("team")
            if isinstance(channel, str) and channel in CHANNELS and channel not in channels:
                yield document.fault((part, i, "channel"), channel, one_of(channels, channel))
            if isinstance(team, str) and teams and team not in teams:
                yield document.fault((part, i, "team"), team, one_of(teams, team))
            if not isinstance(metric, str):
                continue
            if metric not in METRIC_NAMES:
                yield document.fault((part, i, "metric"), metric, one_of(METRIC_NAMES, metric))
            elif METRIC_NAMES[metric].needs_within_s and item.get("within_s") is None:
                yield document.fault((part, i, "within_s"), MISSING, f"the T of {metric}, in seconds")
            elif not METRIC_NAMES[metric].needs_within_s and "within_s" in item:
                yield document.fault((part, i, "within_s"), item["within_s"], f"no within_s with {metric}")


def _dict(values: Any, key: str) -> dict[str, Any]:
    found = values.get(key) if isinstance(values, dict) else None
    return found if isinstance(found, dict) else {}


def _list(values: Any, key: str) -> list[Any]:
    found = values.get(key) if isinstance(values, dict) else None
    return found if isinstance(found, list) else []


def _clock(text: Any) -> int | None:
    try:
        return clock_s(text) if isinstance(text, str) else None
    except ValueError:
        return None
