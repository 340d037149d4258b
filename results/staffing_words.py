"""What came of a search for people, in words: for the terminal and the page. Reads the facts of run.json only.

>>> from scenarios.scenario import Goal
>>> goal_words(Goal(metric="wait_s_mean", channel="phone", at_most=60))
'Phone: mean wait of everyone who asked, at most 60 s'
>>> goal_words(Goal(metric="service_level_offered", within_s=20, channel="chat", at_least=0.8, on_days=0.9))
'Chat: answered within 20 s, at least 80 %, on 90 % of days'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from results.amounts import money_text, number_text
from results.whatif_words import figure_name
from results.words import NOTHING, amount, counted, duration, size, span, unit_of, value_span
from scenarios.scenario import Goal

Facts = Mapping[str, Any]

VERDICT_WORDS = {"kept": "kept", "missed": "missed", "cannot tell": "cannot tell", "not verified": "not verified"}
VERDICT_TONES = {"kept": "agrees", "missed": "differs", "cannot tell": "cannot-tell", "not verified": "cannot-tell"}
VERDICT_SIGNS = {"kept": "✓", "missed": "✗", "cannot tell": "?", "not verified": "?"}

LIMITS = (
    "The world is as the scenario believes it to be. Whether volumes and handle times are so, no search can tell.",
    "A team that no goal weighs keeps today's roster: how few of it are too few, nobody has said.",
    "A goal that is an average lets hours differ: people come where they better the average most for their price.",
    "The search ends where no single step leads on. Of several queues nobody can show that nothing else is cheaper.",
)

SEATS_ALONE = (
    "Seats are bought by the interval. Shifts, breaks and contracts cost more: name labour rules in the scenario "
    "(`labour`)."
)


def goal_words(goal: Goal) -> str:
    """Say what a goal asks for."""
    named = figure_name({name: getattr(goal, name) for name in ("metric", "within_s", "channel", "team")})
    least = goal.at_least is not None
    bound = bound_text((goal.at_least if least else goal.at_most) or 0.0, unit_of(goal.metric))
    days = "" if goal.on_days is None else f", on {bound_text(goal.on_days, 'share')} of days"
    return f"{named}, {'at least' if least else 'at most'} {bound}{days}"


def bound_text(value: float, unit: str) -> str:
    """Write a bound as somebody has told it: no digit more, none less.

    >>> bound_text(0.955, "share"), bound_text(90, "s"), bound_text(2.5, "s"), bound_text(1.25, "count")
    ('95.5 %', '90 s', '2.5 s', '1.25')
    """
    if unit == "share":
        return f"{100 * value:.6g} %"
    whole = unit == "s" and value >= 100 and value == round(value)
    return duration(value) if whole else f"{value:g}{' s' if unit == 's' else ''}"


def headline(facts: Facts) -> str:
    """Say what came out, in one sentence."""
    then, change = cost_text(facts, facts["cost"]), _change(facts)
    if facts["state"] == "out of reach":
        return f"Out of reach: even with the most people, for {then}, not all goals are kept"
    if facts["state"] == "no roster":
        return "No roster under these labour rules keeps all goals; what to loosen stands below"
    if facts["objective"] == "money" and facts["cost"] == facts["cost_today"]:
        return f"Keep today's roster: nothing was found that costs less in all than its {then}"
    if facts["state"] == "verified":
        what = "People cost least in all" if facts["objective"] == "money" else "All goals are kept"
        today = facts["cost_today"]
        return f"{what} for {then}{change}" + (f"; today's roster costs {cost_text(facts, today)}" if today else "")
    if facts["state"] == "sampled" and facts["objective"] == "money":
        return f"Interrupted: {then} in all is the least that was found on the days sampled; nothing is promised"
    if facts["state"] == "sampled":
        return f"Interrupted: {then}{change} keeps the goals on the days that were sampled; nothing is promised"
    return f"Not shown to hold: {then}{change} is the nearest that was found"


def _change(facts: Facts) -> str:
    if not facts["cost_today"]:
        return ""
    change = facts["cost"] / facts["cost_today"] - 1
    return f", {100 * abs(change):.1f} % {'less' if change < 0 else 'more'} than today"


def cost_text(facts: Facts, cost: float) -> str:
    """Write what all costs: money, or hours where not all wages are told."""
    return _cost(facts["cost_unit"], cost, facts["currency"])


def price_text(facts: Facts, cost: float) -> str:
    """Write what seats cost, by the scenario's wages: money, or hours where not all are told."""
    return _cost(facts["price_unit"], cost, facts["currency"])


