"""From who works which pattern to shifts of a roster, each with its breaks.

How many begin a break when was counted by team and pattern; whoever works it takes one of those, the first name the
first.
"""

from __future__ import annotations

from collections.abc import Sequence

from results.roster import RosterBreak, RosterShift
from simulator.staffing.shift_blocks import Staffed


def own_shifts(teams: Sequence[str], found: Staffed) -> list[RosterShift]:
    """Return the shifts of a block with their breaks, of which as many begin at each time as was counted."""
    begun: dict[tuple[int, int, int], list[int]] = {}
    for (team, place, which, at_s), count in sorted(found.pauses.items()):
        begun.setdefault((team, place, which), []).extend([at_s] * count)
    shifts = []
    for at, who, team, place in sorted(found.turns):
        crew, pattern = found.crews[at], found.patterns[place]
        breaks = []
        for which, pause in enumerate(pattern.pauses):
            left = begun.get((team, place, which))
            at_s = left.pop(0) if left else pause.may_begin_s[0]
            breaks.append(RosterBreak(at_s, at_s + pause.length_s, pause.paid))
        name = crew.names[who] if crew.names else f"{crew.label} {who + 1:0{len(str(crew.most))}d}"
        shifts.append(
            RosterShift(name, crew.contract_name, teams[team], pattern.begins_s, pattern.ends_s, tuple(breaks))
        )
    return shifts
