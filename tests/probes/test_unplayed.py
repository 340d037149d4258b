from probes.desk.unplayed import unplayed
from scenarios.reading import HERE, load_scenario


def test_what_the_rehearsal_desk_leaves_alone_is_told():
    """Without it a day on the desk would be held against a simulation of promises and chats it never played."""
    told = unplayed(load_scenario(HERE / "broadband_move.yaml").scenario)
    assert {"promises", "teams.concurrency", "transfers.cut_off", "channels.silent", "teams.resolves"} <= set(told)
    assert "transfers from a self-service team" in told
    assert len(told) == len(set(told))


def test_a_scenario_that_the_desk_plays_whole_needs_no_warning():
    """Without it every run would begin with a warning, and none would be read."""
    assert unplayed(load_scenario(HERE / "quiet_tuesday.yaml").scenario) == []