def _cost(unit: str, cost: float, currency: str | None) -> str:
    return f"{number_text(cost)} paid hours" if unit == "h" else money_text(cost, currency)


def out_of_reach_text(row: Facts, at_least: bool) -> str:
    """Say what a goal comes to with all that may be rostered, and what could be promised: the worse end."""
    unit = row["unit"]
    if row["value"] is None or row["low"] is None:
        return f"{row['goal']}: not kept with all that may be rostered"
    promised = row["low"] if at_least else row["high"]
    return (
        f"{row['goal']}: with all that may be rostered the value is {amount(row['value'], unit)} "
        f"({value_span(row['low'], row['high'], unit)}); a bound of {amount(promised, unit)} could be promised"
    )


def short_text(row: Facts, on_days: bool) -> str:
    """Say what was missing to say that a goal is kept."""
    short = f"{size(row['short'], 'share')} of days" if on_days else size(row["short"], row["unit"])
    return f"{row['goal']}: {row['verdict']}; short by {short}"


def worth_text(facts: Facts, row: Facts) -> str:
    """Write by how much one agent more betters what binds, in its unit."""
    if row["worth"] is None:
        return NOTHING
    units = {goal["goal"]: goal["gain_unit"] for goal in facts["goals"]}
    unit = units.get(row["binds"], "money" if facts["objective"] == "money" else "")
    if unit == "money":
        return money_text(row["worth"], facts["currency"])
    times, tail = {"s": (1, " s"), "share": (100, " points")}.get(unit, (1, ""))
    return f"{figure_text(times * row['worth'])}{tail}"


def hours_text(facts: Facts) -> str:
    """Say how many hours are paid and worked."""
    return (
        f"Paid hours {number_text(facts['paid_h'])} (today {number_text(facts['paid_h_today'])}); present, after "
        f"shrinkage, {number_text(facts['net_h'])} (today {number_text(facts['net_h_today'])})"
    )


def roster_text(facts: Facts) -> str:
    """Say what the roster comes to; nothing where seats are bought by the interval."""
    told = facts["roster"]
    if told is None:
        return ""
    return (
        f"The roster: {counted(told['shifts'], 'shift')} of {told['people']:,} people, paid hours "
        f"{number_text(told['paid_h'])}, at work {number_text(told['net_h'])}"
    )


def limits_of(facts: Facts) -> tuple[str, ...]:
    """Return what cannot be told from this."""
    return LIMITS if facts["roster"] else (SEATS_ALONE, *LIMITS)


def gap_text(facts: Facts) -> str:
    """Say how far from the cheapest the answer may be."""
    if facts["gap"] is None:
        return ""
    what = "rosters" if facts["roster"] else "seats"
    return (
        f"Of the sampled problem with {facts['sample_replications']} replications, as its cuts tell, {what} may be "
        f"cheaper by {100 * facts['gap']:.1f} % at most; that is an estimate, as cuts are measured."
    )


def teams_text(facts: Facts) -> str:
    """Say which teams were staffed and which keep their roster."""
    others = facts["kept_teams"]
    kept = f"; {_listed(others)} {'keeps' if len(others) == 1 else 'keep'} today's roster" if others else ""
    return f"Staffed: {_listed(facts['teams'])}{kept}."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def figure_text(value: float | None) -> str:
    """Write a figure of any size with three digits that count.

    >>> figure_text(0.86012), figure_text(57.26), figure_text(1234.5), figure_text(-0.00004)
    ('0.860', '57.3', '1,234', '−0.00004')
    """
    if value is None or value != value:
        return NOTHING
    sign, size = ("−" if value < 0 else ""), abs(value)
    if size >= 100 or size == 0:
        return f"{sign}{size:,.0f}"
    return f"{sign}{size:.1f}" if size >= 10 else f"{sign}{size:.2f}" if size >= 1 else f"{sign}{_small(size)}"


