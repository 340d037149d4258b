import pytest

from probes.desk.unplayed import unplayed
from scenarios.reading import HERE, load_scenario
from scenarios.scenario import ChannelHours, Retry, Team, Transfer
from tests.written import exactly

PLAYED = {
    ChannelHours: {"opens", "closes", "hours", "lines", "journey"},
    Team: {
        "channels", "skills", "ranks", "self_service", "contained", "service", "wrap", "agents", "agents_csv",
        "agents_on", "shifts", "shrinkage", "shrinkage_block_minutes", "points", "speeds",
    },
    Retry: {"probability", "probability_blocked", "after", "attempts_most", "patience", "patience_factor", "to"},
    Transfer: {"from_team", "to_team", "probability", "intents", "history_carried"},
}  # fmt: skip
"""What the desk, and the crowd that comes to it, act on; `points` and `speeds` say nothing without `concurrency`."""

OTHERS = [(kind, key) for kind, played in PLAYED.items() for key in sorted(set(kind.model_fields) - played)]


@pytest.mark.parametrize(("kind", "key"), OTHERS, ids=lambda one: getattr(one, "__name__", one))
def test_each_key_that_the_desk_does_not_act_on_is_told(kind, key):
    """Without it a new key would be simulated and not rehearsed, and the difference be told as the desk's."""
    scenario = load_scenario(HERE / "quiet_tuesday.yaml").scenario
    passes = Transfer.model_validate({"from": "chat_team", "to": "chat_team", "probability": 0.1})
    rooms = {
        ChannelHours: ("channels", "chat", scenario.channels["chat"]),
        Team: ("teams", next(iter(scenario.teams)), next(iter(scenario.teams.values()))),
        Retry: ("retry", "chat", Retry.model_validate({"probability": 0.5, "after": exactly(60)})),
        Transfer: ("transfers", None, passes),
    }
    room, name, usual = rooms[kind]
    for value, told in ((getattr(usual, key), []), ("something else", [f"{room}.{key}"])):
        said = usual.model_copy(update={key: value})
        changed = {**getattr(scenario, room), name: said} if name else [said]
        assert unplayed(scenario.model_copy(update={room: changed})) == told


def test_what_the_rehearsal_desk_leaves_alone_is_told():
    """Without it a day on the desk would be held against a simulation of promises and chats it never played."""
    told = unplayed(load_scenario(HERE / "broadband_move.yaml").scenario)
    assert {"promises", "teams.concurrency", "transfers.cut_off", "channels.silent", "teams.resolves"} <= set(told)
    assert "transfers from a self-service team" in told
    assert len(told) == len(set(told))


def test_a_scenario_that_the_desk_plays_whole_needs_no_warning():
    """Without it every run would begin with a warning, and none would be read."""
    assert unplayed(load_scenario(HERE / "quiet_tuesday.yaml").scenario) == []
