"""A scenario: everything a company believes about its support operation, as typed, frozen models.

Holds the models of one scenario file; refuses to read files (see `scenarios.reading`) and to draw anything (see
`scenarios.plan`). Times of day are texts ``HH:MM`` in the file and stay so here; `scenarios.units.clock_s` reads them.
"""

from __future__ import annotations

import datetime
import itertools
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from scenarios.busyness import Busyness
from scenarios.by_intent import ByIntent, LawOrLaws, law_for
from scenarios.calendar import WEEKDAYS, DayKind, HoursOfDay, Spell, kind_of_day, open_spell_s
from scenarios.churn import ChurnBelief
from scenarios.conduct import Conduct
from scenarios.forecast import Forecast, Source
from scenarios.laws import AnyLaw, Law
from scenarios.local_days import LocalDays, local_days
from scenarios.metric_names import METRIC_NAMES
from scenarios.models import Strict
from scenarios.population import Costs, Population, Remedy
from scenarios.profiles import Profile
from scenarios.thresholds import Threshold
from scenarios.uncertain import Uncertain
from scenarios.units import AGENTS_MOST, INTERVAL_CONTACTS_MOST, LINES_MOST, clock_s

Channel = Literal["phone", "chat", "email", "form", "faq", "social", "app", "in_person"]
CHANNELS: tuple[Channel, ...] = ("phone", "chat", "email", "form", "faq", "social", "app", "in_person")

ANYONE = "anyone"
"""Not a team, but whoever would take a contact."""

Language = Literal["en", "it", "ro", "ar"]
LANGUAGES: tuple[Language, ...] = ("en", "it", "ro", "ar")

GATES_MOST = 6
CAUSES = ("abandoned", "blocked", "cut_off", "cleared_at_close", "unresolved")
"""Outcomes after which a customer may try again."""

PRIORITIES_MOST = 99
RANKS_MOST = 99
DAYS_MOST = 700
LONGEST_WAIT_S = 86_400 * 31
WEIGHT_MOST = 100
CONCURRENCY_MOST = 1000
OFF_QUEUE_LEAST_S = 60

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Speed = Annotated[float, Field(ge=0.001, le=1)]
FileName = Annotated[str, Field(min_length=1)]


def _clock(text: str) -> str:
    clock_s(text)
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("an IANA time zone such as Europe/Rome") from None
    return name


def _date(text: str) -> str:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        raise ValueError("a date as YYYY-MM-DD") from None
    return text


Clock = Annotated[str, AfterValidator(_clock)]
TimeZone = Annotated[str, AfterValidator(_zone)]


class Message(Strict):
    """An answering machine: it takes those who have waited too long, and holds their line while they speak."""

    after_s: Annotated[float, Field(gt=0, le=LONGEST_WAIT_S)] = Field(description="the longest wait, in seconds")
    takes_s: Annotated[float, Field(ge=0, le=LONGEST_WAIT_S)] = Field(
        0.0, description="how long the message holds the line"
    )


Band = Annotated[tuple[Annotated[float, Field(ge=0, le=LONGEST_WAIT_S)], Share], Field(strict=False)]
FactorBand = Annotated[
    tuple[Annotated[float, Field(ge=0, le=LONGEST_WAIT_S)], Annotated[float, Field(ge=0, le=100)]], Field(strict=False)
]


class Callback(Strict):
    """An offer to be called back: who accepts hangs up and keeps their place in the queue (virtual queue)."""

    from_: Annotated[float, Field(ge=0, le=LONGEST_WAIT_S)] = Field(
        alias="from", description="offered to those who are told this much or more"
    )
    accepted: Share = Field(description="share of the offers that are accepted")
    reached: Share = Field(1.0, description="share of those called back who answer")
    takes_s: Annotated[float, Field(ge=0, le=LONGEST_WAIT_S)] = Field(
        30.0, description="agent's time for a call that nobody answers"
    )


class Announcement(Strict):
    """What those hear who must wait, and what they do then."""

    says: Literal["wait", "position"] = Field(
        description="wait: the expected wait in seconds, by how many are ahead, agents on duty and handling time; "
        "position: 1 for who is next"
    )
    balks: list[Band] = Field(
        default_factory=list,
        max_length=100,
        description="pairs [from, share]: of those told this much or more such a share leaves at once",
    )
    patience: list[FactorBand] = Field(
        default_factory=list,
        max_length=100,
        description="pairs [from, factor]: the patience of those told this much or more is multiplied",
    )
    callback: Callback | None = Field(None, description="an offer to be called back")

    @model_validator(mode="after")
    def _rising(self) -> Announcement:
        for name, bands in (("balks", self.balks), ("patience", self.patience)):
            begins = [band[0] for band in bands]
            if any(after <= before for before, after in itertools.pairwise(begins)):
                raise ValueError(f"{name} whose first numbers rise")
        return self


class Silent(Strict):
    """Customers who leave without a sign: an agent finds out only when it is their turn."""

    share: Share = Field(description="share of those who give up who leave no sign")
    detected_after_s: Annotated[float, Field(ge=0, le=LONGEST_WAIT_S)] = Field(
        60.0, description="how long the agent waits for an answer before closing it"
    )


