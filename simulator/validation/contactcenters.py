"""Examples that another simulator published with its results: ContactCenters, by Buist and L'Ecuyer.

Each is told as the scenario language tells it, and its figures are measured as that simulator measures them: counts of
a week, shares of what is expected of one, time of agents over all of the day. What it prints are means over 1,000
simulated days or weeks, with an interval (95 %, once 90 %), from which the error of the printed value comes.

Parameters are those the programs were run with. Where a program does something else than its description says, that is
told here: it is what was run that was printed. Left out are the examples with outgoing calls (Blend). Those with
several teams stand in `simulator.validation.contactcenters_teams`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scenarios.units import DAY_S
from simulator.validation.contactcenters_parts import (
    SOURCE,
    blocked,
    came,
    days_of,
    ended_as,
    gave_up,
    hourly,
    mean_number,
    served,
    served_within,
    team_of,
)
from simulator.validation.contactcenters_teams import bank, by_period, rerouted, teamwork, two_languages
from simulator.validation.measures import Counted, busy_share, contact_mean, counted
from simulator.validation.telling import HOUR_S, Expected, System, about, simulated


def _mmc(model: str, rows: list[Expected], occupancy: tuple[str, str, str], source: str, **more: Any) -> System:
    """Eight hours of 252 calls an hour from an empty desk of 12, two minutes each; the rest of the day it empties."""
    channel = more.pop("channel", {})
    scenario = {
        **days_of(("00:00", "24:00"), 1, **channel),
        "intents": {"order": "A question"},
        "demand": [hourly("00:00", [2016.0], minutes=480)],
        "teams": {"front": team_of({"00:00": 12}, about(120))},
        **more,
    }
    rows.append(simulated("occupancy_in_hours", busy_share("front", 12, 8, (0, 8 * HOUR_S)), *occupancy, source))
    return System(model, scenario, (0.0, DAY_S), tuple(rows))


def _patient() -> System:
    source = SOURCE.format("MMC", "days")
    answered = contact_mean("service_level_answered", 20)
    rows = [
        mean_number("served_within_20s", counted(served_within(20)), "1816.158", "1812.618", "1819.698", source),
        simulated("wait_s_mean", contact_mean("wait_s_mean"), "0.099", "0.097", "0.102", source, 60),
        simulated("service_level_answered_20s", answered, "0.902", "0.900", "0.904", source),
    ]
    return _mmc("M/M/n, a day from empty", rows, ("0.695", "0.694", "0.697"), source)


def _impatient() -> System:
    source = SOURCE.format("MMCAb", "days")
    wait, answered = contact_mean("wait_answered_s_mean"), contact_mean("service_level_answered", 20)
    less_quick = contact_mean("service_level_offered_less_quick", 20)
    rows = [
        mean_number("gave_up", counted(gave_up), "58.609", "57.660", "59.558", source),
        mean_number("served_within_20s", counted(served_within(20)), "1906.008", "1903.785", "1908.231", source),
        simulated("wait_answered_s_mean", wait, "0.024", "0.023", "0.024", source, 60),
        simulated("service_level_answered_20s", answered, "0.975", "0.974", "0.975", source),
        simulated("service_level_offered_less_quick_20s", less_quick, "0.968", "0.968", "0.969", source),
    ]
    occupancy = ("0.675", "0.674", "0.677")
    return _mmc("M/M/n+M, a day from empty", rows, occupancy, source, patience={"phone": about(60)})


def _lines() -> System:
    source = SOURCE.format("MMCBlocked", "days")
    offered = contact_mean("service_level_offered", 20)
    answered = contact_mean("service_level_answered", 20)
    rows = [
        mean_number("blocked", counted(blocked), "18.655", "18.045", "19.265", source),
        mean_number("served_within_20s", counted(served_within(20)), "1854.284", "1851.667", "1856.901", source),
        simulated("wait_s_mean", contact_mean("wait_s_mean"), "0.060", "0.059", "0.061", source, 60),
        simulated("service_level_answered_20s", answered, "0.929", "0.928", "0.930", source),
        simulated("service_level_offered_20s", offered, "0.920", "0.919", "0.922", source),
    ]
    return _mmc("M/M/n/K, a day from empty", rows, ("0.689", "0.688", "0.690"), source, channel={"lines": 17})


def _cleared() -> System:
    source = SOURCE.format("MMCClrQ", "days")
    wait, answered = contact_mean("wait_answered_s_mean"), contact_mean("service_level_answered", 20)
    rows = [
        mean_number("cleared", counted(ended_as("cleared_at_close")), "0.433", "0.328", "0.538", source),
        mean_number("served_within_20s", counted(served_within(20)), "1816.112", "1812.572", "1819.652", source),
        simulated("wait_answered_s_mean", wait, "0.099", "0.096", "0.102", source, 60),
        simulated("service_level_answered_20s", answered, "0.902", "0.900", "0.904", source),
    ]
    channel = {"closes": "08:00", "at_close": "cleared"}
    return _mmc("M/M/n, cleared at closing time", rows, ("0.695", "0.694", "0.697"), source, channel=channel)


def _telethon(name: str, takes_s: float) -> System:
    """Five mornings of a pledge drive: 12 volunteers, 24 lines, and a message for those who have waited 2 minutes."""
    source = SOURCE.format(name, "weeks")
    corrected = SOURCE.format("TelethonOcc", "weeks")
    morning = 6 * HOUR_S, 10 * HOUR_S
    message = {"after_s": 120, "takes_s": takes_s}
    scenario = {
        **days_of(("06:00", "10:00"), 5, lines=24, message=message, at_close="cleared"),
        "intents": {"pledge": "I want to give"},
        "demand": [hourly("06:00", [50.0] * 4, "pledge")],
        "teams": {"volunteers": team_of({"06:00": 12, "10:00": 0}, about(600))},
        "patience": {"phone": about(120)},
    }
    wait = contact_mean("wait_answered_s_mean")
    whole, in_hours = busy_share("volunteers", 12, 20), busy_share("volunteers", 12, 20, morning)
    rows = (
        mean_number("served", counted(served), "963.109", "961.372", "964.846", source),
        mean_number("gave_up", counted(gave_up), "31.820", "31.172", "32.468", source),
        mean_number("messages", counted(ended_as("message")), "4.960", "4.776", "5.144", source),
        mean_number("cleared", counted(ended_as("cleared_at_close")), "0.280", "0.235", "0.325", source),
        mean_number("served_within_60s", counted(served_within(60)), "950.265", "948.579", "951.951", source),
        simulated("wait_answered_s_mean", wait, "0.036", "0.036", "0.037", source, 60),
        simulated("occupancy_with_overtime", whole, "66.772", "66.607", "66.936", source, 0.01),
        simulated("occupancy_in_hours", in_hours, "64.049", "63.894", "64.204", corrected, 0.01),
    )
    return System("answering machine, lines, cleared at closing", scenario, (0.0, 5 * DAY_S), rows)


def _busy_day() -> System:
    """A day that luck makes busy or quiet, with hours of their own; counts over the 1,660 calls expected."""
    source = SOURCE.format("CallCC", "days; parameters: umontreal-simul/ssj, tutorial/CallCenter.dat")
    calls = [100, 150, 150, 180, 200, 150, 150, 150, 120, 100, 80, 70, 60]
    agents = [4, 6, 8, 8, 8, 7, 8, 8, 6, 6, 4, 4, 4]
    scenario = {
        **days_of(("08:00", "21:00"), 1),
        "intents": {"order": "A question"},
        "busyness": {"cv": 10**-0.5},
        "demand": [hourly("08:00", calls)],
        "teams": {
            "front": team_of(
                {f"{8 + hour:02d}:00": count for hour, count in enumerate(agents)},
                {"law": "gamma", "mean_s": 100, "cv": 1.0},
            )
        },
        "patience": {"phone": {"law": "exponential", "mean_s": 1000, "zero": 0.1}},
    }

    def quick(contacts: pd.DataFrame) -> npt.NDArray[Any]:
        return np.asarray(contacts["wait_s"] < 20)

    def waits(contacts: pd.DataFrame) -> npt.NDArray[Any]:
        return np.asarray(contacts["wait_s"])

    def share(metric: str, of: Counted, mean: str, low: str, high: str) -> Expected:
        return simulated(metric, counted(of, 1660), mean, low, high, source, level=0.9)

    rows = (
        simulated("came_mean", counted(came), "1639.507", "1612.789", "1666.225", source, level=0.9),
        share("wait_over_expected_s_mean", waits, "11.834", "10.060", "13.608"),
        share("within_20s_over_expected", quick, "0.853", "0.844", "0.862"),
        share("gave_up_over_expected", gave_up, "0.0342", "0.0311", "0.0374"),
    )
    return System("busy and quiet days (gamma), some accept no wait", scenario, (0.0, DAY_S), rows)


CONTACTCENTERS_SYSTEMS: dict[str, Callable[[], System]] = {
    "contactcenters_mmc": _patient,
    "contactcenters_abandonment": _impatient,
    "contactcenters_blocked": _lines,
    "contactcenters_cleared": _cleared,
    "contactcenters_telethon": lambda: _telethon("Telethon", 0),
    "contactcenters_telethon_message": lambda: _telethon("TelethonMsg", 30),
    "contactcenters_busy_day": _busy_day,
    "contactcenters_skills": by_period,
    "contactcenters_overflow": rerouted,
    "contactcenters_bank": bank,
    "contactcenters_bilingual": two_languages,
    "contactcenters_teamwork": teamwork,
}
"""Systems by id, made when asked for."""
