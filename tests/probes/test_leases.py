"""The master's book of who may play which shards."""

from probes.crowd.leases import LOST_S, Leases


def book(*parts: str) -> Leases:
    leases = Leases(4)
    for part in parts:
        leases.join(part, 0.0)
    leases.deal()
    return leases


def test_a_run_is_not_played_while_somebody_is_busy_or_has_not_begun_what_it_gained() -> None:
    """Without it a run would end before the customers that a part has just taken over."""
    leases = book("a", "b")
    leases.tell_idle("a", 2, idle=True)
    assert not leases.is_played()
    leases.leave("b")
    leases.deal()
    assert not leases.is_played(), "a told of two shards, and holds four"
    leases.tell_idle("a", 4, idle=True)
    assert leases.is_played()


def test_a_part_that_reached_the_horizon_and_went_has_played_its_shards() -> None:
    """Without it a run that comes to its horizon would wait for another part, and call itself interrupted."""
    leases = book("a")
    leases.tell_done("a")
    leases.leave("a")
    assert leases.is_played()
    assert leases.lost == []


def test_nobody_s_shards_are_not_played() -> None:
    """Without it a run whose only worker died would pass for one that was played."""
    leases = book("a")
    leases.tell_idle("a", 4, idle=True)
    leases.leave("a")
    assert not leases.is_played()


def test_who_was_lost_does_not_come_back() -> None:
    """Without it a worker that was thought dead would hold shards that another plays."""
    leases = book("a", "b")
    leases.heard("a", 1.0 + LOST_S)
    assert leases.expire(1.0 + LOST_S) == ["b"]
    assert not leases.join("b", 2.0 + LOST_S)
    assert leases.deal() == ["a"]
    assert len(leases.held("a")) == 4
