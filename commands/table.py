"""The table from verb to function, and the arguments of each."""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from commands.asking import whatif
from commands.churning import fit_churn
from commands.comparing import compare, report
from commands.keeping import runs
from commands.losing import losses
from commands.probing import desk, journey, load, shop, target
from commands.recorded import fit, import_
from commands.scoring import score
from commands.simulating import check, plan, simulate, validate
from commands.staffing import staff
from commands.weighing import sensitivity
from commands.whole import run

DAYS_MOST = 700
"""As in a scenario file; `scenarios` is too slow to import for --help. A test compares the two."""


def _count(text: str) -> int:
    """Read a count of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of 1 or more")
    return int(text)


def _luck_count(text: str) -> int:
    """Read a count of 2 or more: with one luck nothing tells chance from effect."""
    if _count(text) < 2:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of 2 or more")
    return int(text)


def _seed_number(text: str) -> int:
    """Read a seed."""
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to {2**32 - 1}")
    return int(text)


def _days(text: str) -> int:
    """Read how many days to cover."""
    if _count(text) > DAYS_MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is more than {DAYS_MOST}")
    return int(text)


def _warm_up(text: str) -> str | float:
    """Read a warm-up."""
    if text == "auto":
        return text
    try:
        hours = float(text)
    except ValueError:
        hours = math.nan
    if not 0 <= hours < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is neither auto nor a number of hours")
    return hours


def _number(text: str) -> float:
    """Read a number of 0 or more."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 0 or more")
    return number


def _port(text: str) -> int:
    """Read a port; 0 takes a free one."""
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 0 to 65535")
    return int(text)


def _scale(text: str) -> float:
    """Read how much faster than the wall a desk's day runs."""
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if not 1 <= scale <= 10:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 10")
    return scale


@dataclasses.dataclass(frozen=True)
class Verb:
    """A verb of the command line: what it does, an example, and the names of its arguments in `OPTIONS`."""

    run: Callable[[argparse.Namespace], int]
    example: str
    options: str


