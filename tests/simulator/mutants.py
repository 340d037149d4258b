"""Faults put into each engine, one at a time: the equality harness must catch each within 50 scenarios.

A mutant is a copy of our rooms in a temporary folder with one text changed. The compiled engine's are run as plain
Python, so that none waits for a compiler. `python -m tests.simulator.engines_equal --mutants` tries all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

TOP = Path(__file__).resolve().parent.parent.parent
SCENARIOS = 50

SIMPY, COMPILED, FLOOR = "simulator/engine_simpy.py", "simulator/engine_compiled.py", "simulator/floor_arrays.py"

Mutant = tuple[str, str, str, str]
"""What is wrong, in which file, the text that is there and the text that takes its place."""

MUTANTS: list[Mutant] = [
    ("ends come after give-ups", SIMPY, "event_key(EventClass.END, contact, leg))\n        now", "event_key(EventClass.GIVE_UP, contact, leg))\n        now"),
    ("wrap-up ends after give-ups", SIMPY, "event_key(EventClass.END, contact, leg), lambda: self._release", "event_key(EventClass.GIVE_UP, contact, leg), lambda: self._release"),
    ("shifts come after matching", SIMPY, "event_key(EventClass.SHIFT), functools", "event_key(EventClass.TIMER), functools"),
    ("arrivals come after matching", SIMPY, "event_key(EventClass.JOIN, number << 12 | 1))", "event_key(EventClass.GIVE_UP, number << 12 | 1))"),
    ("redials come after matching", SIMPY, "event_key(EventClass.JOIN, number << 12 | attempt))", "event_key(EventClass.GIVE_UP, number << 12 | attempt))"),
    ("transfers come after matching", SIMPY, "event_key(EventClass.JOIN, contact, leg))", "event_key(EventClass.GIVE_UP, contact, leg))"),
    ("matching comes after give-ups", SIMPY, "event_key(EventClass.MATCH), self", "event_key(EventClass.GIVE_UP, 2**51), self"),
    ("give-ups come before matching", SIMPY, "event_key(EventClass.GIVE_UP, contact, leg), lambda: self._give_up", "event_key(EventClass.TIMER, contact, leg), lambda: self._give_up"),
    ("the agent idle shortest is taken", SIMPY, "heapq.heappush(self.idle, (now_us, seat))", "heapq.heappush(self.idle, (now_us, seat)); self.idle.sort(key=lambda pair: (-pair[0], pair[1]))"),
    ("the last team asked answers", SIMPY, "for name in teams if (f", "for name in reversed(teams) if (f"),
    ("the longest waiting is not first", SIMPY, "_order(queue[0]) < _order(best)", "_order(queue[0]) > _order(best)"),
    ("a queue keeps the order of creation", SIMPY, "_order(queue[place - 1]) > _order(waiting)", "False"),
    ("the lowest idle seat leaves first", SIMPY, "sorted(floor.idle_since, reverse=True)", "sorted(floor.idle_since)"),
    ("busy seats never leave", SIMPY, "len(floor.on_duty_since) > floor.target", "False"),
    ("the closing instant is open", SIMPY, "opens <= now % DAY_US < closes", "opens <= now % DAY_US <= closes"),
    ("transfers are impatient", SIMPY, "patience = NEVER_US  #", "patience = patience  #"),
    ("attempts share their luck", SIMPY, "attempt << 12\n        ) | leg", "1 << 12\n        ) | leg"),
    ("legs share their luck", SIMPY, "        ) | leg  # visit", "        ) | 0  # visit"),
    ("redials have no end", SIMPY, "attempt >= retry.attempts_most", "attempt >= retry.attempts_most + 1"),
    ("a redial keeps the first patience", SIMPY, "                patience = patience_us(self", "                patience_us(self"),
    ("a redial is drawn from the desk's luck", SIMPY, "retry_delay_us(self.luck.seed, self.luck.plan", "retry_delay_us(self.luck.seed, self.luck.desk"),
    ("transfers do not share one draw", SIMPY, "                u -= transfer.probability", "                pass"),
    ("everybody finds their page", SIMPY, "1.0 if floor.team.contained is None else", "1.0 if True else"),
    ("shrinkage is the share present", SIMPY, ">= team.shrinkage", "< team.shrinkage"),
    ("history is lost", SIMPY, "return transfer.to_team, transfer.history_carried", "return transfer.to_team, False"),
    ("ends come after shifts", COMPILED, "EventClass.END, EventClass.SHIFT, E", "EventClass.CLOSE, EventClass.SHIFT, E"),
    ("shifts come after arrivals", COMPILED, "EventClass.END, EventClass.SHIFT, E", "EventClass.END, EventClass.TIMER, E"),
    ("give-ups come before matching", COMPILED, "EventClass.MATCH, EventClass.GIVE_UP)\n", "EventClass.GIVE_UP, EventClass.MATCH)\n"),
    ("arrivals come before ends", COMPILED, "if due_us < at_us or joins < key:", "if True:"),
    ("shifts come before ends", COMPILED, "(shift_us == at_us and key > SHIFT)", "(shift_us == at_us)"),
    ("matching does not wait for all of its instant", COMPILED, "if match_wanted and (at_us > now or key > MATCH)", "if match_wanted"),
    ("the heap forgets its second key", COMPILED, "(heap[right, 0] == heap[child, 0] and heap[right, 1] < heap[child, 1])", "False"),
    ("a queue keeps the order of creation", COMPILED, "if facts[before, NUMBER] < number:", "if True:"),
    ("queues of one instant are served by their number", COMPILED, "facts[head, NUMBER] > facts[best, NUMBER]", "head >= 0"),
    ("the longest waiting is not first", COMPILED, "times[head, ARRIVED] > times[best, ARRIVED]", "times[head, ARRIVED] < times[best, ARRIVED]"),
    ("the last team asked answers", COMPILED, "best, chosen = head, queue_teams[place]\n                                    break", "best, chosen = head, queue_teams[place]"),
    ("seats of one instant are taken as they came", COMPILED, "while before >= 0 and idle_since[before] == now and before > seat:\n                        behind", "while False:\n                        behind"),
    ("the lowest idle seat leaves first", COMPILED, "seat = seats_at[team + 1] - 1\n", "seat = seats_at[team]\n"),
    ("busy seats never leave", COMPILED, "if on_duty[team] > target[team]:", "if False:"),
    ("the closing instant is open", COMPILED, "of_day_us >= closes_us[channel]", "of_day_us > closes_us[channel]"),
    ("the opening instant is closed", COMPILED, "of_day_us < opens_us[channel]", "of_day_us <= opens_us[channel]"),
    ("attempts share their luck", COMPILED, "entity, word = entities[number], (attempt << 12) | leg", "entity, word = entities[number], (1 << 12) | leg"),
    ("a redial keeps no patience", COMPILED, "elif retries and patience_law[channel] >= 0:", "elif False:"),
    ("kept patience is drawn afresh", SIMPY, 'if retry.patience == "fresh":', "if True:"),
    ("kept patience is drawn afresh", COMPILED, "drawn_at = 1 if retry_keeps[channel] else attempt", "drawn_at = attempt"),
    ("redials have no end", COMPILED, "if attempt < retry_attempts_most[channel]:", "if attempt <= retry_attempts_most[channel]:"),
    ("a redial is drawn from the desk's luck", COMPILED, "uniform(seed, plan, entity, attempt << 12, _RETRY, 0)", "uniform(seed, desk, entity, attempt << 12, _RETRY, 0)"),
    ("a redial may come after the end", COMPILED, "if back_us < horizon_us:", "if back_us <= horizon_us + 10**12:"),
    ("transfers do not share one draw", COMPILED, "u -= transfer_probability[transfer]", "u -= 0.0"),
    ("one outcome is written on the last leg only", COMPILED, "row = facts[row, LAST]", "row = -1"),
    ("wrap-up keeps no agent", COMPILED, "if wrap_us > 0:", "if False:"),
    ("pages hold every answer", COMPILED, "_CONTAINMENT, 0) < contained[team]", "_CONTAINMENT, 0) < 2.0"),
    ("one who gave up still blocks the queue", COMPILED, "queue_head[queue] = behind\n                if behind >= 0:\n                    facts[behind, BEFORE] = before", "queue_head[queue] = behind\n                if behind >= 0:\n                    facts[behind, BEFORE] = row"),
    ("those who join late never give up", COMPILED, "joined_from = legs\n\n            elif", "joined_from = legs + 1\n\n            elif"),
    ("shrinkage is the share present", FLOOR, "_ABSENCE, 0) >= shrinkage", "_ABSENCE, 0) < shrinkage"),
    ("absence is drawn once for the day", FLOOR, "edge // block_us, _ABSENCE", "0, _ABSENCE"),
]  # fmt: skip


def survives(mutant: Mutant) -> str | None:
    """Put a fault into a copy of our rooms; return what was said if nobody noticed, None if it was caught."""
    name, file, old, new = mutant
    with TemporaryDirectory() as folder:
        for room in ("scenarios", "results", "simulator", "tests/simulator"):
            shutil.copytree(TOP / room, Path(folder, room), ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(TOP / "tests/written.py", Path(folder, "tests"))
        path = Path(folder, file)
        text = path.read_text(encoding="utf-8")
        if old not in text:
            return f"{file}: {name}: the text to be changed is not there"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        command = [sys.executable, "-m", "tests.simulator.engines_equal", "--scenarios", str(SCENARIOS), "--first"]
        env = {**os.environ, "PYTHONPATH": folder, "NUMBA_DISABLE_JIT": "1", "PYTHONWARNINGS": "ignore"}
        try:
            ran = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            return None  # it never ends: nobody would overlook that
        return f"{file}: {name}: not caught" if ran.returncode == 0 else None


def try_all(mutants: Iterable[Mutant] = MUTANTS) -> int:
    """Try each mutant, two at a time; say which are not caught, and return how many."""
    listed = list(mutants)
    with ThreadPoolExecutor(2) as pool:
        alive = [told for told in pool.map(survives, listed) if told]
    for told in alive:
        print(told)
    print(f"{len(listed) - len(alive)} of {len(listed)} mutants caught within {SCENARIOS} scenarios each")
    return len(alive)
