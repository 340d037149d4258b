"""The page of a search for people: required, today and present by interval, goals, cost, what one more is worth.

Written from `staffing` in run.json; all seats lie beside it in `requirement.csv`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from results.amounts import number_text
from results.charts import BAND, BELIEVED, INK, MEASURED, Chart, svg_of
from results.pages import render, title_of
from results.provenance import run_facts
from results.roster_charts import staffing_charts
from results.roster_reading import read_roster
from results.runs import Run, write_whole
from results.staffing import records_of
from results.staffing_words import (
    Facts,
    gap_text,
    goal_row,
    headline,
    hours_text,
    limits_of,
    price_text,
    roster_text,
    teams_text,
    worth_text,
)

WIDTH, HEIGHT = 430, 170
WORTH_ROWS = 12
ROSTER_FILE = "roster.csv"
TONES = {
    "verified": "",
    "out of reach": "differs",
    "not verified": "cannot-tell",
    "sampled": "cannot-tell",
    "no roster": "differs",
}


def write_staffing_page(path: Path, run: Run) -> None:
    """Write the page of a run whose run.json has `staffing`."""
    facts: Facts = run.facts["staffing"]
    table = pd.DataFrame(facts["requirement"])
    page = {
        "title": title_of(run.facts),
        "headline": headline(facts),
        "tone": TONES[facts["state"]],
        "guarantee": facts["guarantee"],
        "notes": facts["notes"],
        "teams": teams_text(facts),
        "hours": hours_text(facts),
        "roster": roster_text(facts),
        "gap": gap_text(facts),
        "money": facts["objective"] == "money",
        "goals": [goal_row(row) for row in facts["goals"]],
        "priced": facts["price_unit"] == "money",
        "costs": _costs(facts, table),
        "charts": _roster_charts(run, facts, table)
        if facts["roster"]
        else [one for team in facts["teams"] if (one := team_chart(table[table["team"] == team], team))],
        "tables": [_table(table[table["team"] == team], team, facts) for team in facts["teams"]],
        "worth": _worth(table, facts),
        "binding": [row["goal"] for row in facts["goals"] if row["binds"]],
        "limits": limits_of(facts),
        "facts": [(label, value) for label, value in [*run_facts(run).items(), *_made(facts)] if value],
    }
    write_whole(path, render("staffing.html.j2", page))


def _roster_charts(run: Run, facts: Facts, table: pd.DataFrame) -> list[Chart]:
    """Draw who is required, on shift and at work, from the roster that lies beside the page."""
    told, teams = facts["roster"], list(facts["teams"])
    roster = read_roster(run.folder / ROSTER_FILE, told["starts"], told["time_zone"], told["days"], teams)
    asked = [table[table["team"] == team] for team in teams]
    required = np.array([rows["required"].to_numpy(dtype=np.int64) for rows in asked])
    return staffing_charts(roster, teams, required, asked[0]["from_s"].to_numpy(dtype=np.float64), facts["minutes"])


def team_chart(rows: pd.DataFrame, team: str) -> Chart | None:
    """Draw a team's people over all days: required as a line, present as an area, today's roster dashed."""
    shown = rows[(rows["required"] > 0) | (rows["today"] > 0)]
    if shown.empty:
        return None
    days = int(rows["day"].max()) + 1
    data = rows.assign(x=rows["from_s"] / (86_400 if days > 1 else 3600))
    title = "day, from 0" if days > 1 else "hour of the day"
    x = alt.X("x:Q", title=title, axis=alt.Axis(grid=False, tickMinStep=1), scale=alt.Scale(nice=False))
    y = alt.Y("present:Q", title="agents", axis=alt.Axis(minExtent=30, tickMinStep=1))
    chart = alt.Chart(data)
    layers = [
        chart.mark_area(color=BAND, interpolate="step-after").encode(x=x, y=y),
        chart.mark_line(color=BELIEVED, strokeWidth=1.6, strokeDash=[5, 3], interpolate="step-after").encode(
            x=x, y=alt.Y("today:Q")
        ),
        chart.mark_line(color=MEASURED, strokeWidth=2, interpolate="step-after").encode(x=x, y=alt.Y("required:Q")),
        alt.Chart(pd.DataFrame({"x": [0.0], "required": [0.0]}))
        .mark_point(color=INK, size=0)
        .encode(x=x, y="required:Q"),
    ]
    message = (
        f"{team}: {int(shown['required'].max())} agents at most are required, today "
        f"{number_text(shown['today'].max())}; "
        f"in the mean of its hours {number_text(shown['required'].mean())}, today {number_text(shown['today'].mean())}."
    )
    return Chart(svg_of(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)), message, data)


def _costs(facts: Facts, table: pd.DataFrame) -> list[dict[str, str]]:
    hours = facts["minutes"] / 60
    rows = []
    for team in facts["teams"]:
        own = table[table["team"] == team]
        required, today = float((own["scheduled"] * own["price"]).sum()), float((own["today"] * own["price"]).sum())
        rows.append(
            {
                "team": team,
                "required": price_text(facts, required),
                "today": price_text(facts, today),
                "hours": number_text(float(own["scheduled"].sum()) * hours),
                "hours_today": number_text(float(own["today"].sum()) * hours),
                "present": number_text(float(own["present"].sum()) * hours),
            }
        )
    return rows


def _table(rows: pd.DataFrame, team: str, facts: Facts) -> dict[str, Any]:
    shown = rows[(rows["required"] > 0) | (rows["scheduled"] > 0) | (rows["today"] > 0)]
    return {
        "team": team,
        "rows": [
            {
                "day": int(row["day"]), "starts": row["starts"], "required": int(row["required"]),
                "scheduled": int(row["scheduled"]),
                "today": number_text(row["today"]), "present": number_text(row["present"]),
                "price": price_text(facts, row["price"]), "worth": worth_text(facts, row), "binds": row["binds"],
            }
            for row in records_of(shown)
        ],
    }  # fmt: skip


def _worth(table: pd.DataFrame, facts: Facts) -> list[dict[str, str]]:
    """Return where one more agent betters what binds most for its price."""
    known = table[table["worth"].fillna(0.0) > 0]
    if known.empty:
        return []
    rows = known.assign(rate=known["worth"] / known["price"]).sort_values("rate", ascending=False)
    rows = rows.groupby("binds", sort=False).head(WORTH_ROWS // max(rows["binds"].nunique(), 1) or 1)
    return [
        {"team": row["team"], "when": f"day {row['day']}, {row['starts']}" if facts["days"] > 1 else row["starts"],
         "worth": worth_text(facts, row),
         "binds": row["binds"], "price": price_text(facts, row["price"])}
        for row in records_of(rows)
    ]  # fmt: skip


def _made(facts: Facts) -> list[tuple[str, str]]:
    return [
        ("Interval", f"{facts['minutes']} minutes"),
        ("Replications of the search", f"{facts['sample_replications']}, numbers from 0"),
        ("Fresh replications", f"{facts['fresh_replications']}, numbers from {facts['fresh_first']} on"),
        ("Candidates tried", f"{facts['candidates']}"),
        ("Replications played", f"{facts['plays']:,}"),
        ("Single steps tried at the end", f"{facts['single_moves']:,}"),
    ]