def _small(size: float) -> str:
    return f"{size:.3f}" if size >= 0.001 else f"{size:.5f}"


def goal_row(row: Facts) -> dict[str, str]:
    """Return a goal's figures as texts."""
    guard = not row["is_goal"]
    unit, low, high = row["unit"], row["low"], row["high"]
    value = "" if row["value"] is None else amount(row["value"], unit)
    between = "" if low is None or high is None else (span if guard else value_span)(low, high, unit)
    days = "" if row["kept_on"] is None else f"{100 * row['kept_on']:.0f} %"
    if row["days_low"] is not None:
        days += f" ({100 * row['days_low']:.0f} % to {100 * row['days_high']:.0f} %)"
    return {
        "goal": row["goal"],
        "value": f"{value} to spare" if guard and value else value,
        "interval": between,
        "days": days,
        "verdict": VERDICT_WORDS[row["verdict"]],
        "tone": VERDICT_TONES[row["verdict"]],
        "sign": VERDICT_SIGNS[row["verdict"]],
        "binds": "binds" if row.get("binds") else "",
    }


def staffing_text(facts: Facts) -> str:
    """Return what came out as people read it in a terminal."""
    lines = [headline(facts), "", teams_text(facts), hours_text(facts)]
    lines += [text for text in (roster_text(facts),) if text] + [""]
    lines += _goal_lines(facts["goals"])
    lines += ["", *_team_lines(facts), ""]
    lines += [text for text in (gap_text(facts), facts["guarantee"], *facts["notes"]) if text]
    return "\n".join(lines)


def _goal_lines(goals: Sequence[Facts]) -> list[str]:
    if not goals:
        return []
    rows = [goal_row(row) for row in goals]
    width = max(len(row["goal"]) for row in rows)
    head = f"{'goal':{width}}  {'value':>16}  {'interval':>18}  {'days on which it is kept':>26}  verdict"
    return [head] + [
        f"{row['goal']:{width}}  {row['value']:>16}  {row['interval']:>18}  {row['days']:>26}  {row['verdict']}"
        f"{', binds' if row['binds'] else ''}"
        for row in rows
    ]


def _team_lines(facts: Facts) -> list[str]:
    hours = facts["minutes"] / 60
    lines = [f"{'team':20} {'hours required':>15} {'scheduled':>12} {'today':>12}"]
    for team in facts["teams"]:
        rows = [row for row in facts["requirement"] if row["team"] == team]
        required, scheduled, today = (
            sum(row[name] for row in rows) * hours for name in ("required", "scheduled", "today")
        )
        lines.append(f"{team:20} {required:15,.1f} {scheduled:12,.1f} {today:12,.1f}")
    return lines


def given_text(facts: Facts, name: str) -> str:
    """Return what given people achieve as people read it in a terminal."""
    lines = [
        f"With the people of {name}, on {facts['replications']} replications:",
        "",
        *_goal_lines(facts["goals"]),
        "",
    ]
    lines.append(carried_text(facts))
    return "\n".join(lines)


def carried_text(facts: Facts) -> str:
    """Say how much volume people carry."""
    kept, missed, n = facts["carried"], facts["not_carried"], facts["carried_replications"]
    if kept is None:
        return f"Not even {missed:.3g} of the volume is carried with all goals kept in the mean of {n} replications."
    if missed is None:
        return f"They carry {kept:.3g} times the volume and more, all goals kept in the mean of {n} replications."
    return (
        f"They carry {kept:.4g} times the volume with all goals kept in the mean of {n} replications; at {missed:.4g} "
        f"times it, missed: {'; '.join(facts['binds'])}."
    )
