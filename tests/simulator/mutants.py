"""Faults put into each engine, one at a time: the equality harness must catch each within 200 scenarios.

What the rarest of them changes is seen in one scenario of 60.

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

SIMPY, SEATS = "simulator/engine_simpy.py", "simulator/simpy_floor.py"
COMPILED, FLOOR = "simulator/engine_compiled.py", "simulator/floor_arrays.py"
HEAP, LISTS, TALKS = "simulator/loop_heap.py", "simulator/loop_lists.py", "simulator/loop_talks.py"
LAWS = "scenarios/laws.py"
LIVES, LIVED = "simulator/loop_lives.py", "simulator/simpy_lives.py"
CONDUCT = "results/conduct.py"

Mutant = tuple[str, str, str, str]
"""What is wrong, in which file, the text that is there and the text that takes its place."""

MUTANTS: list[Mutant] = [
    ("ends come after give-ups", SEATS, 'return self.clock.at(now_us + lasts_us, key)', 'return self.clock.at(now_us + lasts_us, key + (6 << 64))'),
    ("wrap-up ends after give-ups", SIMPY, 'self.clock.do_at(ends_us + leg.wrap_us, key,', 'self.clock.do_at(ends_us + leg.wrap_us, event_key(EventClass.GIVE_UP, contact, leg.leg),'),
    ("shifts come after matching", SEATS, "event_key(EventClass.SHIFT), set_target", "event_key(EventClass.GIVE_UP), set_target"),
    ("arrivals come after matching", SIMPY, "_JOIN | (number << 12 | 1) << 12)", "event_key(EventClass.GIVE_UP, number << 12 | 1))"),
    ("redials come after matching", SIMPY, "event_key(EventClass.JOIN, number << 12 | attempt))", "event_key(EventClass.GIVE_UP, number << 12 | attempt))"),
    ("transfers come after matching", SIMPY, 'event_key(EventClass.JOIN, contact, leg.leg + 1)', 'event_key(EventClass.GIVE_UP, contact, leg.leg + 1)'),
    ("matching comes after give-ups", SEATS, "key < _MATCH", "key < event_key(EventClass.GIVE_UP, 2**51)"),
    ("give-ups come before matching", SEATS, "key = _GIVE_UP | contact << 12 | leg", "key = 5 << 64 | contact << 12 | leg"),
    ("the agent idle shortest is taken", SEATS, "heappush(self.idle, (self.desks[seat].load if self.shared else 0, now_us, seat))", "heappush(self.idle, (self.desks[seat].load if self.shared else 0, now_us, seat)); self.idle.sort(key=lambda one: (one[0], -one[1], one[2]))"),
    ("the last team asked answers", SEATS, 'for team, option in options:', 'for team, option in reversed(options):'),
    ("who joins while somebody is idle never gives up", SEATS, '            if waiting.waits:\n                self._let_give_up(waiting)', '            pass'),
    ("who joins while all are busy never gives up", SEATS, '        else:\n            self._let_give_up(waiting)', '        else:\n            pass'),
    ("a freed agent looks for nobody", SEATS, 'team.make_idle(seat, self.clock.now_us)\n            self._want_match_for(team)', 'team.make_idle(seat, self.clock.now_us)'),
    ("a shift looks for nobody", SEATS, 'seat += 1\n        self._want_match_for(team)', 'seat += 1'),
    ("the longest waiting is not first", SEATS, 'weighed, order)', 'weighed, tuple(-x for x in order))'),
    ("a queue keeps the order of creation", SEATS, "queue[place - 1].order > waiting.order", "False"),
    ("the lowest idle seat leaves first", SEATS, "sorted(team.idle_since, reverse=True)", "sorted(team.idle_since)"),
    ("busy seats never leave", SEATS, "len(team.on_duty_since) > team.target", "False"),
    ("the closing instant is open", SIMPY, "opens <= now < closes", "opens <= now <= closes"),
    ("transfers are impatient", SIMPY, "NEVER_US if answered else patience)", "patience)"),
    ("attempts share their luck", SIMPY, 'word = (leg.attempt << 12) | leg.leg  #', 'word = (1 << 12) | leg.leg  #'),
    ("legs share their luck", SIMPY, 'word = (leg.attempt << 12) | leg.leg  #', 'word = (leg.attempt << 12) | 0  #'),
    ("redials have no end", SIMPY, "attempt >= retry.attempts_most", "attempt >= retry.attempts_most + 1"),
    ("a redial keeps the first patience", SIMPY, '                patience = patience_us(seed', '                patience_us(seed'),
    ("a redial is drawn from the desk's luck", SIMPY, 'seed, plan = self.luck.seed, self.luck.plan', 'seed, plan = self.luck.seed, self.luck.desk'),
    ("transfers do not share one draw", SIMPY, "            u -= choice.probability", "            pass"),
    ("everybody finds their page", SIMPY, "< page.team.contained_share(leg.intent)", "< 1.0"),
    ("shrinkage is the share present", SEATS, "self._comes(team.shrinkage,", "not self._comes(team.shrinkage,"),
    ("history is lost", SIMPY, "to.history_carried\n", "False\n"),
    ("ends come after joins", HEAP, 'return event_number(END >> 60,', 'return event_number(5,'),
    ("shifts come after give-ups", COMPILED, "(shift_us == at_us and (source == _ARRIVAL or event & 3 != WHAT_ENDS))", "False"),
    ("give-ups come before matching", COMPILED, 'if match_wanted and (at_us > now or (source == _HEAP and event & 3 == WHAT_GIVES_UP))', 'if match_wanted and at_us > now'),
    ("arrivals come before ends", COMPILED, 'source = _ARRIVAL if joins < event_of(facts, event) else _HEAP', 'source = _ARRIVAL'),
    ("shifts come before ends", COMPILED, '(source == _ARRIVAL or event & 3 != WHAT_ENDS)', 'True'),
    ("matching does not wait for all of its instant", COMPILED, 'if match_wanted and (at_us > now or (source == _HEAP and event & 3 == WHAT_GIVES_UP))', 'if match_wanted'),
    ("the heap forgets its second key", HEAP, 'child += event_of(facts, heap[child + 1]) < event_of(facts, heap[child])', 'child += 0'),
    ("a queue keeps the order of creation", LISTS, 'if times[before, ARRIVED] == since and facts[before, NUMBER] <= number:', 'if times[before, ARRIVED] == since:'),
    ("queues of one instant are served by their number", COMPILED, 'better = facts[head, NUMBER] < facts[best, NUMBER]', 'better = False'),
    ("the longest waiting is not first", COMPILED, 'better = times[head, ARRIVED] < times[best, ARRIVED]', 'better = times[head, ARRIVED] > times[best, ARRIVED]'),
    ("the last team asked answers", COMPILED, '                                    if idle_head[team] >= 0:\n                                        found = place\n                                        break', '                                    if idle_head[team] >= 0:\n                                        found = place'),
    ("seats of one instant are taken as they came", LISTS, 'while before >= 0 and idle_since[before] == idle_since[seat] and before > seat:', 'while False:'),
    ("the lowest idle seat leaves first", COMPILED, "seat = seats_at[team + 1] - 1\n", "seat = seats_at[team]\n"),
    ("busy seats never leave", COMPILED, "leaves, joins, spot = on_duty[team] > target[team], True, team", "leaves, joins, spot = False, True, team"),
    ("the closing instant is open", COMPILED, "now >= closes_us[channel, day]", "now > closes_us[channel, day]"),
    ("the opening instant is closed", COMPILED, "now < opens_us[channel, day]", "now <= opens_us[channel, day]"),
    ("every day opens like the first", COMPILED, 'while day_begins_us[day + 1] <= now:', 'while False:'),
    ("every day opens like the first", SIMPY, "self.hours[channel][self._day()]", "self.hours[channel][0]"),
    ("attempts share their luck", COMPILED, "entity, word = entities[number], (attempt << 12) | leg", "entity, word = entities[number], (1 << 12) | leg"),
    ("a redial keeps no patience", COMPILED, 'elif patience_law[channel, intent] >= 0:', 'elif False:'),
    ("kept patience is drawn afresh", SIMPY, 'if retry.patience == "fresh":', "if True:"),
    ("kept patience is drawn afresh", COMPILED, 'if keeps:', 'if False:'),
    ("redials have no end", COMPILED, "if attempt >= attempts_most[channel]:", "if attempt > attempts_most[channel]:"),
    ("a redial is drawn from the desk's luck", COMPILED, 'u = uniform(seed, plan, entity, attempt << 12, _RETRY_DELAY, 0)', 'u = uniform(seed, plan + 1, entity, attempt << 12, _RETRY_DELAY, 0)'),
    ("transfers do not share one draw", COMPILED, "u -= probability[one]", "u -= 0.0"),
    ("one outcome is written on the last leg only", COMPILED, "row = facts[row, LAST]", "row = -1"),
    ("wrap-up keeps no agent", COMPILED, "if wrap_us > 0:", "if False:"),
    ("pages hold every answer", COMPILED, "_CONTAINMENT, 0) < contained[cell]", "_CONTAINMENT, 0) < 2.0"),
    ("pages know all intents alike", COMPILED, "_CONTAINMENT, 0) < contained[cell]", "_CONTAINMENT, 0) < contained[team * intents]"),
    ("one who gave up still blocks the queue", LISTS, "        queue_head[queue] = behind\n    if behind >= 0:\n        facts[behind, BEFORE] = before", "        queue_head[queue] = behind\n    if behind >= 0:\n        facts[behind, BEFORE] = row"),
    ("those who join late never give up", COMPILED, "joined_from = legs\n\n            elif", "joined_from = legs + 1\n\n            elif"),
    ("a redial has the patience of another intent", COMPILED, 'elif patience_law[channel, intent] >= 0:\n                            u = uniform(seed, plan, entities[number], attempt << 12, _PATIENCE, 0)\n                            patience_us = numbered_us(\n                                law_kind, law_a, law_b, law_at, law_shares, law_times, patience_law[channel, intent], u', 'elif patience_law[channel, intent] >= 0:\n                            u = uniform(seed, plan, entities[number], attempt << 12, _PATIENCE, 0)\n                            patience_us = numbered_us(\n                                law_kind, law_a, law_b, law_at, law_shares, law_times, patience_law[channel, 0], u'),
    ("one who asks after a promise has the patience of another intent", COMPILED, 'law_times, patience_law[channel, intent], u', 'law_times, patience_law[channel, 0], u'),
    ("a redial has the patience of the channel left", SIMPY, '                patience = patience_us(seed, plan, entity, 0, attempt, self.patience.get((channel, intent)))', '                patience = patience_us(seed, plan, entity, 0, attempt, self.patience.get((self.rows[-1].channel, intent)))'),
    ("a share that is nought is another in tables laid end to end", LAWS, '        zero = shares[first]\n', '        zero = shares[0]\n'),
    ("a curve is read from the first of all tables", LAWS, 'curve_s(-np.log1p(-u), shares, times, first, end)', 'curve_s(-np.log1p(-u), shares, times, 0, end)'),
    ("shrinkage is the share present", FLOOR, "_ABSENCE, 0) < shrinkage", "_ABSENCE, 0) >= shrinkage"),
    ("absence is drawn once for the day", FLOOR, "edge // block_us, _ABSENCE", "0, _ABSENCE"),
    ("priority changes nothing", SEATS, 'pair = (-option.priority, option.rank,', 'pair = (0, option.rank,'),
    ("the lowest priority is first", SIMPY, '            rule.priority,', '            -rule.priority,'),
    ("ranks change nothing", SEATS, 'pair = (-option.priority, option.rank,', 'pair = (-option.priority, 0,'),
    ("a transfer has no rank", SIMPY, 'tuple(team.rank(intent) for team in told)', 'tuple(team.rank(intent) if first else 1 for team in told)'),
    ("one line too many", SIMPY, 'self.in_use[channel] >= lines', 'self.in_use[channel] > lines'),
    ("lines are never freed", SIMPY, 'self.in_use[channel] -= 1', 'self.in_use[channel] -= 0'),
    ("the closed take a line", SIMPY, '        if past is None and not opens <= now < closes:\n', '        self.in_use[channel] += not opens <= now < closes\n        if past is None and not opens <= now < closes:\n'),
    ("the blocked never redial", SIMPY, 'outcome not in CAUSES', 'outcome not in CAUSES or outcome == "blocked"'),
    ("the blocked redial like others", SIMPY, 'attempt, retry, outcome)', 'attempt, retry, "abandoned")'),
    ("nobody changes the channel", SIMPY, 'channel = retry_channel(seed', 'retry_channel(seed'),
    ("priority changes nothing", COMPILED, 'queue_priority[queue] > best_priority or rank', 'False or rank'),
    ("a lower priority may win by rank", COMPILED, 'if head < 0 or (best >= 0 and queue_priority[queue] < best_priority):', 'if head < 0:'),
    ("ranks change nothing", COMPILED, '2 * queue_ranks[found] + soft if more else queue_ranks[found]', '2 + soft if more else 1'),
    ("the highest rank is best", COMPILED, 'or rank < best_rank\n', 'or rank > best_rank\n'),
    ("one line too many", COMPILED, '0 <= lines_of[channel] <= in_use[channel]', '0 <= lines_of[channel] < in_use[channel]'),
    ("giving up frees no line", COMPILED, '                    elif lines:\n                        in_use', '                    elif False:\n                        in_use'),
    ("an answer frees no line", COMPILED, '                        if lines:\n                            in_use[facts[row, CHANNEL]] -= 1', '                        if False:\n                            in_use[facts[row, CHANNEL]] -= 1'),
    ("a transfer takes another line", COMPILED, 'if lines and leg == 0:\n                        in_use', 'if lines:\n                        in_use'),
    ("the blocked redial like others", COMPILED, '+ _CAUSE[outcome]]', '+ 0]'),
    ("the blocked never redial", COMPILED, 'facts[row, OUTCOME], facts[row, STATE] = BLOCKED, BLOCKED, GONE\n                    lost = row', 'facts[row, OUTCOME], facts[row, STATE] = BLOCKED, BLOCKED, GONE\n                    lost = -1'),
    ("nobody changes the channel", COMPILED, 'channel = retry_to[hop]', 'channel = channel'),
    ("the channel is drawn with the next attempt's luck", COMPILED, 'attempt << 12, _RETRY_CHANNEL, 0)', '(attempt + 1) << 12, _RETRY_CHANNEL, 0)'),
    ("transfers lose their priority", FLOOR, '            rule.priority,', '            rule.priority if first else 0,'),
    ("those there already are asked whether it is open", SIMPY, 'if past is None and not opens <= now < closes', 'if not opens <= now < closes'),
    ("those there already have just come", SIMPY, 'since = past.since_us if past else now', 'since = now'),
    ("those there already queue behind", LISTS, 'while before >= 0 and times[before, ARRIVED] >= since:', 'while before >= 0 and times[before, ARRIVED] > now:'),
    ("those there already may be turned away", COMPILED, 'elif lines and leg == 0 and begun == COMES and 0 <=', 'elif lines and leg == 0 and 0 <='),
    ("those told to be there may be away", FLOOR, 'if edge < certain_us:', 'if False:'),
    ("a message does not hold the line", SIMPY, 'if outcome == "message":\n            self._hang', 'if False:\n            self._hang'),
    ("a message holds the line for ever", COMPILED, 'facts[row, STATE] = GONE\n                    in_use[facts[row, CHANNEL]] -= 1\n                    continues', 'facts[row, STATE] = GONE\n                    continues'),
    ("everybody leaves a message", COMPILED, 'if now < times[row, GIVES_UP]:', 'if True:'),
    ("the answering machine never answers", SIMPY, 'if longest_us < gives_up_us:', 'if False:'),
    ("nobody is sent away at closing time", SEATS, 'if waiting.waits and waiting.channel == channel:', 'if False:'),
    ("one channel closes for another", COMPILED, '                                facts[row, CHANNEL] == -1 - team\n', '                                facts[row, CHANNEL] != -1 - team\n'),
    ("closing comes a second late", SEATS, 'us(closes_s)', 'us(closes_s) + 1_000_000'),
    ("those sent away keep their line", COMPILED, '                                in_use[facts[row, CHANNEL]] -= 1\n', ''),
    ("nobody is promoted", SEATS, 'if waiting.waits and not waiting.gone:\n            self._queue', 'if False:\n            self._queue'),
    ("the promoted keep their queue", COMPILED, 'if queue_promoted[queue] >= 0 and now - times[row, ARRIVED] >= queue_promoted_us[queue]:', 'if False:'),
    ("timers come after matching", SEATS, 'event_key(EventClass.TIMER, *', 'event_key(EventClass.GIVE_UP, *'),
    ("weights change nothing", COMPILED, 'waited = queue_weight[queue] *', 'waited = 1000 *'),
    ("a team that helps out late never looks again", COMPILED, 'if now < at_us <= horizon_us:', 'if False:'),
    ("a team helps out at once", SEATS, 'if option.after_us and waited_us', 'if False and waited_us'),
    ("no agent is reserved", COMPILED, '                                    able <= place_keeps_idle[place]\n', '                                    able <= 0\n'),
    ("one reserved agent too few", SEATS, 'team.able(option.room) + soft <= option.keeps_idle', 'team.able(option.room) + soft < max(option.keeps_idle, 1)'),
    ("random takes the first", SEATS, 'left = int(u *', 'left = 0 * int(u *'),
    ("random counts teams, not agents", COMPILED, 'free += able', 'free += 1'),
    ("the longest idle is the shortest", SEATS, 'return min((team for', 'return max((team for'),
    ("everybody retells", COMPILED, 'notes[row, RETELLING] = transfer_retelling[passed]', 'notes[row, RETELLING] = transfer_retelling.max()'),
    ("retelling takes no time", SIMPY, 'if by is not None and by.retelling is not None:', 'if False:'),
    ("a busy team is waited for", COMPILED, 'if transfer_if_busy[passed]:\n                                patience_us = 0', 'if False:\n                                patience_us = 0'),
    ("the second wait has the first patience", SIMPY, 'word = (leg.attempt << 12) | leg.leg\n        u = uniform(self.luck.seed, self.luck.plan, entity, word, int(Purpose.PATIENCE), 0)', 'word = (leg.attempt << 12)\n        u = uniform(self.luck.seed, self.luck.plan, entity, word, int(Purpose.PATIENCE), 0)'),
    ("no transfer cuts off", SIMPY, '< to.cut_off:', '< 0:'),
    ("one cut off is passed on all the same", COMPILED, '                            if not cut:\n', '                            if True:\n'),
    ("every answer settles the matter", COMPILED, 'settled = UNRESOLVED\n', 'settled = RESOLVED\n'),
    ("those answered in vain come back as soon as others", COMPILED, 'law_of = retry_law_unresolved', 'law_of = retry_law'),
    ("patience does not wear out", SIMPY, 'if retry.patience_factor != 1:', 'if False:'),
    ("a colleague talks to nobody", SIMPY, 'yield from self._ask_in(conference, contact, entity, mine)', 'simpy.Process(self.clock, self._ask_in(conference, contact, entity, mine))'),
    ("a colleague has work after a conference", COMPILED, 'law, purpose = conference_law[notes[notes[best, PRIMARY], ASKED]], _CONFERENCE_TIME\n', 'law, purpose = conference_law[notes[notes[best, PRIMARY], ASKED]], _SERVICE\n'),
    ("a conference is waited for", SIMPY, '_Comes(0, "blocked")', '_Comes(90_000_000, "blocked")'),
    ("conversations do not slow each other down", TALKS, 'rate = speed[base + seats.load[seat] - 1]', 'rate = speed[base]'),
    ("progress is reckoned at the new speed", SEATS, 'self._reckon(team, desk)\n        desk.load += points', 'desk.load += points\n        self._reckon(team, desk)'),
    ("a conversation that goes speeds nobody up", SEATS, '        self._look_ahead(team, desk)\n\n    def _want', '\n    def _want'),
    ("a new contact goes to who has most to do", SEATS, 'heappush(self.idle, (self.desks[seat].load if', 'heappush(self.idle, (-self.desks[seat].load if'),
    ("one point too many", SEATS, 'sum(self.desks[seat].load <= room', 'sum(self.desks[seat].load <= room + 1'),
    ("points are given back one by one", COMPILED, 'shared.load[seat] -= notes[released, POINTS]', 'shared.load[seat] -= 1'),
    ("who is to leave takes others", TALKS, 'seats.load[seat] < points and not seats.leaving[seat]:', 'seats.load[seat] < points:'),
    ("who is to leave leaves among conversations", SEATS, 'if not desk.load:\n', 'if True:\n'),
    ("who has most to do is to leave", COMPILED, 'if stays and (goes < 0 or shared.load[seat] <= shared.load[goes])', 'if stays and (goes < 0 or shared.load[seat] >= shared.load[goes])'),
    ("nobody stays after all", SEATS, 'for seat in leaving[: max(target - len(staying), 0)]:', 'for seat in []:'),
    ("an end that was thought of stands", COMPILED, 'if shared.next_row[seat] != row or shared.next_us[seat] != now:', 'if shared.next_row[seat] != row:'),
    ("ends are rounded down", TALKS, '+ rate - 1, 0) // rate', ', 0) // rate'),
    ("nobody balks", COMPILED, 'notes[late, WAIT_END] = BALKED\n', 'notes[late, WAIT_END] = ABANDONED\n'),
    ("the first band counts", SIMPY, 'for begins, share in reversed(told.balks)', 'for begins, share in told.balks'),
    ("one who is next is told of nobody", SIMPY, 'self.floor.ahead_of(waiting) + 1, waiting', 'self.floor.ahead_of(waiting), waiting'),
    ("the announced wait forgets who is there", SEATS, 'len(team.on_duty_since) * team.team.rate()', 'team.team.rate()'),
    ("an announcement moves no patience", COMPILED, 'factor = patience_factor[band]', 'factor = 1000'),
    ("who is called back gives up", COMPILED, 'last, leg, since = row, wide(facts[row, LEG]) + 1, times[row, ARRIVED]', 'last, leg, since, patience_us = row, wide(facts[row, LEG]) + 1, times[row, ARRIVED], 60_000_000'),
    ("a callback takes no line", COMPILED, '                        in_use[channel] += 1\n                        by =', '                        by ='),
    ("everybody is reached", SIMPY, 'if not self._drawn_below(comes.called_back', 'if False and not self._drawn_below(comes.called_back'),
    ("an offer takes everybody", COMPILED, 'heard >= callback_from[channel] and', 'True and'),
    ("who leaves without a sign leaves the queue", SEATS, 'if waiting.waits and waiting.found and waiting.ends', 'if False and waiting.ends'),
    ("an agent sees at once that nobody is there", COMPILED, 'alone_us = silent_detected_us[facts[best, CHANNEL]]', 'alone_us = 0'),
    ("the gone outlive closing time", COMPILED, 'facts[row, CHANNEL] == -1 - team and facts[row, STATE] == VANISHED', 'False'),
    ("a page passes on those who found their answer", SIMPY, 'if found or leg.leg >= LEG_MOST:', 'if leg.leg >= LEG_MOST:'),
    ("who comes from a page waits for ever", SIMPY, 'NEVER_US if answered else patience)', 'NEVER_US)'),
    ("anyone is the first team", COMPILED, 'if more and transfer_to[passed] < 0:', 'if False:'),
    ("the morning's law holds all day", COMPILED, 'if now >= from_us[day, change]:', 'if False:'),
    ("the evening's law holds all day", SIMPY, 'if now >= us(self.local.at_s(day, from_s)))', 'if True)'),
    ("time on hold is not held", COMPILED, 'until_us += notes[best, HOLD]', 'until_us += 0'),
    ("time on hold counts as talk", SIMPY, 'talk_us += leg.hold_us', 'talk_us += leg.hold_us; leg.hold_us = 0'),
    ("the work after a talk has one law", COMPILED, 'law = wrap_law_of[cell] if more else wrap_law[team]', 'law = wrap_law[team]'),
    ("all agents are as fast", COMPILED, 'until_us - now, seat_speed[seat],', 'until_us - now, 1000,'),
    ("all agents are as good", SIMPY, 'self.good.get(str(leg.agent), share)', 'share'),
    ("nobody tires", SIMPY, '_speed(team, seat), team.team.fatigue,', '_speed(team, seat), 0.0,'),
    ("agents tire for ever", SEATS, 'team.busy_us[seat] = 0', 'team.busy_us.setdefault(seat, 0)'),
    ("talk among others is not counted as busy", COMPILED, 'if spot > spots_at[chosen] or lays_aside:', 'if lays_aside:'),
    ("waits make no talk longer", COMPILED, 'slower[chosen], slower_most[chosen], now', '0.0, slower_most[chosen], now'),
    ("every promise is kept", SIMPY, 'if u < promise.kept:', 'if True:'),
    ("who is promised something never comes back", COMPILED, 'if attempt < chase_most[made] and (', 'if False and ('),
    ("who has what was promised comes all the same", COMPILED, 'if more and source == _HEAP and notes[row, PROMISE] >= 0 and 0 <= notes[row, KEPT] <= now:', 'if False:'),
    ("they come back without patience", SIMPY, 'patience = scaled_us(fresh, round(1000 * chase.patience_factor))', 'patience = 0'),
    ("nobody asks elsewhere for what was promised", COMPILED, 'channel = chase_to[hop]', 'channel = channel'),
    ("no work order fails", SIMPY, 'failed = self._drawn_below(promise.fails, _WORK_FAILS, entity, work)', 'failed = False'),
    ("a work order has no work after it", COMPILED, 'settled, notes[notes[row, PRIMARY], KEPT] = RESOLVED, now', 'settled = RESOLVED'),
    ("a promise that is forgotten settles the matter", COMPILED, 'notes[row, PROMISE], notes[row, DUE], settled = made, due_us, UNRESOLVED', 'notes[row, PROMISE], notes[row, DUE], settled = made, due_us, RESOLVED'),
    ("a warm transfer lets the agent go at once", SIMPY, 'self._let_go(comes.held_by, leg.answered_us + over_us, contact, entity)', 'self._let_go(comes.held_by, leg.answered_us, contact, entity)'),
    ("the story takes no time", COMPILED, 'until_us += over_us\n', 'until_us += 0\n'),
    ("nobody waits in vain with a customer", COMPILED, 'if more and notes[row, PRIMARY] >= 0:  # the agent', 'if False:  # the agent'),
    ("whoever is cut off is called", COMPILED, 'uniform(seed, desk, entity, word, _CALLS_BACK, 0) < called', 'True'),
    ("who calls back knows nothing", SIMPY, 'leg.history, comes = True,', 'comes ='),
    ("they call at once", SIMPY, 'mine, due_us, due_us, line)', 'mine, self.clock.now_us, self.clock.now_us, line)'),
    ("everybody called is there", COMPILED, 'callback_reached[channel] if by < 0 else calls_reached[by]', 'callback_reached[channel] if by < 0 else 1.0'),
    ("who leaves the queue comes back at once", SEATS, 'yield left_us, seat, now_us', 'yield left_us, seat, left_us'),
    ("one time away cuts another short", FLOOR, 'max(ready_us[away[spell, 1]], away[spell, 2])', 'away[spell, 2]'),
    ("nobody lays anything aside", SIMPY, 'tuple(team.lays_aside_for(channel) and not work for team in told)', 'tuple(False for team in told)'),
    ("orders interrupt too", COMPILED, 'queue = order_queue[promise_by[made],', 'queue = transfer_queue[promise_by[made],'),
    ("what was laid aside begins anew", SEATS, 'self.clock.now_us, task.ends_us + for_us,', 'self.clock.now_us, task.ends_us,'),
    ("who is at it shortest is interrupted", COMPILED, 'doing_since[one] < doing_since[seat]', 'doing_since[one] > doing_since[seat]'),
    ("one of equal rank who is idle is not asked", SEATS, '            if team.idle_since:\n                return team, option, False\n', ''),
    ("work is done while it lies aside", COMPILED, 'notes[row, ASIDE_US] += for_us', 'notes[row, ASIDE_US] += 0'),
    ("who is briefed begins anew", COMPILED, 'until_us = now + notes[best, LEFT_US]', 'until_us += 0'),
    ("a shift that ends is one that pauses", SIMPY, 'own and team.hands_over and', 'False and'),
    ("pauses end shifts", SEATS, 'begins_us in over_us', 'True'),
    ("the lowest seat goes home first", SEATS, 'for seat in sorted(team.on_duty_since, reverse=True):', 'for seat in sorted(team.on_duty_since):'),
    ("who stays on goes home after one more", SEATS, 'target += team.staying', 'target += 0'),
    ("who stays on never goes home", COMPILED, '                        some_stay, match_wanted = True, True\n', '                        some_stay, match_wanted = False, True\n'),
    ("a chat that is passed on takes as much as before", SEATS, 'HandedOver(-(-max(talk.left, 0) // FULL_SPEED))', 'HandedOver(max(talk.left, 0))'),
    ("agents answer all at once", SEATS, 'if team.one_by_one and desk.talks:', 'if False:'),
    ("each answer takes a whole talk", COMPILED, 'work_us // turns_of[team, facts[row, CHANNEL]]', 'work_us'),
    ("the first answer takes a whole talk", SIMPY, 'talk_us //= team.team.turns_of(leg.channel)', 'talk_us //= 1'),
    ("customers reply by the desk's luck", COMPILED, 'u = uniform(seed, plan, entities[wide(facts[row, NUMBER])], word, _REPLY', 'u = uniform(seed, desk, entities[wide(facts[row, NUMBER])], word, _REPLY'),
    ("who replied last is answered first", SEATS, 'desk.asks.popleft()', 'desk.asks.pop()'),
    ("timers of the wait are taken for replies", COMPILED, 'if facts[row, STATE] == REPLYING and notes[row, DONE_AT] == now:', 'if facts[row, STATE] == REPLYING:'),
    ("equals are those of one rank", FLOOR, 'tuple(team.asked_as(intent) for team in told)', 'tuple(team.rank(intent) for team in told)'),
    ("a clock passes on whatever ends", COMPILED, 'if more and by >= 0 and now - times[row, ANSWERED] < transfer_after_us[by]:', 'if False:'),
    ("a warm transfer heeds no clock", COMPILED, 'if warm and now - times[row, ANSWERED] >= transfer_after_us[by]:', 'if warm:'),
    ("clocks end no talk", SIMPY, 'return min(ends_us, leg.answered_us + us(to.after_s))', 'return ends_us'),
    ("who had little time was on hold for more", SIMPY, 'leg.hold_us = min(leg.hold_us, us(to.after_s))', 'pass'),
    ("after one pair nobody looks for another", SEATS, 'others = others or bool(source)', 'pass'),
    ("pairs in other lines are forgotten", SEATS, 'others = others or (best is not None and best[4] != order)', 'pass'),
    ("the sick are away for an hour", FLOOR, 'days[place], _SICK', 'edge // 3_600_000_000, _SICK'),
    ("nobody is late", SEATS, 'yield at_us, seat, at_us + late_us', 'yield at_us, seat, at_us'),
    ("conduct is the customers' luck", LIVES, 'behave(ledger, conduct, facts[row, _TEAM], kind, seed, desk, entity, word)', 'behave(ledger, conduct, facts[row, _TEAM], kind, seed, 0, entity, word)'),
    ("all teams behave like the first", LIVED, 'self._teams[leg.team], end, luck.seed', '0, end, luck.seed'),
    ("conduct of later attempts is that of the first", LIVED, 'visit(0, leg.attempt, leg.leg)', 'visit(0, 1, leg.leg)'),
    ("talks that go on have been answered", LIVES, 'by_person and times[row, _ENDED] >= 0:', 'by_person:'),
    ("the log tells of conduct in talks that go on", CONDUCT, 'if person == 1 and ended[leg]:', 'if person == 1:'),
    ("right answers contradict each other", CONDUCT, ' & (pairs["wrong_before"] != pairs["wrong"])', ''),
    ("all are late alike", FLOOR, 'key = seed, replication, int(roster.entities[seat]), at_us', 'key = seed, replication, int(roster.entities[0]), at_us'),
]  # fmt: skip


def survives(mutant: Mutant) -> str | None:
    """Put a fault into a copy of our rooms; return what was said if nobody noticed, None if it was caught."""
    name, file, old, new = mutant
    with TemporaryDirectory() as folder:
        for room in ("scenarios", "results", "simulator", "tests/simulator"):
            shutil.copytree(TOP / room, Path(folder, room), ignore=shutil.ignore_patterns("__pycache__"))
        for module in ("__init__.py", "written.py"):
            shutil.copy(TOP / "tests" / module, Path(folder, "tests"))
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
