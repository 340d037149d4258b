"""Required, scheduled and present: how many of a team an interval asks for, has on shift, and has at work.

Scheduled counts everybody on shift; present those of them who do not pause. Where present is below required the message
says when that is worst. A team that nobody asks for and nobody works in has no chart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import numpy.typing as npt
import pandas as pd

from results.bands import Bins
from results.charts import BAND, BELIEVED, INK, MEASURED, WIDTH, Chart, svg_of
from results.clock import RunClock
from results.load_charts import HEIGHT, TimeAxis
from results.roster import Roster
from results.words import counted

NAMES = ("required", "scheduled", "present")
INKS = {"required": INK, "scheduled": BELIEVED, "present": MEASURED}

Counts = npt.NDArray[np.int64]


def staffing_table(
    roster: Roster, team: str, required: Counts, begins_s: npt.NDArray[np.float64], minutes: int
) -> pd.DataFrame:
    """Return a row per interval: begins_s, required, scheduled and present, each in agents.

    Args:
        roster: who works when.
        team: whose.
        required: how many are asked for in each interval.
        begins_s: when intervals begin, in scenario seconds.
        minutes: how long they are.
    """
    scheduled, present = (roster.seats([team], begins_s, minutes, present=at_work)[0] for at_work in (False, True))
    return pd.DataFrame({"begins_s": begins_s, "required": required, "scheduled": scheduled, "present": present})


def staffing_chart(table: pd.DataFrame, team: str, minutes: int, clock: RunClock) -> Chart | None:
    """Draw `staffing_table`; None where nobody is asked for and nobody comes."""
    if not table[list(NAMES)].to_numpy().any():
        return None
    from_s, bin_s = float(table["begins_s"].iloc[0]), minutes * 60.0
    axis = TimeAxis(Bins(from_s, bin_s, round((float(table["begins_s"].iloc[-1]) - from_s) / bin_s) + 1), [], clock)
    ends_s = axis.ends_s()[1]
    last = table.iloc[[-1]].assign(begins_s=ends_s)
    drawn = pd.concat([table, last], ignore_index=True)
    most = float(drawn[list(NAMES)].to_numpy().max()) * 1.1
    x = axis.x("begins_s")
    area = alt.Chart(drawn).mark_area(color=BAND, interpolate="step-after").encode(x=x, y=_agents("scheduled", most))
    layers: list[Any] = [area]
    for name, width, dash in (("scheduled", 1.0, [1, 0]), ("present", 2.0, [1, 0]), ("required", 1.6, [4, 3])):
        mark = alt.Chart(drawn).mark_line(
            color=INKS[name], strokeWidth=width, strokeDash=dash, interpolate="step-after", clip=True
        )
        layers.append(mark.encode(x=x, y=_agents(name, most)))
    svg = svg_of(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT))
    return Chart(svg, staffing_message(table, team, minutes, clock), table)


def _agents(column: str, most: float) -> alt.Y:
    return alt.Y(
        f"{column}:Q", title="agents", axis=alt.Axis(tickMinStep=1), scale=alt.Scale(domain=[0, most], nice=False)
    )


def staffing_message(table: pd.DataFrame, team: str, minutes: int, clock: RunClock) -> str:
    """Say how many hours are asked for, on shift and at work, and when fewer come than are asked for."""
    hours = {name: float(table[name].sum()) * minutes / 60 for name in NAMES}
    told = ", ".join(f"{hours[name]:,.0f} {name}" for name in NAMES)
    short = (table["required"] - table["present"]).to_numpy()
    if not (short > 0).any():
        return f"{team}, agent hours: {told}; in every interval as many are at work as are required."
    worst = int(np.argmax(short))
    at_s = float(table["begins_s"].iloc[worst])
    when = f"{clock.day_text(at_s)} at {clock.text(at_s)}"
    few = counted(int((short > 0).sum()), "interval")
    missed = f"in {few} fewer are at work than are required, most on {when}: {short[worst]} too few"
    return f"{team}, agent hours: {told}; {missed}."


def staffing_charts(
    roster: Roster,
    teams: Sequence[str],
    required: Counts,
    begins_s: npt.NDArray[np.float64],
    minutes: int,
    clock: RunClock | None = None,
) -> list[Chart]:
    """Draw all teams, one after the other; `required` has shape (teams, intervals)."""
    shown = clock or RunClock.of(
        {"origin": f"{roster.starts}T00:00:00", "time_zone": roster.time_zone, "days": roster.days}
    )
    charts = [
        staffing_chart(staffing_table(roster, team, asked, begins_s, minutes), team, minutes, shown)
        for team, asked in zip(teams, required, strict=True)
    ]
    return [chart for chart in charts if chart is not None]