class ChannelHours(Strict):
    """A channel customers can use: when it is open each day, and the journey that plays it on a real desk."""

    opens: Clock = Field(description="when it opens each day, HH:MM")
    closes: Clock = Field(description="when it closes each day, HH:MM")
    hours: dict[DayKind, HoursOfDay] = Field(
        default_factory=dict,
        description="other hours by weekday, as HH:MM-HH:MM or closed; `holiday` is closed where left out",
    )
    lines: Annotated[int, Field(ge=1, le=LINES_MOST)] | None = Field(
        None,
        description="customers it holds at once, waiting and being served; one more gets a busy signal. Left out: any",
    )
    message: Message | None = Field(None, description="a wait that lasts so long ends at an answering machine")
    announcement: Announcement | None = Field(None, description="what those hear who must wait")
    silent: Silent | None = Field(None, description="those who leave without a sign, as on a chat")
    at_close: Literal["served", "cleared"] = Field(
        "served",
        description="served: who waits as it closes is still answered; cleared: they are sent away",
    )
    journey: str | None = Field(None, description="the journey (scenarios/journeys/NAME.yaml) its customers play")

    def open_at_s(self, kind: DayKind, day: int, local: LocalDays) -> Spell:
        """Return from when to when it is open on a day of such a kind, in scenario seconds."""
        opens, closes = self.open_s(kind)
        return local.at_s(day, opens), local.at_s(day, closes)

    def open_s(self, kind: DayKind) -> Spell:
        """Return from when to when it is open on such a day, in seconds after midnight."""
        told = self.hours.get(kind)
        if told is not None:
            return open_spell_s(told)
        return (0, 0) if kind == "holiday" else (clock_s(self.opens), clock_s(self.closes))


class Bursts(Strict):
    """Customers who bring others of their intent, who may bring others too."""

    followers_mean: Annotated[float, Field(ge=0, lt=1)] = Field(
        description="how many a customer brings in the mean; in all come 1 / (1 - this) times as many as first comers"
    )
    after: Law = Field(description="how long after them each comes")


