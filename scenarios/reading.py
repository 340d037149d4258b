"""Read a scenario file: the model, what its parts say of each other, and the tables that stand beside it.

>>> from pathlib import Path
>>> load_scenario(Path(__file__).parent / "quiet_tuesday.yaml").scenario.title
'A quiet Tuesday at a small web shop'
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scenarios.churn import ChurnModel, read_churn
from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.forecast import Expected, expected_by_day
from scenarios.forecast_log import BackTest, LogVolumes, run_files
from scenarios.forecast_sources import asked_of, lacking, volumes_of, with_measured_error
from scenarios.forecast_tables import TableVolumes
from scenarios.labour import LabourRules, read_labour, strange_teams
from scenarios.laws import AnyLaw
from scenarios.models import check_model
from scenarios.profile_checks import timed, troubles
from scenarios.profiles import TimedProfile, profile_faults
from scenarios.references import clock_at, dict_at, hops, list_at, references
from scenarios.rosters import daily_steps, shift_steps
from scenarios.scenario import Channel, Scenario
from scenarios.settings import SETTING, applied
from scenarios.table_checks import overlaps, same_cells, strangers, unrostered_names
from scenarios.tables import Arrival, read_agents, read_arrivals, read_contacts, read_points
from scenarios.uncertain import Uncertain
from scenarios.uncertain_inputs import Input, inputs_from
from scenarios.units import INTERVAL_CONTACTS_MOST, NEVER_US, clock_s, us
from scenarios.workbooks import parted
from scenarios.yaml_reader import Document, Key, Words, read_file

HERE = Path(__file__).resolve().parent
"""Where the scenarios, journeys, personas, targets and mappings that come with the product lie."""

CHURN_FILE = "a file of a churn model beside this one, or "
LABOUR_FILE = "a file of labour rules beside this one, or "


class Person(NamedTuple):
    """Someone who waits, or whom an agent of `team` is with, as a run begins; `since_s` scenario seconds."""

    name: str
    since_s: float
    channel: Channel
    intent: str
    team: str | None


@dataclass(frozen=True)
class Opening:
    """How a run begins that does not begin with an empty day; see `scenarios.opening`."""

    at_s: float
    people: tuple[Person, ...]
    certain_s: dict[str, float]
    """By team: until when nobody of those told is away."""


@dataclass(frozen=True, eq=False)
class LoadedScenario:
    """A checked scenario with its tables; `hash` covers the file and every table it names."""

    path: Path
    scenario: Scenario
    hash: str
    contacts: dict[int, list[tuple[float, float]]] = field(repr=False)
    """Per demand entry: (start of the interval in s after midnight, expected contacts) of any day.

    Where volumes differ by date, their mean over the dates of the table; see `expected`.
    """
    agents: dict[str, list[tuple[float, int]]] = field(repr=False)
    """Per team with agents: (scenario second, agents from then on) over the whole horizon."""
    arrivals: list[Arrival] = field(repr=False)
    """Recorded contacts to replay."""
    opening: Opening | None = field(default=None, repr=False)
    """How the first day begins, where not empty at midnight."""
    profile: TimedProfile | None = field(default=None, repr=False)
    """What becomes of the volumes, where others come than `demand` and `replay` say."""
    by_day: Mapping[int, tuple[tuple[Expected, ...], ...]] = field(default_factory=dict, repr=False)
    """Per demand entry whose volumes differ by date: what is expected in each interval of each day, all told."""
    back_test: BackTest | None = None
    """What the rule that forecasts from a log was worth, where the scenario asks for it."""
    churn: ChurnModel | None = field(default=None, repr=False)
    """What makes customers leave, with how many really do, where the scenario says so."""
    labour: LabourRules | None = field(default=None, repr=False)
    """Shifts, contracts and rules for rosters, where the scenario names them."""
    document: Document | None = field(default=None, repr=False)
    """What the file says, in plain values, where there is one."""
    files: tuple[Path, ...] = field(default=(), repr=False)
    """The tables it was read from."""
    since: tuple[Callable[[LoadedScenario], LoadedScenario], ...] = field(default=(), repr=False)
    """What was asked for on top of the file, as a profile or a state, in order; done again where the file changes."""

    def then(
        self, again: Callable[[LoadedScenario], LoadedScenario]
    ) -> tuple[Callable[[LoadedScenario], LoadedScenario], ...]:
        """Return what was asked for on top of the file, with one more thing."""
        return (*self.since, again)

    def is_as_on_disk(self) -> bool:
        """Say whether its file and tables, read again, would give it: nothing was changed, there or since."""
        try:
            return _hash(self.path.read_bytes(), self.files) == self.hash
        except OSError:
            return False

    def expected(self, demand: int, day: int) -> Sequence[Expected]:
        """Return what is expected of an entry of demand in each interval of a day, everything multiplied."""
        if demand in self.by_day:
            return self.by_day[demand][day]
        times = self.scenario.demand[demand].times(self.scenario.kind_of(day))
        return [Expected(start_s, count * times, None) for start_s, count in self.contacts[demand]]

    def handle_us(self, team: str, intent: str) -> int:
        """Return the mean time of a contact with a team, in microseconds; 0 where the team has no law for it."""
        told = self.scenario.teams[team]
        parts = (told.service_law(intent), told.hold_law(intent), told.wrap_law(intent))
        return min(sum(_mean_us(law) for law in parts), NEVER_US)

    @property
    def horizon_s(self) -> float:
        """The end of the last day, in scenario seconds."""
        return float(self.scenario.local_days.begins_s(self.scenario.days))

    def roster_paid(self, team: str) -> list[tuple[float, int]]:
        """Return (scenario second, agents paid from then on) of a team: `agents`, and those who pause too."""
        shifts = self.scenario.teams[team].shifts
        if not shifts:
            return self.agents.get(team, [])
        whole = [shift.model_copy(update={"breaks": []}) for shift in shifts]
        return shift_steps(whole, self.scenario.days, self.scenario.kind_of, self.scenario.local_days)

    def shift_ends_s(self, team: str) -> list[float]:
        """Return the scenario seconds at which fewer of a team are paid than before: shifts end then."""
        steps = sorted(self.roster_paid(team))
        return [at_s for (_, before), (at_s, count) in itertools.pairwise(steps) if count < before]


def _mean_us(law: AnyLaw | None) -> int:
    mean_s = law.mean() if law else 0.0
    return us(mean_s) if mean_s < 1e9 else NEVER_US


def load_scenario(path: Path, days: int | None = None) -> LoadedScenario:
    """Read and check a scenario; `days` overrides how many days it covers.

    Raises:
        FaultsFoundError: every fault of the file and of its tables.
    """
    document = read_file(path)
    loaded = checked(document, path, days, path.read_bytes())
    faults = [fault for name in loaded.scenario.remedies for fault in _remedy_faults(document, loaded, name)]
    faults += _uncertain_faults(document, loaded)
    if faults:
        raise FaultsFoundError(faults)
    return loaded


def checked(told: Document, path: Path, days: int | None, own: bytes) -> LoadedScenario:
    """Check what a scenario file says, and the tables it names; remedies may still lead nowhere.

    Args:
        told: what it says.
        path: where the tables lie beside.
        days: overrides how many days it covers.
        own: what its hash begins with.

    Raises:
        FaultsFoundError: every fault of the document and of its tables.
    """
    document = dataclasses.replace(told, values=copy.deepcopy(told.values))  # tables are filled in
    faults: list[Fault] = []
    scenario: Scenario | None = None
    tables = _Tables(document, path.parent, faults)
    try:
        scenario = check_model(
            document, Scenario, lambda doc: [*references(doc), *_hours(doc, path.parent), *profile_faults(doc)]
        )
    except FaultsFoundError as error:
        faults += error.faults
    faults += same_cells(document, tables.contacts, tables.forecasts)
    faults += overlaps(document, tables.contacts, tables.forecasts)
    faults += hops(document, tables.arrivals)
    if scenario is None or faults:
        raise FaultsFoundError(faults)
    if days is not None:
        scenario = scenario.model_copy(update={"days": days})
    contacts, agents = _volumes(scenario, tables), _rosters(scenario, tables)
    scenario, back_test = with_measured_error(document, scenario, tables.forecasts)
    by_day = _by_day(document, scenario, contacts, tables)
    if strange := list(unrostered_names(document, scenario, tables.agents)):
        raise FaultsFoundError(strange)
    churn = _believed(scenario, tables.churn)
    loaded = LoadedScenario(
        path, scenario, tables.hash(own), contacts, agents, tables.arrivals, by_day=by_day, back_test=back_test,
        churn=churn, labour=tables.labour, document=told, files=tuple(tables.files),
    )  # fmt: skip
    _profiles_can_be_played(document, loaded)
    return loaded


def with_settings(loaded: LoadedScenario, settings: Mapping[str, object]) -> LoadedScenario:
    """Return a scenario as its file would be with other values in it, and nothing asked for on top.

    Raises:
        FaultsFoundError: every setting that leads nowhere, and every fault of what comes out.
    """
    assert loaded.document is not None, f"{loaded.path} was not read from a file of a scenario"
    document = applied(loaded.document, settings)
    days = None if "days" in settings else loaded.scenario.days
    own = json.dumps([loaded.hash, dict(settings)], sort_keys=True, default=str)
    try:
        return checked(document, loaded.path, days, own.encode())
    except FaultsFoundError as error:  # what `*` has set is wrong everywhere alike: told once
        first = {(fault.file, fault.found, fault.expected): fault for fault in reversed(error.faults)}
        raise FaultsFoundError(first.values()) from None


def _remedy_faults(document: Document, loaded: LoadedScenario, name: str) -> Iterator[Fault]:
    """Find settings of a remedy that the scenario could not be played with."""
    settings = loaded.scenario.remedies[name].set
    try:
        with_settings(loaded, settings)
    except FaultsFoundError as error:
        for fault in error.faults:
            setting = fault.file.removeprefix(SETTING)
            key: Key = ("remedies", name, "set", *([setting] if setting in settings else []))
            yield document.fault(key, Words(f"what makes {fault.key} {fault.found}"), fault.expected)


def inputs_of(loaded: LoadedScenario, uncertain: Mapping[str, Uncertain]) -> list[Input]:
    """Return uncertain inputs of a scenario; see `scenarios.uncertain_inputs`.

    Raises:
        FaultsFoundError: every fault of them.
    """
    assert loaded.document is not None, f"{loaded.path} was not read from a file of a scenario"
    return inputs_from(loaded.document, uncertain, functools.partial(with_settings, loaded))


def _uncertain_faults(document: Document, loaded: LoadedScenario) -> Iterator[Fault]:
    """Find uncertain inputs that lead nowhere, or whose ends the scenario could not be played with."""
    told = loaded.scenario.uncertain
    if not told:
        return
    try:
        inputs_of(loaded, told)
    except FaultsFoundError as error:
        for fault in error.faults:
            path = fault.file.removeprefix(SETTING)
            found = Words(f"of {fault.key}, which is {fault.found}")
            yield document.fault(("uncertain", *([path] if path in told else [])), found, fault.expected)


def _volumes(scenario: Scenario, tables: _Tables) -> dict[int, list[tuple[float, float]]]:
    return {
        index: tables.contacts.get(index)
        or [
            (clock_s(demand.starts) + i * demand.interval_minutes * 60.0, count)
            for i, count in enumerate(demand.contacts or [])
        ]
        for index, demand in enumerate(scenario.demand)
    }


def _rosters(scenario: Scenario, tables: _Tables) -> dict[str, list[tuple[float, int]]]:
    return {
        name: tables.agents.get(name)
        or (
            shift_steps(team.shifts, scenario.days, scenario.kind_of, scenario.local_days)
            if team.shifts
            else daily_steps(team.agents or {}, scenario.days, team.agents_on, scenario.kind_of, scenario.local_days)
        )
        for name, team in scenario.teams.items()
        if not team.self_service
    }


def _believed(scenario: Scenario, churn: ChurnModel | None) -> ChurnModel | None:
    """Return the churn model with what the scenario says of how many really leave."""
    if churn is None or scenario.churn is None or scenario.churn.observed is None:
        return churn
    return churn.model_copy(update={"observed": scenario.churn.observed})


def _by_day(
    document: Document, scenario: Scenario, contacts: dict[int, list[tuple[float, float]]], tables: _Tables
) -> dict[int, tuple[tuple[Expected, ...], ...]]:
    """Return what is expected on each day where days differ by date.

    Raises:
        FaultsFoundError: a table or a log tells nothing of a day on which contacts can come, or too many come.
    """
    faults = list(lacking(scenario, tables.forecasts))
    found = {} if faults else expected_by_day(scenario, contacts, tables.forecasts)
    for index, days in found.items():
        most = max((each.contacts for day in days for each in day), default=0.0)
        if most > INTERVAL_CONTACTS_MOST:
            words = Words(f"for {most:.0f} contacts in an interval")
            faults.append(document.fault(("demand", index), words, f"at most {INTERVAL_CONTACTS_MOST}"))
    if faults:
        raise FaultsFoundError(faults)
    return found


def _profiles_can_be_played(document: Document, loaded: LoadedScenario) -> None:
    """Refuse profiles under which the scenario cannot be played.

    Raises:
        FaultsFoundError: every reason.
    """
    faults = [
        document.fault(("profiles", name, *found.key), found.found, found.expected)
        for name, profile in loaded.scenario.profiles.items()
        if profile.day < loaded.scenario.days  # fewer days may be asked for than the file has
        for found in troubles(loaded.scenario, loaded.expected, loaded.arrivals, timed(loaded.scenario, name, profile))
    ]
    if faults:
        raise FaultsFoundError(faults)


class _Tables:
    """The tables a scenario names, read with their faults added to the scenario's."""

    def __init__(self, document: Document, folder: Path, faults: list[Fault]) -> None:
        self.contacts: dict[int, list[tuple[float, float]]] = {}
        self.agents: dict[str, list[tuple[float, int]]] = {}
        self.arrivals: list[Arrival] = []
        self.churn: ChurnModel | None = None
        self.forecasts: dict[int, TableVolumes | LogVolumes] = {}
        self.files: list[Path] = []
        self.labour: LabourRules | None = None
        for index, demand in enumerate(list_at(document.values, "demand")):
            if isinstance(demand, dict) and isinstance(demand.get("contacts_csv"), str):
                path = self._file(folder, demand["contacts_csv"])
                with _kept(faults, document, ("demand", index, "contacts_csv")):
                    self.contacts[index] = read_contacts(path)
            elif isinstance(demand, dict) and isinstance(demand.get("forecast"), dict):
                self._read_forecast(document, folder, faults, index, demand)
        for name, team in dict_at(document.values, "teams").items():
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
        replay = dict_at(document.values, "replay")
        if isinstance(replay.get("csv"), str):
            path = self._file(folder, replay["csv"])
            with _kept(faults, document, ("replay", "csv")):
                self.arrivals = read_arrivals(path)
                faults += strangers(self.arrivals, path, document.values)
        self._read_churn(document, folder, faults)
        self._read_labour(document, folder, faults)

    def _read_labour(self, document: Document, folder: Path, faults: list[Fault]) -> None:
        name = document.values.get("labour") if isinstance(document.values, dict) else None
        if not isinstance(name, str) or not name:
            return
        path = labour_file(name, folder)
        if path is None:
            faults.append(document.fault(("labour",), name, LABOUR_FILE + one_of(our_names("labour"), name)))
            return
        self.files.append(path)
        with _kept(faults, document, ("labour",)):
            self.labour = read_labour(path)
            teams = dict_at(document.values, "teams")
            served = [name for name, team in teams.items() if isinstance(team, dict) and not team.get("self_service")]
            faults += strange_teams(read_file(path), served)

    def _read_forecast(
        self, document: Document, folder: Path, faults: list[Fault], index: int, demand: dict[str, Any]
    ) -> None:
        """Read volumes by date; what the table tells of the length of intervals and of the mix is filled in."""
        asked = asked_of(document.values, demand)
        if asked is None:  # a fault that the model tells
            return
        self.files += [folder / parted(asked.name)[0]] if asked.is_table else run_files(folder / asked.name)
        with _kept(faults, document, ("demand", index, "forecast", "file" if asked.is_table else "log")):
            found = volumes_of(folder / asked.name, asked)
            self.forecasts[index], self.contacts[index] = found, found.daily()
            demand["interval_minutes"] = found.interval_minutes
            if found.by_channel and not np.isnan(found.shares()).any():
                demand["channels"] = dict(zip(asked.channels, map(float, found.shares()), strict=True))

    def _read_churn(self, document: Document, folder: Path, faults: list[Fault]) -> None:
        name = dict_at(document.values, "churn").get("model")
        if not isinstance(name, str) or not name:
            return
        path = churn_file(name, folder)
        if path is None:
            faults.append(
                document.fault(("churn", "model"), name, CHURN_FILE + one_of(our_names("churn_models"), name))
            )
            return
        self.files.append(path)
        with _kept(faults, document, ("churn", "model")):
            stamp = path.stat()
            self.churn = _churn_as_of(path, stamp.st_mtime_ns, stamp.st_size)

    def _file(self, folder: Path, name: str) -> Path:
        self.files.append(folder / parted(name)[0])
        return folder / name

    def hash(self, own: bytes) -> str:
        """Return 16 hex digits over the scenario's own text and its tables."""
        return _hash(own, self.files)