# fmt: off
VERBS = {
    "run": Verb(run, "testdrive run scenarios/quiet_tuesday.yaml",
        "scenario days volumes seed out json clock-any scale shoppers misconduct phrases truth replications-30 "
        "threads"),
    "check": Verb(check, "testdrive check scenarios/*.yaml",
        "files power days seed json shoppers replications-20 threads"),
    "plan": Verb(plan, "testdrive plan scenarios/quiet_tuesday.yaml --json",
        "scenario days volumes seed out json shoppers"),
    "simulate": Verb(simulate, "testdrive simulate scenarios/broadband_move.yaml --days 1",
        "scenario days volumes seed out json engine replications by metric half-width summary warm-up from-state "
        "threads cluster check-goals shoppers story"),
    "losses": Verb(losses, "testdrive losses scenarios/broadband_move.yaml --days 7; of a log: testdrive losses "
        "scenarios/broadband_move.yaml --of runs/measured",
        "scenario of-run days volumes seed out json replications-10 threads shoppers"),
    "whatif": Verb(whatif, "testdrive whatif scenarios/broadband_move.yaml --days 1 --set teams.front.agents=+2 --set "
        "teams.chat_desk.agents=-2,teams.front.resolves=0.95",
        "scenario set alternatives grid remedies days volumes seed out json replications-most metric-deciding "
        "tolerance threads cluster resume-rows"),
    "sensitivity": Verb(sensitivity, "testdrive sensitivity scenarios/broadband_move.yaml --days 1 --uncertain "
        "'teams.front.agents=*0.95..1.05'",
        "scenario uncertain evaluations replications-lucks metric-weighed days seed out json resume-rows threads "
        "cluster"),
    "staff": Verb(staff, "testdrive staff scenarios/broadband_move.yaml --days 7; the reverse: testdrive staff "
        "scenarios/broadband_move.yaml --days 7 --given runs/a/requirement.csv",
        "scenario interval teams labour objective given days volumes seed out json replications-fresh threads cluster "
        "resume-rows"),
    "validate": Verb(validate, "testdrive validate --only erlang_a_gans shifts",
        "only quick contacts seed json threads scoring"),
    "desk": Verb(desk, "testdrive desk scenarios/quiet_tuesday.yaml --charter-out c.yaml --target-out t.yaml",
        "scenario days seed json clock-real scale capacity port misconduct phrases truth charter-out target-out"),
    "shop": Verb(shop, "testdrive shop scenarios/quiet_tuesday.yaml --target t.yaml --charter c.yaml",
        "what days volumes seed out json target charter clock-real scale-desk shoppers browser trace intent repeats "
        "persona feed wave site only-contact dry-run clean-up resume shift junit csv misconduct phrases truth"),
    "load": Verb(load, "testdrive load scenarios/quiet_tuesday.yaml --target t.yaml --charter c.yaml; how much its "
        "people carry: testdrive load scenarios/quiet_tuesday.yaml --search --search-from 0.5 --clock virtual",
        "what days volumes search search-from search-to search-within seed out json target charter clock-real "
        "scale-desk shoppers dry-run clean-up only-contact browsers resume shift after-abort junit csv prometheus "
        "telemetry misconduct phrases truth"),
    "target": Verb(target, "testdrive target new http://127.0.0.1:8010/tickets/submit/ --charter c.yaml -o t.yaml",
        "new url charter written json"),
    "journey": Verb(journey, "testdrive journey record mine --target t.yaml --charter c.yaml -o mine.yaml",
        "record journey-name target charter written json"),
    "import": Verb(import_, "testdrive import calls.tsv.gz --mapping bank_acd", "log mapping out json"),
    "fit": Verb(fit, "testdrive fit runs/a -o fitted.yaml", "run-folder scenario-out arrivals json"),
    "fit-churn": Verb(fit_churn, "testdrive fit-churn customers.csv --left Churn --terms complaints=Complains",
        "customers left-column after-column after-unit terms columns form curved over churn-model out json"),
    "compare": Verb(compare, "testdrive compare runs/a/simulated runs/a/measured", "two-runs json"),
    "score": Verb(score, "testdrive score runs/a --card conduct",
        "some-runs card published hours sheet blind take rate override as-override dispute settle by-whom note against "
        "judge charter json"),
    "report": Verb(report, "testdrive report runs/a -o page.html", "one-or-two-runs out-file json"),
    "runs": Verb(runs, "testdrive runs --sql 'select channel, count(*) from legs group by 1'",
        "folder sql release hold-back appeal uphold strike by-whom note expire json"),
}


VOLUMES = "profile factor from for replay"
"""At which volumes a scenario is played."""

OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "scenario": ("scenario", {"type": Path, "metavar": "SCENARIO", "help": "a scenario file"}),
    "files": ("files", {"type": Path, "nargs": "+", "metavar": "FILE", "help": "scenarios, journeys, targets …"}),
    "what": ("what", {"nargs": "*", "metavar": "SCENARIO|PROGRAMME|JOURNEY",
        "help": "a scenario, a programme, or journeys by name or file"}),
    "two-runs": ("runs", {"type": Path, "nargs": 2, "metavar": "RUN", "help": "a simulated and a measured run"}),
    "one-or-two-runs": ("runs", {"type": Path, "nargs": "+", "metavar": "RUN", "help": "a run, or two to compare"}),
    "folder": ("folder", {"type": Path, "nargs": "?", "metavar": "DIR", "help": "where to look (default: runs)"}),
    "log": ("log", {"type": Path, "metavar": "LOG", "help": "a call or ticket log, CSV or TSV, also gzipped"}),
    "run-folder": ("run_folder", {"type": Path, "metavar": "RUN", "help": "an imported run"}),
    "of-run": ("--of", {"type": Path, "metavar": "RUN", "help": "what this measured, recorded or simulated run loses, "
        "judged by the scenario's churn, customers and costs: nothing is simulated, no cause is tried"}),
    "days": ("--days", {"type": _days, "metavar": "N", "help": "cover N days instead of the scenario's"}),
    "profile": ("--profile", {"metavar": "NAME", "help": "play a profile of the scenario: a ramp, a spike, a soak"}),
    "factor": ("--factor", {"type": _number, "metavar": "F", "help": "multiply all volumes; a larger one only adds "
        "customers"}),
    "from": ("--from", {"dest": "from_clock", "metavar": "[DAY.]HH:MM", "help": "with --for: play a part of a day only "
        "(days from 0)"}),
    "for": ("--for", {"dest": "for_s", "type": _number, "metavar": "SECONDS", "help": "for how long"}),
    "replay": ("--replay", {"type": Path, "metavar": "RUN|TABLE", "help": "the contacts of a recorded log come, as "
        "they came, instead of those of the scenario: an imported run, or a table contact_id, due_s, channel, intent"}),
    "seed": ("--seed", {"type": _seed_number, "metavar": "N", "help": "seed (default: the scenario's)"}),
    "out": ("-o --out", {"type": Path, "metavar": "DIR", "help": "run folder (default: a new one under runs/)"}),
    "out-file": ("-o --out", {"type": Path, "metavar": "FILE", "help": "the page (default: report.html in the run)"}),
    "scenario-out": ("-o --out", {"dest": "scenario_out", "type": Path, "required": True, "metavar": "SCENARIO",
        "help": "the scenario file to write"}),
    "json": ("--json", {"action": "store_true", "help": "print one JSON document on stdout and nothing else"}),
    "power": ("--power", {"action": "store_true", "help": "simulate, and say what a comparison can see"}),
    "replications": ("--replications", {"type": _count, "metavar": "N",
        "help": "default: 10; with --half-width at most so many, default: 10,000"}),
    "by": ("--by", {"action": "append", "default": [], "metavar": "WHAT",
        "choices": ["intent", "team", "interval", "intent+team", "intent+interval", "team+interval",
            "intent+team+interval"],
        "help": "figures also for each intent, for each team (of those it answered first) or for each half-hour of the "
        "day (interval), or for each combination, such as intent+interval; may be repeated"}),
    "metric": ("--metric", {"action": "append", "default": [], "metavar": "METRIC",
        "help": "also the figure [CHANNEL.|TEAM.]METRIC[/T], such as phone.wait_s_p80 or service_level_offered/20; "
        "without a channel or team, of each; may be repeated"}),
    "half-width": ("--half-width", {"action": "append", "default": [], "metavar": "METRIC=VALUE",
        "help": "stop when the interval of [CHANNEL.|TEAM.]METRIC[/T] is no wider than +-VALUE; may be repeated, and "
        "all hold together. Looks after 10, 20, 40 … replications; keeps figures only"}),
    "summary": ("--summary", {"action": "store_true", "help": "keep the figures only: memory does not grow"}),
    "warm-up": ("--warm-up", {"type": _warm_up, "metavar": "auto|HOURS",
        "help": "leave out contacts of the first hours, as the desk begins empty; auto: as many as MSER-5 says"}),
    "from-state": ("--from-state", {"type": Path, "metavar": "FILE", "help": "begin now: a state file says what time "
        "it is, who is logged in, who waits and who is being served; they count too"}),
    "story": ("--story", {"metavar": "CUSTOMER", "help": "tell what one customer lives through instead, in words; "
        "CUSTOMER@K: in replication K"}),
    "cluster": ("--cluster", {"metavar": "ADDRESS", "help": "play on a Dask cluster, such as tcp://host:8786"}),
    "replications-10": ("--replications", {"type": _count, "default": 10, "metavar": "N",
        "help": "of the scenario, and of it without each thing that could lose customers; default: 10"}),
    "replications-20": ("--replications", {"type": _count, "default": 20, "metavar": "N",
        "help": "with --power; default: 20"}),
    "replications-30": ("--replications", {"type": _count, "default": 30, "metavar": "N", "help": "default: 30"}),
    "replications-most": ("--replications", {"type": _count, "default": 60, "metavar": "N",
        "help": "of each world, at most; it looks after each tenth of them and ends when all is decided. Default: 60"}),
    "replications-fresh": ("--replications", {"type": _count, "metavar": "N",
        "help": "fresh days or weeks on which what was found must hold, at most; default: 100 to 400, the more the "
        "fewer contacts come; with --given 100"}),
    "interval": ("--interval", {"type": _count, "default": 30, "metavar": "MINUTES",
        "help": "how long a number of people lasts; it divides a day. Default: 30"}),
    "teams": ("--teams", {"action": "append", "default": [], "metavar": "TEAM,…",
        "help": "whose people are sought; default: all teams that take what a goal weighs. Others keep their roster"}),
    "labour": ("--labour", {"metavar": "FILE", "help": "labour rules under which people are rostered: a file, one of "
        "ours by its name, or none; default: what the scenario names (labour:), else every seat is bought by itself"}),
    "objective": ("--objective", {"choices": ["cost", "money"], "default": "cost", "help": "cost: the cheapest people "
        "that keep the goals; money: that people, contacts and margin lost with leavers cost least together"}),
    "given": ("--given", {"type": Path, "metavar": "ROSTER", "help": "instead: what these people achieve and how much "
        "volume they carry; a roster, or a table team, agents and from_s, or day and time"}),
    "set": ("--set", {"action": "append", "default": [], "metavar": "PATH=VALUE,…", "help": "an alternative: other "
        "values at keys of the scenario, such as teams.front.agents=+2 or teams.front.resolves=0.9; may be repeated, "
        "each is another alternative"}),
    "alternatives": ("--alternatives", {"action": "append", "type": Path, "default": [], "metavar": "FILE",
        "help": "a file of alternatives: NAME: {says: …, set: {PATH: VALUE}}"}),
    "grid": ("--grid", {"action": "append", "default": [], "metavar": "PATH=VALUE,VALUE,…", "help": "an alternative "
        "for each value; repeated, for each combination"}),
    "remedies": ("--remedies", {"action": "store_true", "help": "the scenario's remedies are alternatives, too"}),
    "metric-deciding": ("--metric", {"action": "append", "default": [], "metavar": "METRIC",
        "help": "decide by [CHANNEL.|TEAM.]METRIC[/T], or customers_lost, instead of the figures of the scenario's "
        "goals; may be repeated"}),
    "tolerance": ("--tolerance", {"action": "append", "default": [], "metavar": "METRIC=VALUE", "help": "a difference "
        "that does not matter yet, in the metric's unit or as 5%% of what it is; may be repeated. Default: the "
        "scenario's gates, else 5%%"}),
    "uncertain": ("--uncertain", {"action": "append", "default": [], "metavar": "PATH=LOW..HIGH", "help": "a number "
        "that is not known, beside the scenario's `uncertain`; *LOW..HIGH is a factor on what is there, {mean: 1, cv: "
        "0.1} or {low: 0, mode: 1, high: 4} stands in quotes; may be repeated"}),
    "evaluations": ("--evaluations", {"type": _count, "metavar": "N", "help": "play at most N times in all, each one "
        "set of inputs over the scenario's days (default: 1400)"}),
    "replications-lucks": ("--replications", {"type": _luck_count, "metavar": "N", "help": "how many lucks each set of "
        "inputs is played on, 2 or more (default: 2)"}),
    "metric-weighed": ("--metric", {"action": "append", "default": [], "metavar": "METRIC", "help": "a figure, such as "
        "phone.wait_s_p80 or customers_lost; may be repeated. Default: the goals' figures, customers lost and costs"}),
    "threads": ("--threads", {"type": _count, "default": min(2, os.cpu_count() or 1), "metavar": "N",
        "help": "replications at once"}),
    "only": ("--only", {"nargs": "+", "default": [], "metavar": "SYSTEM", "help": "only these systems, by id"}),
    "quick": ("--quick", {"action": "store_true", "help": "leave out systems that take millions of contacts"}),
    "contacts": ("--contacts", {"type": _count, "default": 20_000_000, "metavar": "N",
        "help": "contacts played of one system at most, however wide its errors still are (default: 20 million)"}),
    "engine": ("--engine", {"choices": ["compiled", "simpy"], "default": "compiled",
        "help": "compiled: the one to run; simpy: the one to read. They give the same tables"}),
    "check-goals": ("--check-goals", {"action": "store_true", "help": "exit 1 where a goal of the scenario is missed"}),
    "search": ("--search", {"action": "store_true", "help": "play the scenario, a window (--from, --for) or a profile "
        "at one factor after the other: up to which volume does the desk keep the scenario's goals?"}),
    "search-from": ("--search-from", {"type": _number, "metavar": "F", "help": "the lowest factor, tried first; it is "
        "doubled until a goal is missed (default: 1)"}),
    "search-to": ("--search-to", {"type": _number, "metavar": "F", "help": "the highest factor (default: 16)"}),
    "search-within": ("--search-within", {"type": _number, "metavar": "SHARE", "help": "end when the lowest factor "
        "that is not kept lies so little above the highest that is (default: 0.05)"}),
    "shoppers": ("--shoppers", {"type": _count, "metavar": "N", "help": "N shoppers on each channel that has any"}),
    "clock-any": ("--clock", {"choices": ["virtual", "real"], "help": "virtual: the day alone, in seconds; real: "
        "the day in its own time. Default: the virtual day, then a few journeys in a real browser"}),
    "clock-real": ("--clock", {"choices": ["virtual", "real"], "default": "real", "help": "default: real"}),
    "scale": ("--scale", {"type": _scale, "default": 1.0, "metavar": "S", "help": "times as fast, 1 to 10"}),
    "scale-desk": ("--scale", {"type": _scale, "metavar": "S", "help": "the scale the desk must run at"}),
    "capacity": ("--capacity", {"type": _count, "metavar": "N", "help": "the website serves N requests at once, an "
        "open chat being one, and the rest wait in line; mail and telephone are left alone. Default: no limit"}),
    "port": ("--port", {"type": _port, "default": 0, "metavar": "N", "help": "loopback port (default: a free one)"}),
    "misconduct": ("--misconduct", {"type": Path, "metavar": "FILE", "help": "what our desk does other than believed"}),
    "phrases": ("--phrases", {"type": Path, "metavar": "FILE", "help": "what our desk's people say"}),
    "truth": ("--truth", {"type": Path, "metavar": "FILE", "help": "write what our desk really did, as JSON lines"}),
    "charter-out": ("--charter-out", {"type": Path, "metavar": "FILE", "help": "write the charter for this desk"}),
    "target-out": ("--target-out", {"type": Path, "metavar": "FILE", "help": "write the target file of this desk"}),
    "target": ("--target", {"type": Path, "metavar": "FILE", "help": "how to reach the desk"}),
    "charter": ("--charter", {"type": Path, "metavar": "FILE", "help": "what we are allowed to do there"}),
    "browsers": ("--browsers", {"action": "store_true",
        "help": "play the plan's shoppers in browsers, in a process of their own, and everyone else by protocol"}),
    "browser": ("--browser", {"action": "store_true", "help": "play in a real browser"}),
    "intent": ("--intent", {"metavar": "NAME", "help": "with journeys: what the customer wants"}),
    "repeats": ("--repeats", {"type": _count, "metavar": "N", "help": "journeys: N times each"}),
    "persona": ("--persona", {"action": "append", "default": [], "metavar": "NAME",
        "help": "journeys: who plays them, by name or file; in turn where repeated"}),
    "feed": ("--feed", {"type": Path, "metavar": "FILE",
        "help": "journeys: a CSV file whose rows, in turn, fill {data.COLUMN}"}),
    "resume": ("--resume", {"type": Path, "metavar": "RUN", "help": "take up a run that was cut off: no contact is "
        "begun twice, those whose time has passed are unstarted"}),
    "resume-rows": ("--resume", {"type": Path, "metavar": "RUN", "help": "go on with an interrupted run: the rest of "
        "the command as then; nothing is played twice, and every number is as if nothing had been interrupted"}),
    "new": ("what", {"choices": ["new"], "help": "propose a target file from a page"}),
    "url": ("url", {"metavar": "URL", "help": "a page of the desk, such as that of its form or chat"}),
    "record": ("what", {"choices": ["record"], "help": "have a chat, and keep it as a journey"}),
    "journey-name": ("name", {"metavar": "NAME", "help": "what the journey is called"}),
    "written": ("-o --out", {"type": Path, "metavar": "FILE", "help": "the file to write (default: print it)"}),
    "trace": ("--trace", {"action": "store_true", "help": "with --browser: record all that the browser does, and "
        "keep it of contacts that fail"}),
    "wave": ("--wave", {"metavar": "NAME", "help": "programmes: which wave"}),
    "site": ("--site", {"metavar": "NAME", "help": "programmes: at which site"}),
    "only-contact": ("--only", {"metavar": "CONTACT", "help": "this contact alone"}),
    "dry-run": ("--dry-run", {"action": "store_true", "help": "say what would be played, when, by whom, what of the "
        "agents' time it takes and what the charter withholds; play nothing"}),
    "clean-up": ("--clean-up", {"type": Path, "metavar": "RUN",
        "help": "undo on the desk what a run has left there, as the target file says; play nothing"}),
    "some-runs": ("runs", {"type": Path, "nargs": "+", "metavar": "RUN", "help": "runs with messages"}),
    "card": ("--card", {"metavar": "NAME|FILE", "help": "the scorecard: a file, or one of ours (conduct, experience, "
        "critical). Default: conduct"}),
    "published": ("--published", {"type": Path, "metavar": "FILE", "help": "what the company publishes: a YAML file of "
        "facts and answers, held against what was said"}),
    "hours": ("--hours", {"metavar": "HOURS", "help": "the desk's hours, by which promises fall due: 'Mon-Fri "
        "09:00-18:00' (default), 'Sun-Thu 08:00-16:00'"}),
    "sheet": ("--sheet", {"type": Path, "metavar": "FILE", "help": "write the card's questions to a .csv or .xlsx file "
        "for a person to answer"}),
    "blind": ("--blind", {"action": "store_true", "help": "with --sheet: leave out what the machine said"}),
    "take": ("--take", {"type": Path, "metavar": "FILE", "help": "take the answers of a sheet as ratings"}),
    "rate": ("--rate", {"action": "append", "metavar": "CONTACT:CRITERION=ANSWER", "help": "another opinion: yes, no, "
        "na or a number; it changes no score"}),
    "override": ("--override", {"action": "append", "metavar": "CONTACT:CRITERION=ANSWER", "help": "instead of the "
        "machine's"}),
    "as-override": ("--as-override", {"action": "store_true", "help": "with --take: instead of the machine's"}),
    "dispute": ("--dispute", {"action": "append", "metavar": "CONTACT:CRITERION", "help": "say that it is not so"}),
    "settle": ("--settle", {"action": "append", "metavar": "CONTACT:CRITERION=ANSWER", "help": "decide a dispute"}),
    "against": ("--against", {"metavar": "NAME", "help": "compare raters with this one, as with a calibration set"}),
    "judge": ("--judge", {"metavar": "MODEL", "help": "ask the charter's judge endpoint for a model's opinion too: one "
        "more rating, which decides nothing"}),
    "scoring": ("--scoring", {"nargs": "*", "type": Path, "metavar": "FILE", "help": "hold the scoring rules against "
        "labelled replies instead (default: the report part of our own)"}),
    "release": ("--release", {"metavar": "CONTACT|all", "help": "an editor lets a shop of RUN be seen"}),
    "hold-back": ("--hold-back", {"metavar": "CONTACT|all", "help": "an editor does not"}),
    "appeal": ("--appeal", {"metavar": "CONTACT", "help": "the desk objects to a shop that was released"}),
    "uphold": ("--uphold", {"metavar": "CONTACT", "help": "the shop stands, against an appeal"}),
    "strike": ("--strike", {"metavar": "CONTACT", "help": "the shop is taken back, on an appeal"}),
    "by-whom": ("--by", {"dest": "by_whom", "metavar": "NAME", "help": "who says so"}),
    "note": ("--note", {"metavar": "TEXT", "help": "why"}),
    "expire": ("--expire", {"action": "store_true", "help": "delete what charters allow to be kept no longer"}),
    "junit": ("--junit", {"type": Path, "metavar": "FILE", "help": "write JUnit XML too: the contacts of "
        "shoppers, the thresholds of a load test"}),
    "prometheus": ("--prometheus", {"type": Path, "metavar": "FILE", "help": "write figures and thresholds for "
        "Prometheus too"}),
    "telemetry": ("--telemetry", {"action": "store_true", "help": "push figures and thresholds to the charter's "
        "outputs.telemetry, over OTLP/HTTP"}),
    "csv": ("--csv", {"type": Path, "metavar": "FILE", "help": "write the legs as CSV too"}),
    "shift": ("--shift", {"action": "store_true", "help": "with --resume: have what was missed, and all after it, "
        "come later instead"}),
    "after-abort": ("--after-abort", {"action": "store_true", "help": "with --resume: go on with a run that a broken "
        "threshold has ended; it is counted anew, and may end it again"}),
    "mapping": ("--mapping", {"type": Path, "required": True, "metavar": "FILE",
        "help": "what its columns mean: a file, or one of ours (bank_acd, generic_csv)"}),
    "customers": ("table", {"type": Path, "nargs": "?", "metavar": "TABLE", "help": "a row for each customer: CSV, "
        "TSV, Parquet or Excel"}),
    "left-column": ("--left", {"metavar": "COLUMN", "help": "who left: 1 or 0, yes or no; or COLUMN=WORD, where WORD "
        "means that they left"}),
    "after-column": ("--after", {"metavar": "COLUMN", "help": "after how long they left, or were last seen: fits a "
        "hazard"}),
    "after-unit": ("--unit", {"choices": ["day", "week", "month", "year"], "default": "day",
        "help": "of --after; default: day"}),
    "terms": ("--terms", {"action": "append", "default": [], "metavar": "TERM=COLUMN,…", "help": "which columns count "
        "an experience, such as complaints=Complains; columns that are called as terms are taken so"}),
    "columns": ("--columns", {"action": "append", "default": [], "metavar": "COLUMN", "help": "the columns beside the "
        "terms, repeated for each; none: the terms alone. Default: all that describe customers"}),
    "form": ("--form", {"choices": ["logistic", "hazard"], "help": "default: hazard with --after, else logistic"}),
    "curved": ("--curved", {"action": "append", "default": [], "metavar": "COLUMN", "help": "auto (default): columns "
        "bend where this predicts better; none; or a column that bends, repeated for each"}),
    "over": ("--over", {"type": _number, "metavar": "DAYS", "help": "logistic: how many days --left covers; hazard: "
        "by when shares are told"}),
    "churn-model": ("--model", {"metavar": "NAME|FILE", "help": "test this model on the table instead of fitting one; "
        "without a table: describe it (ours: published, published_over_time)"}),
    "arrivals": ("--arrivals", {"choices": ["replayed", "half_hourly"], "default": "replayed",
        "help": "default: replayed"}),
    "sql": ("--sql", {"metavar": "SQL", "help": "a query over the views legs, steps, messages, staffing"}),
}


# fmt: on


def command_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="testdrive", description="Test-drive your own customer journey: believe, simulate, shop, compare.",
        epilog="exit codes: 0 agrees or passed, 1 differs or failed, 2 bad command or file, 3 cannot tell, 4 the "
        "instrument is not fit, 5 refused by the charter, 6 target unreachable, 70 our own fault, 130 interrupted",
    )  # fmt: skip
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for name, verb in VERBS.items():
        words = (verb.run.__doc__ or "").strip()
        under = verbs.add_parser(name, help=words, description=words, epilog=f"example: {verb.example}")
        for option in verb.options.replace("volumes", VOLUMES).split():
            flags, details = OPTIONS[option]
            under.add_argument(*flags.split(), **details)
        under.set_defaults(run=verb.run)
    return parser
