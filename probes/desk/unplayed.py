"""What a scenario says that the rehearsal desk does not do yet: whoever compares with it must know.

Holds the list alone; a key leaves it when the desk learns to act on it.

>>> from scenarios.reading import HERE, load_scenario
>>> unplayed(load_scenario(HERE / "quiet_tuesday.yaml").scenario)
[]
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from scenarios.scenario import ChannelHours, Retry, Scenario, Team, Transfer

_CHANNEL: dict[str, object] = {"message": None, "at_close": "served", "announcement": None, "silent": None}
_TEAM: dict[str, object] = {
    "concurrency": 1, "interruptible": [], "takes_after_s": {}, "keeps_idle": {}, "resolves": 1.0, "service_from": {},
    "hold": None, "named": [], "fatigue": 0.0, "slower_after_wait": None, "sick": 0.0, "late": None, "off_queue": None,
    "at_shift_end": "finishes", "turns": {}, "asked": {}, "conduct": None,
}  # fmt: skip
_TRANSFER: dict[str, object] = {
    "retelling": None, "patience": None, "if_busy": "waits", "cut_off": 0.0, "escalates": False, "hand_over": None,
    "calls_back": None, "after_s": None,
}  # fmt: skip

_RETRY: dict[str, object] = {
    "probability_cut_off": 0.0, "probability_cleared": 0.0, "probability_unresolved": 0.0, "after_unresolved": None,
}  # fmt: skip


def unplayed(scenario: Scenario) -> list[str]:
    """Return the keys of a scenario that the rehearsal desk leaves alone, each once."""
    return list(dict.fromkeys(_found(scenario)))


def no_telephone(scenario: Scenario, virtual: bool) -> str:
    """Say why the desk of a scenario with a telephone opens none; nothing where it opens one, or has none to open."""
    if "phone" not in scenario.channels:
        return ""
    if virtual:
        return "the virtual clock carries no telephone; calls are played with --clock real"
    if importlib.util.find_spec("aiosipua") is None or importlib.util.find_spec("aiortp") is None:
        return "the telephone needs the extra `phone`: pip install 'testdrive-cx[phone]'"
    return ""


def _found(scenario: Scenario) -> Iterator[str]:
    for hours in scenario.channels.values():
        yield from (f"channels.{key}" for key in _said(hours, _CHANNEL))
    for team in scenario.teams.values():
        yield from (f"teams.{key}" for key in _said(team, _TEAM))
    for transfer in scenario.transfers:
        yield from (f"transfers.{key}" for key in _said(transfer, _TRANSFER))
        if scenario.teams[transfer.from_team].self_service if transfer.from_team in scenario.teams else False:
            yield "transfers from a self-service team"
    for retry in scenario.retry.values():
        yield from (f"retry.{key}" for key in _said(retry, _RETRY))
    for rule in scenario.priorities:
        yield from (
            f"priorities.{key}" for key, usual in (("weight", 1.0), ("promoted", None)) if getattr(rule, key) != usual
        )
    if scenario.routing.among_equals != "first":
        yield "routing"
    yield from (key for key in ("conferences", "promises") if getattr(scenario, key))


def _said(told: ChannelHours | Team | Transfer | Retry, usual: dict[str, object]) -> Iterator[str]:
    return (key for key, value in usual.items() if getattr(told, key) != value)