def _hash(own: bytes, files: Sequence[Path]) -> str:
    digest = hashlib.blake2b(own + b"\0", digest_size=8)
    for path in files:
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


@functools.lru_cache(maxsize=16)
def _churn_as_of(path: Path, changed_ns: int, size: int) -> ChurnModel:
    """Read a churn model, once for all alternatives that are made of a scenario."""
    return read_churn(path)


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
                    fault = self.document.fault(self.key, name, f"{fault.expected} beside this file {reason}")
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


def _hours(document: Document, folder: Path) -> Iterator[Fault]:
    for name, hours in dict_at(document.values, "channels").items():
        if not isinstance(hours, dict):
            continue
        opens, closes = clock_at(hours.get("opens")), clock_at(hours.get("closes"))
        if opens is not None and closes is not None and closes <= opens:
            yield document.fault(("channels", name, "closes"), hours["closes"], f"later than opens ({hours['opens']})")
        journey = hours.get("journey")
        if isinstance(journey, str) and not find_file("journeys", journey, folder):
            yield document.fault(("channels", name, "journey"), journey, one_of(our_names("journeys"), journey))


def find_file(kind: str, name: str, folder: Path | None = None) -> Path | None:
    """Find `name`.yaml among the files of a kind (journeys, personas, targets …): beside a scenario, then ours."""
    places = ([folder / kind] if folder else []) + [HERE / kind]
    for place in places:
        with contextlib.suppress(OSError):  # a name too long for any file is the name of none
            if (place / f"{name}.yaml").is_file():
                return place / f"{name}.yaml"
    return None


def churn_file(name: str, folder: Path | None = None) -> Path | None:
    """Find a churn model by its name among ours, or as a file in a folder (default: this one)."""
    return _ours_or_beside("churn_models", name, folder)


def labour_file(name: str, folder: Path | None = None) -> Path | None:
    """Find labour rules by their name among ours, or as a file in a folder (default: this one)."""
    return _ours_or_beside("labour", name, folder)


def _ours_or_beside(kind: str, name: str, folder: Path | None) -> Path | None:
    found = find_file(kind, name, folder)
    if found is None:
        with contextlib.suppress(OSError, ValueError):  # a name too long for any file is the name of none
            beside = (folder or Path()) / name
            found = beside if beside.is_file() else None
    return found


def file_named(kind: str, name: str, folder: Path | None = None) -> Path:
    """Find `name`.yaml as `find_file` does.

    Raises:
        FaultsFoundError: there is none; the fault names ours.
    """
    path = find_file(kind, name, folder)
    if path is None:
        raise FaultsFoundError([Fault(kind, 1, name, "missing", one_of(our_names(kind), name))])
    return path


def our_names(kind: str) -> list[str]:
    """Return the names of our own files of a kind."""
    return sorted(path.stem for path in (HERE / kind).glob("*.yaml"))
