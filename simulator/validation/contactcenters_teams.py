"""Examples of ContactCenters with several teams: skills, specialists, two languages, conferences and transfers.

See `simulator.validation.contactcenters`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.units import DAY_S
from simulator.validation.contactcenters_parts import (
    SOURCE,
    Told,
    blocked,
    came,
    days_of,
    ended_as,
    gave_up,
    hourly,
    mean_number,
    only,
    served,
    served_within,
    team_of,
)
from simulator.validation.measures import (
    Counted,
    Measure,
    Seen,
    Sums,
    busy_of_present,
    busy_share,
    contact_mean,
    counted,
    customers_mean,
)
from simulator.validation.telling import HOUR_S, STRAYS_MOST, System, about, named, simulated

_PERIODS = ("early", "midday", "late")
_SKILL_CALLS = {"zero": (4.2, 5.3, 3.2), "one": (5.1, 4.3, 4.8), "two": (6.3, 5.2, 4.8)}
"""A minute, by type of contact and period of two hours."""
_SKILL_ROSTERS = {"first": (12, 18, 9), "second": (15, 20, 11)}


def _skilled(name: str, model: str, overflow: bool, figures: Mapping[str, tuple[str, str, str]]) -> System:
    """Three types of contacts, two teams, three periods of two hours in which contacts have laws of their own.

    Service and patience are those of the period in which one comes, so each type and period is an intent of its own.
    With overflow the second team takes type one only after 12 s. The program then prefers, of those who wait, the last
    type of each list that is not empty, not whoever has waited longest: ranks say so.
    """
    source = SOURCE.format(name, "days")
    intents = [f"{kind}_{period}" for kind in _SKILL_CALLS for period in _PERIODS]
    serves = {"first": ("zero", "one"), "second": ("one", "two")}
    means = dict(zip(_PERIODS, (120.0, 100.0, 150.0), strict=True))
    patience = dict(zip(_PERIODS, (200.0, 150.0, 300.0), strict=True))
    demand, teams = [], {}
    for kind, rates in _SKILL_CALLS.items():
        for number, period in enumerate(_PERIODS):
            demand.append(hourly(f"{2 * number:02d}:00", [120 * rates[number]], f"{kind}_{period}", 120))
    for team, roster in _SKILL_ROSTERS.items():
        able = [intent for intent in intents if intent.split("_")[0] in serves[team]]
        clock = {f"{2 * number:02d}:00": count for number, count in enumerate(roster)}
        teams[team] = team_of(clock, {intent: about(means[intent.split("_")[1]]) for intent in able}, skills=able)
        if overflow:
            preferred = "zero" if team == "first" else "one"
            teams[team]["ranks"] = {intent: 1 if intent.startswith(preferred) else 2 for intent in able}
    if overflow:
        teams["second"]["takes_after_s"] = {f"one_{period}": 12 for period in _PERIODS}
    scenario = {
        **days_of(("00:00", "24:00"), 1),
        "intents": dict.fromkeys(intents, "A question"),
        "busyness": {"cv": 28.7**-0.5},
        "demand": demand,
        "teams": teams,
        "patience": {"phone": {intent: about(patience[intent.split("_")[1]]) for intent in intents}},
    }
    steps = [(2 * number * HOUR_S, count) for number, count in enumerate(_SKILL_ROSTERS["first"])]
    level = contact_mean("service_level_offered_less_quick", 20)
    present = busy_of_present("first", steps, to_the_last=True)
    rows = [
        mean_number("served", counted(served), *figures["served"], source),
        mean_number("gave_up", counted(gave_up), *figures["gave_up"], source),
        simulated("service_level_offered_less_quick_20s", level, *figures["level"], source),
        simulated("occupancy (first)", present, *figures["occupancy"], source),
    ]
    for intent in intents:
        quick = counted(only(intent, served_within(20)))
        rows.append(mean_number(named("served_within_20s", intent), quick, *figures[intent], source))
    return System(model, scenario, (0.0, DAY_S), tuple(rows))


def by_period() -> System:
    """Return SimpleMSK."""
    figures = {
        "served": ("4297.305", "4270.150", "4324.460"), "gave_up": ("910.335", "876.133", "944.537"),
        "level": ("0.501", "0.494", "0.509"), "occupancy": ("0.881", "0.877", "0.884"),
        "zero_early": ("170.154", "164.338", "175.970"), "zero_midday": ("599.334", "594.159", "604.509"),
        "zero_late": ("15.490", "13.782", "17.198"), "one_early": ("262.936", "254.597", "271.275"),
        "one_midday": ("511.648", "506.276", "517.020"), "one_late": ("34.697", "31.270", "38.124"),
        "two_early": ("259.806", "250.178", "269.434"), "two_midday": ("613.732", "607.586", "619.878"),
        "two_late": ("24.888", "22.137", "27.639"),
    }  # fmt: skip
    return _skilled("SimpleMSK", "skills, laws by period, busy and quiet days", False, figures)


def rerouted() -> System:
    """Return SimpleMSKWithRerouting."""
    figures = {
        "served": ("4274.426", "4247.504", "4301.348"), "gave_up": ("933.214", "898.830", "967.598"),
        "level": ("0.579", "0.572", "0.587"), "occupancy": ("0.884", "0.880", "0.887"),
        "zero_early": ("298.745", "296.876", "300.614"), "zero_midday": ("595.270", "590.151", "600.389"),
        "zero_late": ("106.823", "104.992", "108.654"), "one_early": ("383.203", "380.066", "386.340"),
        "one_midday": ("504.090", "498.975", "509.205"), "one_late": ("121.441", "117.638", "125.244"),
        "two_early": ("239.008", "229.176", "248.840"), "two_midday": ("611.550", "605.491", "617.609"),
        "two_late": ("22.298", "19.669", "24.927"),
    }  # fmt: skip
    return _skilled("SimpleMSKWithRerouting", "skills with overflow after 12 s and ranks", True, figures)


def bank() -> System:
    """Specialists of two kinds, who are faster with their own; who asks for a balance gets any free agent alike."""
    source = SOURCE.format("Bank", "weeks")
    first, later = {"savings": 4, "checking": 40, "balance": 100}, {"savings": 2, "checking": 20, "balance": 50}
    agents = {"savings_team": 3, "checking_team": 4}
    own = {"savings_team": "savings", "checking_team": "checking"}
    service = {"savings": 300.0, "checking": 300.0, "balance": 60.0}

    def patience(low_s: float, high_s: float) -> Told:
        return {"law": "uniform", "low_s": low_s, "high_s": high_s}

    scenario = {
        **days_of(("08:00", "17:00"), 5, lines=15, at_close="cleared"),
        "intents": dict.fromkeys(service, "A question"),
        "demand": [hourly("08:00", [first[intent], *[later[intent]] * 8], intent) for intent in service],
        "teams": {
            team: team_of(
                {"08:00": count, "17:00": 0},
                {intent: about(mean_s * (0.75 if intent == own[team] else 1)) for intent, mean_s in service.items()},
                ranks={intent: 1 if intent == own[team] else 2 for intent in service},
            )
            for team, count in agents.items()
        },
        "routing": {"among_equals": "random"},
        "patience": {"phone": {"default": patience(180, 300), "balance": patience(150, 210)}},
    }
    level = contact_mean("service_level_offered", 30, "balance")
    figures = {
        ("savings_team", None): ("25.353", "25.281", "25.425"),
        ("checking_team", None): ("43.093", "43.014", "43.172"),
        ("savings_team", "savings"): ("4.386", "4.347", "4.425"),
        ("savings_team", "checking"): ("5.040", "4.986", "5.094"),
        ("savings_team", "balance"): ("15.927", "15.888", "15.966"),
        ("checking_team", "savings"): ("0.200", "0.191", "0.208"),
        ("checking_team", "checking"): ("31.783", "31.702", "31.863"),
        ("checking_team", "balance"): ("11.111", "11.083", "11.138"),
    }

    def waits(contacts: pd.DataFrame) -> npt.NDArray[Any]:
        return np.asarray(contacts["wait_s"].where(contacts["answered"], 0.0))

    def wait_over_came(intent: str) -> Measure:
        return lambda seen: (counted(only(intent, waits))(seen)[0], counted(only(intent, came))(seen)[0])

    talk = {i: contact_mean("talk_s_mean", None, i) for i in service}
    all_week = 7 / 5  # theirs is over seven days, of which two are empty
    rows = [
        simulated("customers_mean", customers_mean, "0.680", "0.679", "0.682", source, all_week),
        mean_number("blocked (checking)", counted(only("checking", blocked)), "0.756", "0.683", "0.829", source),
        mean_number("blocked (balance)", counted(only("balance", blocked)), "1.826", "1.687", "1.965", source),
        mean_number("gave_up (checking)", counted(only("checking", gave_up)), "0.161", "0.130", "0.192", source),
        mean_number("gave_up (balance)", counted(only("balance", gave_up)), "5.357", "5.038", "5.676", source),
        simulated("service_level_offered_30s (balance)", level, "97.301", "97.237", "97.365", source, 0.01),
        simulated(
            "wait_over_came_s_mean (checking)", wait_over_came("checking"), "0.028", "0.027", "0.029", source, 60
        ),
        simulated("wait_over_came_s_mean (balance)", wait_over_came("balance"), "0.036", "0.035", "0.037", source, 60),
        simulated("talk_s_mean (savings)", talk["savings"], "3.781", "3.758", "3.805", source, 60),
        simulated("talk_s_mean (checking)", talk["checking"], "3.852", "3.844", "3.860", source, 60),
    ]
    for (team, intent), (mean, low, high) in figures.items():
        steps = [(day * DAY_S + hour * HOUR_S, agents[team] * (hour == 8)) for day in range(5) for hour in (8, 17)]
        measure = busy_of_present(team, steps, intent)
        part = team if intent is None else f"{team}, {intent}"
        row = simulated(named("occupancy", part), measure, mean, low, high, source, 0.01)
        rows.append(dataclasses.replace(row, tolerance=max(0.01 * row.value, STRAYS_MOST * row.strays + 2 * row.error)))
    return System("specialists are faster, chance among equals", scenario, (0.0, 5 * DAY_S), tuple(rows))


def two_languages() -> System:
    """Agents of one language and of both, chosen by chance; three of four who give up call again after 20 minutes.

    They are as patient as before, and count as served in time by the waits of all their calls together.
    """
    source = SOURCE.format("Bilingual", "weeks")
    agents = {"english": 7, "spanish": 7, "both": 4}
    service = {
        "english": {"law": "uniform", "low_s": 180, "high_s": 420},
        "spanish": {"law": "uniform", "low_s": 240, "high_s": 360},
    }
    again = {"law": "deterministic", "value_s": 1200}
    scenario = {
        **days_of(("08:00", "17:00"), 5, lines=40, at_close="cleared"),
        "intents": dict.fromkeys(service, "A question"),
        "demand": [hourly("08:00", [100, *[50] * 8], intent) for intent in service],
        "teams": {
            name: team_of({"08:00": count, "17:00": 0}, service, skills=[name] if name in service else [*service])
            for name, count in agents.items()
        },
        "routing": {"among_equals": "random"},
        "patience": {"phone": about(120)},
        "retry": {"phone": {"probability": 0.75, "after": again, "attempts_most": 100, "patience": "kept"}},
    }

    def again_came(contacts: pd.DataFrame) -> npt.NDArray[Any]:
        return np.asarray(contacts.duplicated(["replication", "case_id"]))

    def quick(contacts: pd.DataFrame) -> npt.NDArray[Any]:
        waits = contacts["wait_s"].fillna(0.0).groupby([contacts["replication"], contacts["case_id"]]).cumsum()
        return np.asarray(contacts["answered"] & (waits < 60))

    rows = [
        mean_number("came", counted(came), "5110.161", "5105.009", "5115.313", source),
        mean_number("came_again", counted(again_came), "107.168", "105.841", "108.495", source),
        mean_number("served", counted(served), "4967.235", "4962.946", "4971.524", source),
        mean_number("gave_up (english)", counted(only("english", gave_up)), "71.848", "70.815", "72.881", source),
        mean_number("gave_up (spanish)", counted(only("spanish", gave_up)), "71.020", "69.999", "72.041", source),
        mean_number("cleared", counted(ended_as("cleared_at_close")), "0.058", "0.040", "0.076", source),
        mean_number("served_within_60s", counted(quick), "4896.885", "4892.789", "4900.981", source),
    ]
    figures = {
        "english": ("47.624", "47.563", "47.684"),
        "spanish": ("47.639", "47.580", "47.699"),
        "both": ("63.254", "63.197", "63.310"),
    }
    for team, (mean, low, high) in figures.items():
        measure = busy_share(team, agents[team], 45)
        rows.append(simulated(named("occupancy_with_overtime", team), measure, mean, low, high, source, 0.01))
    return System("chance among equals, redialling as patient as before", scenario, (0.0, 5 * DAY_S), tuple(rows))


def teamwork() -> System:
    """A reception that asks accounting in and passes all on: to a manager, or to technical support if one is free.

    As run: the program multiplies the manager's talks by 5 and the developer's by 3, its description the other way
    round.
    """
    source = SOURCE.format("Teamwork", "weeks")
    agents = {"reception": 2, "accounting": 1, "support": 5, "development": 1, "manager": 1}

    def triangle(times: float) -> Told:
        return {"law": "triangular", "low_s": 30 * times, "mode_s": 60 * times, "high_s": 300 * times}

    def one_team(name: str, service: Told, **more: Any) -> Told:
        channel = "phone" if name == "reception" else "email"  # who is passed on, or asked in, comes all the same
        return {**team_of({"08:00": agents[name], "17:00": 0}, service, **more), "channels": [channel]}

    def up_to(seconds: float) -> Told:
        return {"law": "uniform", "low_s": 0, "high_s": seconds}

    scenario = {
        **days_of(("08:00", "17:00"), 7, lines=25, at_close="cleared"),
        "intents": {"order": "A question"},
        "demand": [hourly("08:00", [200, *[100] * 8])],
        "teams": {
            "reception": one_team("reception", triangle(1), wrap=about(60)),
            "accounting": one_team("accounting", up_to(120)),
            "support": one_team("support", triangle(10), wrap=about(60)),
            "development": one_team("development", up_to(180)),
            "manager": one_team("manager", triangle(5), wrap=about(60)),
        },
        "transfers": [
            {"from": "reception", "to": "manager", "probability": 0.05, "patience": about(120)},
            {"from": "reception", "to": "support", "probability": 0.95, "if_busy": "ends"},
        ],
        "conferences": [
            {"from": "reception", "with": "accounting", "probability": 0.2, "time": up_to(120)},
            {"from": "support", "with": "development", "probability": 0.2, "time": up_to(180)},
        ],
        "patience": {"phone": about(120)},
    }
    scenario["channels"]["email"] = {"opens": "00:00", "closes": "24:00"}

    def last_legs(seen: Seen) -> pd.DataFrame:
        """Return each contact's last leg of its own, with its wait in all queues and its talks.

        Who is passed on to the manager after closing time, when nobody is there, is cut off at once in the program;
        here they wait until they give up.
        """
        legs = seen.legs[seen.legs["role"].isna()]
        keys = [legs["replication"], legs["contact_id"]]
        legs = legs.assign(
            waits_s=(legs["answered_s"].fillna(legs["ended_s"]) - legs["arrived_s"]).groupby(keys).cumsum()
        )
        legs["talks_s"] = legs["talk_s"].fillna(0.0).groupby(keys).cumsum()
        legs.loc[(legs["leg_end"] == "abandoned") & (legs["arrived_s"] % DAY_S >= 17 * HOUR_S), "leg_end"] = "cut_off"
        return legs[~legs.duplicated(["replication", "contact_id"], keep="last")]

    def ended(how: Sequence[str]) -> Measure:
        def measure(seen: Seen) -> Sums:
            last = last_legs(seen)
            return seen.summed(last["replication"], last["leg_end"].isin(how).to_numpy()), np.ones(seen.replications)

        return measure

    def mean_of_served(of: Counted) -> Measure:
        def measure(seen: Seen) -> Sums:
            last = last_legs(seen).query("leg_end == 'answered'")
            whose = last["replication"]
            return seen.summed(whose, np.asarray(of(last), dtype=np.float64)), seen.summed(whose, np.ones(len(last)))

        return measure

    def waits(last: pd.DataFrame) -> npt.NDArray[Any]:
        return np.asarray(last["waits_s"])

    def talk_last(last: pd.DataFrame) -> npt.NDArray[Any]:
        return np.asarray(last["talk_s"])

    def sojourn(last: pd.DataFrame) -> npt.NDArray[Any]:
        return np.asarray(last["waits_s"] + last["talks_s"])

    def quick(seen: Seen) -> Sums:
        last = last_legs(seen).query("leg_end == 'answered' and waits_s < 120")
        return seen.summed(last["replication"], np.ones(len(last))), np.ones(seen.replications)

    rows = [
        simulated("customers_mean", customers_mean, "3.261", "3.259", "3.262", source),
        mean_number("came", counted(came), "7003.654", "6998.267", "7009.041", source),
        mean_number("served", ended(["answered"]), "866.968", "866.148", "867.788", source),
        mean_number(
            "cut_off_or_cleared", ended(["cut_off", "cleared_at_close"]), "1339.118", "1337.646", "1340.590", source
        ),
        mean_number("gave_up", ended(["abandoned"]), "4797.542", "4792.064", "4803.020", source),
        mean_number("served_within_120s", quick, "522.891", "521.760", "524.022", source),
        simulated("wait_all_legs_s_mean", mean_of_served(waits), "1.774", "1.771", "1.778", source, 60),
        simulated("talk_last_s_mean", mean_of_served(talk_last), "20.828", "20.808", "20.848", source, 60),
        simulated("sojourn_s_mean", mean_of_served(sojourn), "25.069", "25.049", "25.090", source, 60),
    ]
    figures = {
        "reception": ("98.258", "98.243", "98.273"),
        "accounting": ("10.995", "10.963", "11.027"),
        "support": ("94.657", "94.631", "94.682"),
        "development": ("5.663", "5.632", "5.693"),
        "manager": ("27.244", "27.092", "27.397"),
    }
    for name, (mean, low, high) in figures.items():
        measure = busy_share(name, agents[name], 63)
        rows.append(simulated(named("occupancy_with_overtime", name), measure, mean, low, high, source, 0.01))
    return System("conferences, transfers, queues of their own", scenario, (0.0, 7 * DAY_S), tuple(rows))
