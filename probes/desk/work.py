"""The agents' work: how long a contact is handled, what is said when, and to whom it is passed on.

The same for chat and form: a handling is drawn from the scenario's law by the desk's luck, changed by misconduct, and
played as a script of timed acts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from probes.desk.luck import DeskLuck
from probes.desk.phrases import Phrases
from scenarios.laws import LawRow, law_row
from scenarios.misconduct import Misconduct
from scenarios.reading import LoadedScenario
from scenarios.scenario import ANYONE, Channel

SAYS = Callable[[str, str], None]


@dataclass(frozen=True)
class Act:
    """Something an agent does: `say` a text, show `typing`, `transfer` to a team, or `close`."""

    after_s: float
    what: str
    text: str = ""
    to_team: str = ""
    history_carried: bool = False


@dataclass(frozen=True)
class Handling:
    """One agent's part in a contact: its acts in order, and how long the agent is busy in all."""

    agent: str
    acts: tuple[Act, ...]
    busy_s: float
    silent: bool
    asks_again: bool
    wrong_fact: bool
    conduct: tuple[str, ...] = ()
    """Labels of conduct that were seeded in what is said."""


OPENS = ("greeting", "automatic_reply", "bot", "thanks", "apology", "empathy")
CLOSES = ("closing_anything_else", "feedback_request", "feedback_over_two_questions")
IMPLIES = {"feedback_over_two_questions": "feedback_request", "transfer_explained": "transfer_announced"}
"""What shows whenever the other does."""


class Work:
    """Draws handlings."""

    def __init__(self, loaded: LoadedScenario, luck: DeskLuck, misconduct: Misconduct, phrases: Phrases) -> None:
        self._loaded, self._luck, self._misconduct, self._phrases = loaded, luck, misconduct, phrases
        self._service = {
            name: {intent: law_row(law) for intent, law in team.service.items()}
            for name, team in loaded.scenario.teams.items()
        }
        self._wrap = {
            (name, intent): law_row(law)
            for name, team in loaded.scenario.teams.items()
            for intent in loaded.scenario.intents
            if (law := team.wrap_law(intent))
        }

    def handling(self, team: str, chair: int, intent: str, name: str) -> Handling:
        """Draw how an agent handles a contact."""
        luck, phrases, wrongs = self._luck, self._phrases, self._misconduct.of(team)
        talk_s = luck.time_s(self._service_law(team, intent)) * (1 + wrongs.slower)
        wrap_s = luck.time_s(self._wrap[team, intent]) if (team, intent) in self._wrap else 0.0
        agent = phrases.agents[chair % len(phrases.agents)]
        to_team, carried = self._passed_on(team, intent)
        silent, again, wrong = (luck.chance(p) for p in (wrongs.silent, wrongs.asks_again, wrongs.wrong_fact))

        def say(share: float, text: str) -> Act:
            return Act(share * talk_s, "say", text.replace("{name}", name).replace("{agent}", agent))

        if wrongs.conduct and not silent:
            return self._seeded(team, intent, agent, talk_s, wrap_s, wrong, say)
        acts = [] if silent else [say(0.0, phrases.one(phrases.greeting, luck))]
        if again and not silent:
            acts.append(say(0.3, phrases.one(phrases.asks_again, luck)))
        if to_team:
            if not silent:
                acts.append(say(1.0, phrases.one(phrases.transfer, luck)))
            acts.append(Act(talk_s, "transfer", to_team=to_team, history_carried=carried))
        else:
            if not silent:
                fact = phrases.fact(intent)
                acts.append(Act(0.6 * talk_s, "typing"))
                acts.append(say(0.75, fact.wrong if wrong else fact.right))
                acts.append(say(1.0, phrases.one(phrases.closing, luck)))
            acts.append(Act(talk_s, "close"))
        return Handling(agent, tuple(acts), talk_s + wrap_s, silent, again, wrong)

    def _seeded(
        self,
        team: str,
        intent: str,
        agent: str,
        talk_s: float,
        wrap_s: float,
        wrong: bool,
        say: Callable[[float, str], Act],
    ) -> Handling:
        """Draw a handling that says the fact, and of each seeded label a phrase as often as told."""
        luck, phrases = self._luck, self._phrases
        shares = self._misconduct.of(team).conduct
        shown = [label for label, share in sorted(shares.items()) if luck.chance(share)]
        told = {label: phrases.one(phrases.conduct[label], luck) for label in shown}
        fact = phrases.fact(intent)
        acts = [say(0.0 if not told else 0.01, told[label]) for label in OPENS if label in told]
        acts += [say(0.3, told[label]) for label in shown if label not in (*OPENS, *CLOSES)]
        acts += [Act(0.6 * talk_s, "typing"), say(0.75, fact.wrong if wrong else fact.right)]
        acts += [say(1.0, told[label]) for label in CLOSES if label in told]
        acts.append(Act(talk_s, "close"))
        labels = tuple(dict.fromkeys([*shown, *(IMPLIES[label] for label in shown if label in IMPLIES)]))
        return Handling(agent, tuple(acts), talk_s + wrap_s, False, "asks_again" in shown, wrong, labels)

    def takers(self, to_team: str, channel: Channel, intent: str) -> tuple[str, ...]:
        """Return the teams that may take a contact that was passed on."""
        return self._loaded.scenario.who_answers(channel, intent) if to_team == ANYONE else (to_team,)

    def page_answers(self, intent: str) -> bool:
        """Draw whether a self-service page holds this visitor's answer."""
        name = self._pages_of(intent)
        if name is None:
            return False
        return self._luck.chance(self._loaded.scenario.teams[name].contained_share(intent))

    def reading_s(self, intent: str) -> float:
        """Draw how long a visitor reads a self-service page; no time at all where there is none for the intent."""
        name = self._pages_of(intent)
        return 0.0 if name is None else self._luck.time_s(self._service_law(name, intent))

    def _pages_of(self, intent: str) -> str | None:
        scenario = self._loaded.scenario
        return next((name for name in scenario.who_takes("faq", intent) if scenario.teams[name].self_service), None)

    def _service_law(self, team: str, intent: str) -> LawRow:
        laws = self._service[team]
        return laws.get(intent) or laws["default"]

    def _passed_on(self, team: str, intent: str) -> tuple[str, bool]:
        rules = [
            rule
            for rule in self._loaded.scenario.transfers
            if rule.from_team == team and (rule.intents is None or intent in rule.intents)
        ]
        left = self._luck.number() if rules else 1.0
        for rule in rules:
            if left < rule.probability:
                return rule.to_team, rule.history_carried
            left -= rule.probability
        return "", False