class Demand(Strict):
    """Expected contacts of one intent in each interval of a day, and the share of them on each channel."""

    intent: Name = Field(description="one of `intents`")
    channels: dict[Channel, Share] = Field(description="share of the contacts on each channel; they add up to 1")
    languages: dict[Language, Share] = Field(
        default_factory=dict,
        description="share of the customers who speak each language, adding up to 1; the scenario's where left out",
    )
    interval_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(30, description="how long each interval lasts")
    starts: Clock = Field("00:00", description="when the first interval starts, HH:MM")
    contacts: list[Annotated[float, Field(ge=0, le=INTERVAL_CONTACTS_MOST)]] | None = Field(
        None, description="expected contacts in each interval of a day", min_length=1, max_length=1440
    )
    contacts_csv: FileName | None = Field(
        None, description="table (CSV or Excel) with columns starts (HH:MM) and contacts, beside this file"
    )
    forecast: Source | None = Field(None, description="instead: volumes by date, from a table or a recorded log")
    factor: Annotated[float, Field(ge=0, le=1000)] = Field(1.0, description="multiplies all volumes")
    week: dict[DayKind, Annotated[float, Field(ge=0, le=1000)]] = Field(
        default_factory=dict,
        description="multiplies the volumes of a weekday, by 1 where left out; of a `holiday` by 0 where left out",
    )
    counts: Literal["poisson", "fixed"] = Field(
        "poisson",
        description="poisson: as many as luck sends, so many in the mean; fixed: exactly so many, with fractions "
        "carried over to the next interval of the day",
    )
    bursts: Bursts | None = Field(None, description="those expected bring others; left out: nobody does")
    rate: Literal["level", "spline"] = Field(
        "level",
        description="level: each interval has one rate; spline: the rate changes smoothly and each interval keeps its "
        "number",
    )
    busyness: Busyness | None = Field(
        None, description="how much days differ for this intent alone, beside what all demand has in common"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Demand:
        if sum(told is not None for told in (self.contacts, self.contacts_csv, self.forecast)) != 1:
            raise ValueError("either contacts or contacts_csv, or a forecast")
        if self.forecast is not None and self.forecast.file is not None and self.week:
            raise ValueError("no week beside forecast.file: it tells of each date, holidays too")
        if self.forecast is not None and self.week.keys() - {"holiday"}:
            raise ValueError("no weekday in week beside forecast.log: each weekday is its own mean; holiday alone")
        return self

    def times(self, kind: DayKind) -> float:
        """Return by what the volumes of such a day are multiplied."""
        if self.forecast is not None and self.forecast.file is not None:
            return self.factor
        return self.factor * self.week.get(kind, 0.0 if kind == "holiday" else 1.0)


class Replay(Strict):
    """Recorded arrivals played again: a table (CSV or Excel) with columns contact_id, due_s, channel, intent.

    Where it has a column customer_id, too, contacts that tell the same one are cases of one customer.
    """

    csv: FileName = Field(description="the table, beside this file; due_s in scenario seconds")


class Break(Strict):
    """A pause of a whole shift; who is with a customer finishes first."""

    starts: Clock = Field(description="when it begins, HH:MM")
    minutes: Annotated[int, Field(ge=1, le=1439)] = Field(description="how long it lasts")


class Shift(Strict):
    """People who come and go together, each day or on some weekdays."""

    starts: Clock = Field(description="when they come, HH:MM")
    ends: Clock = Field(description="when they go, HH:MM; earlier than they come: on the next day")
    agents: Annotated[int, Field(ge=0, le=AGENTS_MOST)] = Field(description="how many they are")
    breaks: list[Break] = Field(default_factory=list, description="when all of them pause")
    days: Annotated[list[DayKind], Field(min_length=1)] | None = Field(
        None, description="on which days they come, `holiday` among them; on all weekdays where left out"
    )

    def comes(self, kind: DayKind) -> bool:
        """Say whether they come on such a day."""
        return kind in (WEEKDAYS if self.days is None else self.days)


class Late(Strict):
    """Agents who come late to what the roster says."""

    share: Share = Field(description="how often: each time a seat is to be filled")
    by: Law = Field(description="how late")


class OffQueue(Strict):
    """Agents who leave the queue at random within their shift, and come back to it."""

    every: Law = Field(description="how long an agent stays with the queue before leaving it; 60 s or more in the mean")
    lasts: Law = Field(description="how long they are away")

    @model_validator(mode="after")
    def _stays_a_while(self) -> OffQueue:
        if self.every.mean() < OFF_QUEUE_LEAST_S:
            raise ValueError(f"every with a mean of {OFF_QUEUE_LEAST_S} s or more")
        return self


class Agent(Strict):
    """One of a team's agents by name: how fast and how good."""

    name: Name = Field(description="how the log calls them, after the team")
    speed: Annotated[float, Field(ge=0.1, le=10)] = Field(1.0, description="1.25: takes a fifth less time than the law")
    resolves: Share | None = Field(
        None, description="share of last answers that settle the matter; left out: the team's"
    )


class Slower(Strict):
    """Talks that take longer after a long wait."""

    per_minute: Annotated[float, Field(gt=0, le=10)] = Field(description="so much longer (0.02: 2 %) per minute waited")
    most: Annotated[float, Field(gt=0, le=10)] = Field(0.5, description="and no longer than this")


def _share_of(told: float | dict[str, float], intent: str) -> float:
    """Return the share of an intent; 1 where shares by intent do not tell of it."""
    return told.get(intent, told.get("default", 1.0)) if isinstance(told, dict) else told


class Turns(Strict):
    """A conversation in writing: answers and replies in turn; the agent writes to others while a customer replies."""

    count: Annotated[int, Field(ge=2, le=100)] = Field(
        description="answers in a conversation; each takes that part of a time drawn from `service`"
    )
    reply: Law = Field(description="how long the customer takes for the reply to each answer but the last")


class Team(Strict):
    """People (or pages) who answer: which contacts they can take, how many are there, how long they take."""

    channels: list[Channel] = Field(min_length=1, description="the channels it answers")
    skills: list[Name] | None = Field(None, description="intents it can take; all where left out")
    ranks: dict[Name, Annotated[int, Field(ge=1, le=RANKS_MOST)]] = Field(
        default_factory=dict,
        description="how well an intent suits the team, 1 the best, and 1 where left out: an agent takes the lowest "
        "rank that waits, and a customer goes to the free team that ranks the intent lowest",
    )
    asked: dict[Name, Annotated[int, Field(ge=1, le=RANKS_MOST)]] = Field(
        default_factory=dict,
        description="where customers would rather have it otherwise: how early the team is asked for an intent, 1 the "
        "first; its rank where left out",
    )
    takes_after_s: dict[Name, Annotated[float, Field(gt=0, le=LONGEST_WAIT_S)]] = Field(
        default_factory=dict, description="intents it helps out with only once they have waited so long (overflow)"
    )
    keeps_idle: dict[Name, Annotated[int, Field(ge=1, le=AGENTS_MOST)]] = Field(
        default_factory=dict,
        description="intents it takes only while more than so many of its agents are idle: these are kept for others",
    )
    concurrency: Annotated[int, Field(ge=1, le=CONCURRENCY_MOST)] = Field(
        1, description="contacts an agent has at once; a new one goes to the agent who has fewest"
    )
    speeds: Literal["full", "shared"] | Annotated[list[Speed], Field(min_length=1, max_length=CONCURRENCY_MOST)] = (
        Field(
            "full",
            description="how fast each conversation goes while an agent has 1, 2, 3 … at once: a list of shares "
            "of full speed; full: always 1; shared: an equal part of the agent's time (processor sharing)",
        )
    )
    turns: dict[Channel, Turns] = Field(
        default_factory=dict,
        description="with concurrency: channels on which an agent answers turn by turn, one customer at a time, in the "
        "order in which they wait for an answer",
    )
    points: dict[Channel, Annotated[int, Field(ge=1, le=CONCURRENCY_MOST)]] = Field(
        default_factory=dict, description="how much of `concurrency` a contact of a channel takes; 1 where left out"
    )
    interruptible: list[Channel | Literal["work"]] = Field(
        default_factory=list,
        description="channels, or `work` (orders of promises), whose contacts an agent lays aside for one of another "
        "channel that nobody idle can take, and goes on with afterwards",
    )
    self_service: bool = Field(False, description="true for pages that answer any number at once, without agents")
    contained: Share | dict[str, Share] | None = Field(
        None,
        description="self-service only: share of visits that find their answer: of all, or by intent (or `default`)",
    )
    agents: Annotated[dict[Clock, Annotated[int, Field(ge=0, le=AGENTS_MOST)]], Field(min_length=1)] | None = Field(
        None, description="agents rostered from each time of day on; before the first time, none"
    )
    agents_on: dict[
        DayKind, Annotated[dict[Clock, Annotated[int, Field(ge=0, le=AGENTS_MOST)]], Field(min_length=1)]
    ] = Field(
        default_factory=dict,
        description="beside agents: another roster by weekday; on a `holiday` nobody is there where left out",
    )
    agents_csv: FileName | None = Field(
        None, description="table (CSV or Excel) with columns from_s and agents, scenario seconds, beside this file"
    )
    shifts: Annotated[list[Shift], Field(min_length=1, max_length=200)] | None = Field(
        None, description="the same told by who comes and goes together, with breaks; shifts add up"
    )
    at_shift_end: Literal["finishes", "hands_over", "briefs", "stays"] = Field(
        "finishes",
        description="what an agent does whose shift ends: finishes: the contact at hand; hands_over: passes it to the "
        "team's queue, to be told again; briefs: the same, and a colleague goes on where it was left; stays: until "
        "nobody waits whom they can take",
    )
    shrinkage: Annotated[float, Field(ge=0, le=0.95)] = Field(
        0.0, description="probability that a rostered seat is empty"
    )
    shrinkage_block_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(
        30, description="how long an empty seat stays so"
    )
    sick: Annotated[float, Field(ge=0, le=0.95)] = Field(
        0.0, description="probability that a rostered seat is empty for the whole day"
    )
    late: Late | None = Field(None, description="agents who come late")
    off_queue: OffQueue | None = Field(None, description="agents who leave the queue at random within their shift")
    service: dict[str, Law] = Field(description="time with the customer, by intent, or `default`")
    service_from: dict[Clock, ByIntent] = Field(
        default_factory=dict,
        description="other laws for talks that begin from a time of day on, by intent; what is not told stays",
    )
    hold: LawOrLaws | None = Field(
        None, description="time on hold within a talk, added to it: one law, or by intent (or `default`)"
    )
    wrap: LawOrLaws | None = Field(
        None, description="the agent's work after the customer has left: one law, or by intent (or `default`)"
    )
    named: list[Agent] = Field(
        default_factory=list,
        max_length=AGENTS_MOST,
        description="the first of its agents by name",
    )
    fatigue: Annotated[float, Field(ge=0, le=5)] = Field(
        0.0,
        description="how much longer (0.2: 20 %) a talk takes of an agent who has not been idle since coming",
    )
    slower_after_wait: Slower | None = Field(None, description="talks that take longer after a long wait")
    resolves: Share | dict[str, Share] = Field(
        1.0, description="share of its last answers that settle the matter: of all, or by intent (or `default`)"
    )
    conduct: Conduct | None = Field(
        None, description="how its people treat those they answer; left out: nothing of it happens"
    )

    @model_validator(mode="after")
    def _agents_once(self) -> Team:
        given = sum(told is not None for told in (self.agents, self.agents_csv, self.shifts))
        if self.self_service and given:
            raise ValueError("no agents in a self-service team")
        if not self.self_service and given != 1:
            raise ValueError("one of agents, agents_csv and shifts")
        if self.contained is not None and not self.self_service:
            raise ValueError("contained only in a self-service team")
        if self.self_service and (self.wrap is not None or self.shrinkage or self.ranks or self.asked):
            raise ValueError("no wrap, shrinkage, ranks or asked in a self-service team")
        if self.self_service and (self.takes_after_s or self.keeps_idle):
            raise ValueError("no takes_after_s or keeps_idle in a self-service team")
        if self.self_service and (self.concurrency > 1 or self.points or self.speeds != "full"):
            raise ValueError("no concurrency, speeds or points in a self-service team: it has any number at once")
        if isinstance(self.speeds, list) and len(self.speeds) != self.concurrency:
            raise ValueError(f"as many speeds as concurrency ({self.concurrency})")
        if self.interruptible and (self.self_service or self.concurrency > 1):
            raise ValueError("interruptible only where agents have one contact at a time: concurrency 1")
        if self.turns and (self.self_service or self.concurrency == 1 or self.speeds != "full"):
            raise ValueError("turns only with a concurrency of 2 or more, and speeds left out: how fast comes of them")
        if self.turns and self.at_shift_end in ("hands_over", "briefs"):
            raise ValueError("at_shift_end finishes or stays where there are turns")
        if any(points > self.concurrency for points in self.points.values()):
            raise ValueError(f"points of at most concurrency ({self.concurrency})")
        if self.self_service and self.resolves != 1.0:
            raise ValueError("contained instead of resolves in a self-service team")
        if self.self_service and (self.hold or self.named or self.fatigue or self.slower_after_wait):
            raise ValueError("no hold, named, fatigue or slower_after_wait in a self-service team")
        if self.self_service and self.conduct is not None:
            raise ValueError("no conduct in a self-service team")
        if self.self_service and (self.sick or self.late or self.off_queue):
            raise ValueError("no sick, late or off_queue in a self-service team")
        if self.self_service and self.at_shift_end != "finishes":
            raise ValueError("no at_shift_end in a self-service team")
        if len({agent.name for agent in self.named}) < len(self.named):
            raise ValueError("each name of `named` once")
        return self

    def service_law(self, intent: str, of_day_s: float = 0) -> AnyLaw | None:
        """Return how long a talk about an intent takes that begins at a time of day; None where the team takes none."""
        told = dict(self.service)
        for at, laws in sorted(self.service_from.items(), key=lambda change: clock_s(change[0])):
            if clock_s(at) <= of_day_s:
                told.update(laws)
        return law_for(told, intent)

    def wrap_law(self, intent: str) -> AnyLaw | None:
        """Return how long the work after a talk about an intent takes; None where there is none."""
        return law_for(self.wrap, intent)

    def hold_law(self, intent: str) -> AnyLaw | None:
        """Return how long one who talks about an intent is on hold; None where nobody is."""
        return law_for(self.hold, intent)

    def seat_name(self, seat: int) -> str:
        """Return how the log calls a seat, counted from 0."""
        return self.named[seat].name if seat < len(self.named) else f"{seat + 1:02d}"

    def speed(self, load: int) -> float:
        """Return how fast each conversation goes while an agent has so many points in use, from 1."""
        if isinstance(self.speeds, list):
            return self.speeds[load - 1]
        return 1.0 / load if self.speeds == "shared" else 1.0

    def rate(self) -> int:
        """Return how many contacts an agent who has as many as possible works off at full speed, in thousandths."""
        return 1000 if self.turns else round(1000 * self.concurrency * self.speed(self.concurrency))

    def turns_of(self, channel: Channel) -> int:
        """Return in how many turns a contact of a channel is answered."""
        return self.turns[channel].count if channel in self.turns else 1

    def lays_aside_for(self, channel: Channel) -> bool:
        """Say whether its agents lay other work aside for a contact of a channel."""
        return bool(self.interruptible) and channel not in self.interruptible

    def points_of(self, channel: Channel) -> int:
        """Return how much of an agent a contact of a channel takes."""
        return self.points.get(channel, 1)

    def takes(self, channel: Channel, intent: str) -> bool:
        """Say whether the team answers such a contact when it first comes."""
        return channel in self.channels and (self.skills is None or intent in self.skills)

    def resolved_share(self, intent: str) -> float:
        """Return which share of its answers settles an intent."""
        return _share_of(self.resolves, intent)

    def contained_share(self, intent: str) -> float:
        """Return which share of visits about an intent find their answer on a page."""
        return 1.0 if self.contained is None else _share_of(self.contained, intent)

    def rank(self, intent: str) -> int:
        """Return how well an intent suits the team: 1 is the best."""
        return self.ranks.get(intent, 1)

    def asked_as(self, intent: str) -> int:
        """Return how early customers of an intent ask for the team: 1 is the first."""
        return self.asked.get(intent, self.rank(intent))


class Promotion(Strict):
    """A priority that grows with the wait."""

    after_s: Annotated[float, Field(gt=0, le=LONGEST_WAIT_S)] = Field(description="once they have waited so long")
    priority: Annotated[int, Field(ge=0, le=PRIORITIES_MOST)] = Field(description="their priority from then on")


class Priority(Strict):
    """Contacts that are served before others."""

    priority: Annotated[int, Field(ge=0, le=PRIORITIES_MOST)] = Field(
        description="the higher is served first, and all without one are 0; no talk is interrupted for it"
    )
    channels: list[Channel] | None = Field(None, description="only these; all where left out")
    intents: list[Name] | None = Field(None, description="only these; all where left out")
    weight: Annotated[float, Field(ge=0.001, le=WEIGHT_MOST)] = Field(
        1.0, description="of equal priority and rank the longest wait times this weight is served first"
    )
    promoted: Promotion | None = Field(None, description="a higher priority for those who have waited long")

    def concerns(self, channel: Channel, intent: str) -> bool:
        """Say whether the rule speaks of such a contact."""
        return (self.channels is None or channel in self.channels) and (self.intents is None or intent in self.intents)


ORDINARY = Priority(priority=0, channels=None, intents=None, weight=1.0, promoted=None)
"""What holds for contacts that no rule concerns."""


class Retry(Strict):
    """What those who gave up do: with `probability` they come back after a drawn delay, as a new attempt."""

    probability: Share = Field(description="share of those who gave up who try again")
    probability_blocked: Share = Field(0.0, description="share of those who got a busy signal who try again")
    probability_cut_off: Share = Field(0.0, description="share of those whom a transfer cut off who try again")
    probability_cleared: Share = Field(0.0, description="share of those sent away at closing time who try again")
    probability_unresolved: Share = Field(0.0, description="share of those answered in vain who try again")
    after: Law = Field(description="how long they wait before they do")
    after_unresolved: Law | None = Field(
        None, description="how long those answered in vain wait; as the others where left out"
    )
    attempts_most: Annotated[int, Field(ge=1, le=100)] = Field(5, description="no customer tries more often")
    patience: Literal["fresh", "kept"] = Field(
        "fresh", description="fresh: each attempt draws its own patience; kept: it has that of the one before"
    )
    patience_factor: Annotated[float, Field(ge=0, le=10)] = Field(
        1.0, description="multiplies the patience of each next attempt: below 1 they come back less patient"
    )
    to: dict[Channel, Share] = Field(
        default_factory=dict,
        description="share of those who try again who do so on another channel; the others stay on this one",
    )

    def probability_after(self, outcome: str) -> float:
        """Return the share that tries again after an attempt that ended so, one of CAUSES."""
        return {
            "abandoned": self.probability,
            "blocked": self.probability_blocked,
            "cut_off": self.probability_cut_off,
            "cleared_at_close": self.probability_cleared,
            "unresolved": self.probability_unresolved,
        }[outcome]

    def delay_after(self, outcome: str) -> Law:
        """Return the law of the delay after an attempt that ended so."""
        return (self.after_unresolved or self.after) if outcome == "unresolved" else self.after


class CallsBack(Strict):
    """A call by the agent's team to a customer whom its transfer has cut off, without being asked."""

    share: Share = Field(description="share of those cut off who are called")
    after: Law = Field(description="how long after the line was cut the call is due")
    reached: Share = Field(1.0, description="share of those called who answer")
    takes_s: Annotated[float, Field(ge=0, le=LONGEST_WAIT_S)] = Field(
        30.0, description="agent's time for a call that nobody answers"
    )


class Transfer(Strict):
    """A first answer that passes the customer on, with `probability`, when the first agent has done their part.

    A self-service team (a menu, a bot, a page) passes on those who did not find their answer there.
    """

    from_team: Name = Field(alias="from", description="the team that answers first")
    to_team: Name = Field(
        alias="to", description="the team that gets the customer; anyone: whoever would take them if they just came"
    )
    probability: Share = Field(description="share of the answered that are passed on")
    after_s: Annotated[float, Field(gt=0, le=86_400)] | None = Field(
        None,
        description="a clock: talks that have lasted so long end then and are passed on, those that end sooner are not",
    )
    intents: list[Name] | None = Field(None, description="only these; all where left out")
    history_carried: bool = Field(False, description="whether the second agent knows the story")
    retelling: Law | None = Field(
        None, description="how much longer the second talk takes where the story must be told again"
    )
    patience: Law | None = Field(
        None, description="how long the customer waits for the second answer; left out: until it comes"
    )
    if_busy: Literal["waits", "ends"] = Field(
        "waits", description="ends: where nobody is free at once the contact is cut off"
    )
    cut_off: Share = Field(0.0, description="share of these transfers that cut the customer off")
    calls_back: CallsBack | None = Field(
        None, description="the first team calls those whom `cut_off` has cut off; left out: it is for them to try again"
    )
    escalates: bool = Field(False, description="whether it is an escalation, to a tier above: so the log calls it")
    hand_over: Law | None = Field(
        None,
        description="a warm transfer: the first agent waits with the customer, then tells the story for so long",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Transfer:
        if self.if_busy == "ends" and self.patience is not None:
            raise ValueError("no patience where if_busy is ends: nobody waits")
        if self.history_carried and self.retelling is not None:
            raise ValueError("no retelling where history_carried is true")
        if self.calls_back is not None and not self.cut_off:
            raise ValueError("calls_back only with cut_off: nobody else is called")
        return self


class Conference(Strict):
    """An agent who asks a colleague of another team in before letting the customer go; only if one is free."""

    from_team: Name = Field(alias="from", description="the team whose agents ask")
    with_team: Name = Field(alias="with", description="the team of the colleague")
    probability: Share = Field(description="share of talks in which one is asked")
    intents: list[Name] | None = Field(None, description="only these; all where left out")
    time: Law = Field(description="how long the three talk; the colleague has no work after it")


class Chase(Strict):
    """Customers who come back where a promise has not been kept."""

    probability: Share = Field(description="share of those whose promise is not kept who ask for it")
    after: Law = Field(description="how long after it was due")
    to: dict[Channel, Share] = Field(
        default_factory=dict, description="share of them who do so on another channel; the others stay on this one"
    )
    patience_factor: Annotated[float, Field(ge=0, le=10)] = Field(
        1.0, description="multiplies their patience: below 1 they are less patient than when they first asked"
    )
    attempts_most: Annotated[int, Field(ge=1, le=100)] = Field(5, description="no customer tries more often")


class Promise(Strict):
    """A last answer that promises something: by luck, or by a work order that a team works off."""

    team: Name = Field(description="the team whose answers promise")
    intents: list[Name] | None = Field(None, description="only these; all where left out")
    probability: Share = Field(description="share of its last answers that do")
    due: Law = Field(description="until when it is promised, counted from the answer")
    kept: Share | None = Field(None, description="share of the promises that are kept when they are due")
    late: Share = Field(0.0, description="share that is kept late; the rest is forgotten")
    late_by: Law | None = Field(None, description="how late")
    by: Name | None = Field(None, description="instead of kept: the team whose queue the work order joins")
    fails: Share = Field(0.0, description="with by: share of the work orders that fail, as at a wrong door")
    chase: Chase | None = Field(None, description="what customers do whose promise is not kept")

    @model_validator(mode="after")
    def _one_way(self) -> Promise:
        if (self.kept is None) == (self.by is None):
            raise ValueError("either kept or by")
        if self.by is not None and (self.late or self.late_by):
            raise ValueError("no late or late_by with by: how late it is comes of the team's work")
        if self.by is None and self.fails:
            raise ValueError("fails only with by")
        if (self.late > 0) != (self.late_by is not None):
            raise ValueError("late and late_by together")
        if self.kept is not None and self.kept + self.late > 1 + 1e-9:
            raise ValueError("kept and late that add up to at most 1")
        return self


class Routing(Strict):
    """What decides where priorities, ranks and waits leave a choice."""

    among_equals: Literal["first", "longest_idle", "random"] = Field(
        "first",
        description="which of several teams of the same rank a customer gets: the one told first, the one whose agent "
        "has been idle longest, or any free agent alike",
    )


class Shoppers(Strict):
    """How many of a channel's customers are ours: a count or a share."""

    count: Annotated[int, Field(ge=0)] | None = Field(None, description="so many of the channel's customers")
    share: Share | None = Field(None, description="this share of the channel's customers")

    @model_validator(mode="after")
    def _one(self) -> Shoppers:
        if (self.count is None) == (self.share is None):
            raise ValueError("either count or share")
        return self


class Goal(Strict):
    """A figure the scenario wants reached."""

    metric: str = Field(description="which figure, by the name of its definition")
    channel: Channel | None = Field(None, description="only this channel; all where left out")
    team: Name | None = Field(None, description="only contacts that this team answered first")
    within_s: Annotated[float, Field(gt=0)] | None = Field(
        None, description="the T of a service level or of an excess, in seconds"
    )
    at_least: float | None = Field(None, description="reached from here up")
    at_most: float | None = Field(None, description="reached up to here")
    on_days: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None,
        description="0.9: reached on 9 days of 10, each day judged by the contacts that came on it; left out: the mean "
        "over replications is judged",
    )

    @model_validator(mode="after")
    def _one_bound(self) -> Goal:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("either at_least or at_most")
        if self.on_days is not None and self.metric not in METRIC_NAMES:
            raise ValueError("on_days only with a metric of contacts: others are not told by day")
        return self


class Gate(Strict):
    """A metric that decides a comparison, with the difference that would still count as agreement."""

    metric: str = Field(description="which figure, by the name of its definition")
    channel: Channel = Field(description="the channel it is measured on")
    team: Name | None = Field(None, description="only contacts that this team answered first")
    within_s: Annotated[float, Field(gt=0)] | None = Field(
        None, description="the T of a service level or of an excess, in seconds"
    )
    tolerance_relative: Annotated[float, Field(gt=0, le=10)] | None = Field(
        None, description="share of the simulated value"
    )
    tolerance_absolute: Annotated[float, Field(gt=0)] | None = Field(None, description="in the metric's unit")

    @model_validator(mode="after")
    def _one_tolerance(self) -> Gate:
        if (self.tolerance_relative is None) == (self.tolerance_absolute is None):
            raise ValueError("either tolerance_relative or tolerance_absolute")
        return self


class Scenario(Strict):
    """One support operation as it is believed to be."""

    scenario: Name = Field(description="the scenario's name, a situation, in lower case with underscores")
    title: str = Field(description="one line a leader understands")
    time_zone: TimeZone = Field(description="IANA time zone of the operation")
    starts: Annotated[str, AfterValidator(_date)] = Field(description="the first day, 'YYYY-MM-DD'")
    days: Annotated[int, Field(ge=1, le=DAYS_MOST)] = Field(1, description="how many days it covers")
    holidays: list[Annotated[str, AfterValidator(_date)]] = Field(
        default_factory=list,
        max_length=1000,
        description="dates, 'YYYY-MM-DD', on which channels are closed and nobody is expected or rostered, but as told "
        "for `holiday`",
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(
        1, description="the luck of its runs unless another is asked for"
    )
    language: Language = Field("en", description="the customers' language, where demand does not say otherwise")
    channels: dict[Channel, ChannelHours] = Field(min_length=1, description="the channels customers can use")
    intents: dict[Name, str] = Field(min_length=1, description="what customers want: name and one line")
    demand: list[Demand] = Field(default_factory=list, description="how many contacts are expected, when and where")
    busyness: Busyness | None = Field(None, description="how much days differ for all demand together")
    forecast: Forecast | None = Field(
        None, description="what multiplies all volumes of demand by date, and how wrong they may be"
    )
    replay: Replay | None = Field(None, description="recorded contacts played again, beside or instead of demand")
    profiles: dict[Name, Profile] = Field(
        default_factory=dict, description="loads that can be played instead of the days as they are (--profile NAME)"
    )
    thresholds: list[Threshold] = Field(
        default_factory=list, max_length=200, description="what must hold of a load test, per stage, channel and step"
    )
    teams: dict[Name, Team] = Field(min_length=1, description="who answers")
    patience: dict[Channel, LawOrLaws] = Field(
        default_factory=dict,
        description="how long customers wait on a channel before they give up, one law or laws by intent (or "
        "`default`); where left out they never do",
    )
    retry: dict[Channel, Retry] = Field(default_factory=dict, description="what those who gave up do then")
    priorities: list[Priority] = Field(
        default_factory=list,
        max_length=100,
        description="who is served before whom; of several rules for a contact the first counts",
    )
    routing: Routing = Field(default_factory=lambda: Routing(among_equals="first"), description="ties between agents")
    transfers: list[Transfer] = Field(default_factory=list, description="which answers pass the customer on")
    promises: list[Promise] = Field(default_factory=list, description="which answers promise something")
    conferences: list[Conference] = Field(default_factory=list, description="which answers ask a colleague in")
    shoppers: dict[Channel, Shoppers] = Field(
        default_factory=dict, description="which of the customers are played by us"
    )
    expectations: dict[Channel, Law] = Field(
        default_factory=dict,
        description="what wait customers find right on a channel, drawn once for each; where left out, what is "
        "published of phone, chat and social",
    )
    customers: Population | None = Field(
        None, description="whom the cases are drawn from, and what they are worth; left out: each case is a customer"
    )
    costs: Costs | None = Field(None, description="what serving customers costs")
    churn: ChurnBelief | None = Field(None, description="what makes customers leave, and how many do")
    labour: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="shifts, contracts and rules for rosters: one of ours, or a file beside this scenario"
    )
    remedies: dict[Name, Remedy] = Field(
        default_factory=dict, description="what could be done about losses, tried by `testdrive losses`"
    )
    uncertain: dict[str, Uncertain] = Field(
        default_factory=dict,
        max_length=100,
        description="numbers of this file that are not known well, by key (`teams.front.resolves`, `demand.*.factor`), "
        "weighed by `testdrive sensitivity`",
    )
    goals: list[Goal] = Field(default_factory=list, description="figures to be reached")
    gates: list[Gate] = Field(
        default_factory=list, max_length=GATES_MOST, description="figures that decide a comparison, at most six"
    )

    def rule_of(self, channel: Channel, intent: str) -> Priority:
        """Return the rule of a contact: the first that concerns it, else one of priority 0."""
        return next((rule for rule in self.priorities if rule.concerns(channel, intent)), ORDINARY)

    def priority_of(self, channel: Channel, intent: str) -> int:
        """Return the priority with which a contact begins to wait."""
        return self.rule_of(channel, intent).priority

    def patience_of(self, channel: Channel, intent: str) -> AnyLaw | None:
        """Return how long such customers wait before they give up; None where they never do."""
        return law_for(self.patience.get(channel), intent)

    def who_takes(self, channel: Channel, intent: str) -> tuple[str, ...]:
        """Return the teams that answer such a contact, in the order in which they are asked, as told where alike."""
        able = [name for name, team in self.teams.items() if team.takes(channel, intent)]
        return tuple(sorted(able, key=lambda name: self.teams[name].asked_as(intent)))

    def who_answers(self, channel: Channel, intent: str) -> tuple[str, ...]:
        """Return the teams of people that answer such a contact, in the order in which they are asked."""
        return tuple(name for name in self.who_takes(channel, intent) if not self.teams[name].self_service)

    def kind_of(self, day: int) -> DayKind:
        """Return what kind of day a day is, counted from 0."""
        return kind_of_day(self.starts, self.holidays, day)

    @property
    def local_days(self) -> LocalDays:
        """When its days begin, and when on them its clock changes."""
        return local_days(self.starts, self.time_zone, self.days)

    @property
    def origin(self) -> datetime.datetime:
        """The instant from which scenario seconds count: local midnight of the first day."""
        day = datetime.date.fromisoformat(self.starts)
        return datetime.datetime.combine(day, datetime.time(), tzinfo=ZoneInfo(self.time_zone))
