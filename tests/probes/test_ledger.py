import datetime
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from probes.guard import Guard, RefusedByCharterError
from probes.ledger import BLOCK_MOST, Ledger, LedgerError, ledger_path
from scenarios.charter import read_charter
from tests.probes.charters import charter, charter_file

NOON = datetime.datetime(2026, 3, 3, 12, 0, tzinfo=datetime.UTC)
PROCESSES = multiprocessing.get_context("spawn")


def at(seconds: float) -> datetime.datetime:
    return NOON + datetime.timedelta(seconds=seconds)


def taken(ledger: Ledger, channel: str, when: datetime.datetime, tries: int) -> int:
    return sum(ledger.take(channel, when) is None for _ in range(tries))


def test_a_day_holds_its_contacts_and_no_more() -> None:
    """Without it a scenario with a slip in its demand could flood a desk that agreed to a few."""
    ledger = Ledger(charter(contacts_per_day_most=7, per_minute_most=100))
    assert taken(ledger, "chat", at(0), 10) == 7
    assert ledger.take("chat", at(40_000)) is not None
    reason = ledger.take("phone", at(3600))
    assert reason == "the day's 7 contacts are taken (2026-03-03)"


def test_a_day_is_one_of_the_charters_clock() -> None:
    """Without it a cap told for a day in Rome would begin anew in the middle of the evening."""
    told = charter(contacts_per_day_most=1, time_zone="Europe/Rome")
    ledger = Ledger(told)
    assert ledger.take("chat", at(10 * 3600)) is None
    assert ledger.take("chat", at(11 * 3600 - 1)) is not None  # 23:59:59 in Rome
    assert ledger.take("chat", at(11 * 3600)) is None


def test_no_minute_has_more_wherever_it_begins() -> None:
    """Without it twice the cap could come around the full minute."""
    ledger = Ledger(charter(contacts_per_day_most=1000, per_minute_most=5))
    begun = [second for second in range(600) for _ in range(3) if ledger.take("chat", at(second)) is None]
    assert len(begun) >= 45
    assert max(sum(first <= other < first + 60 for other in begun) for first in begun) == 5


def test_a_channel_has_caps_of_its_own() -> None:
    """Without it a phone line of two could get the twenty contacts that the chat bears."""
    told = charter(
        contacts_per_day_most=100, per_minute_most=100, time_zone="UTC",
        caps={"phone": {"per_minute_most": 2, "per_day_most": 3}},
    )  # fmt: skip
    ledger = Ledger(told)
    assert taken(ledger, "phone", at(0), 5) == 2
    assert taken(ledger, "chat", at(0), 5) == 5
    assert taken(ledger, "phone", at(70), 5) == 1
    assert ledger.take("phone", at(200)) == "the day's 3 contacts by phone are taken (2026-03-03)"


def test_runs_one_after_the_other_share_a_day(tmp_path: Path) -> None:
    """Without it starting a run anew would begin the day's count anew."""
    told = charter_file(tmp_path, contacts_per_day_most=4)
    for expected in (3, 1, 0):
        guard = Guard(read_charter(tmp_path / "charter.yaml"), now=lambda: at(0))
        assert taken(guard.ledger, "chat", at(0), 3) == expected
        guard.close()
    assert ledger_path(told) == tmp_path / "charter.ledger.sqlite"


def take_many(path: str, tries: int, begun: object, results: object) -> None:
    """Take places in a process of its own, as fast as can be."""
    guard = Guard(read_charter(Path(path)))
    begun.wait()  # type: ignore[attr-defined]
    won = 0
    for _ in range(tries):
        try:
            guard.begin_contact("chat")
        except RefusedByCharterError as error:
            if "are taken" not in str(error):
                raise  # the others were in the way
            continue
        won += 1
    guard.close()
    results.put(won)  # type: ignore[attr-defined]


@pytest.mark.parametrize("most", [150, 1500])
def test_processes_at_once_never_exceed_a_cap(most: int, tmp_path: Path) -> None:
    """Without it a load over several workers would each take the whole cap."""
    charter_file(tmp_path, contacts_per_day_most=most, per_minute_most=100_000)
    begun, results = PROCESSES.Barrier(3), PROCESSES.Queue()
    path = str(tmp_path / "charter.yaml")
    workers = [PROCESSES.Process(target=take_many, args=(path, most, begun, results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    won = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(30)
    assert sum(won) <= most
    assert sum(won) >= most - 3 * 15  # what the blocks of others held when it was last asked for
    if most == 150:
        assert sum(won) == most  # one by one, so that none is wasted


def take_and_wait(path: str, told: object) -> None:
    """Take three places and wait to be killed."""
    guard = Guard(read_charter(Path(path)))
    for _ in range(3):
        guard.begin_contact("chat")
    told.send("taken")  # type: ignore[attr-defined]
    signal.pause()


def test_a_place_stays_taken_when_its_contact_is_killed(tmp_path: Path) -> None:
    """Without it killing and starting again would be a way round the cap."""
    charter_file(tmp_path, contacts_per_day_most=5)
    ours, theirs = PROCESSES.Pipe()
    worker = PROCESSES.Process(target=take_and_wait, args=(str(tmp_path / "charter.yaml"), theirs))
    worker.start()
    assert ours.recv() == "taken"
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(30)
    guard = Guard(read_charter(tmp_path / "charter.yaml"))
    assert guard.ledger.today(datetime.datetime.now(datetime.UTC)) == 3
    assert taken(guard.ledger, "chat", datetime.datetime.now(datetime.UTC), 5) == 2
    guard.close()


def test_a_load_takes_places_in_blocks_and_gives_back_what_it_did_not_use(tmp_path: Path) -> None:
    """Without it a thousand contacts a second would each wait for the disk; or blocks would eat up the day."""
    told = charter_file(tmp_path, contacts_per_day_most=1_000_000, per_minute_most=1_000_000)
    ledger = Ledger(told, ledger_path(told))
    booked = count_calls(ledger, "_book")
    for second in range(3):
        assert taken(ledger, "chat", at(second), 1000) == 1000
    assert len(booked) <= 3 * (1000 // BLOCK_MOST + 1)
    ledger.close()
    other = Ledger(told, ledger_path(told))
    assert other.today(at(3)) == 3000
    other.close()


def count_calls(ledger: Ledger, name: str) -> list[str]:
    calls: list[str] = []
    method: Callable[..., object] = getattr(ledger, name)

    def counted(*arguments: object) -> object:
        calls.append(name)
        return method(*arguments)

    setattr(ledger, name, counted)
    return calls


def test_a_block_counts_in_the_minute_in_which_it_is_used() -> None:
    """Without it places that were taken at leisure could be used all at once, beside another minute's."""
    ledger = Ledger(charter(contacts_per_day_most=1_000_000, per_minute_most=12_800))
    assert taken(ledger, "chat", at(0), 1) == 1
    assert taken(ledger, "chat", at(50), 63) == 63
    assert taken(ledger, "chat", at(62), 13_000) == 12_800 - 63


def test_channels_that_take_turns_keep_their_blocks() -> None:
    """Without it two channels at once would throw away each other's places, and every contact would wait."""
    ledger = Ledger(charter(contacts_per_day_most=1_000_000, per_minute_most=1_000_000))
    booked = count_calls(ledger, "_book")
    for _ in range(500):
        assert ledger.take("chat", at(0)) is None
        assert ledger.take("form", at(0)) is None
    assert len(booked) <= 2 * (500 // BLOCK_MOST + 1)


def test_a_ledger_that_cannot_be_written_lets_nothing_begin(tmp_path: Path) -> None:
    """Without it a folder that is read-only would silently lift every cap."""
    told = charter_file(tmp_path)
    (tmp_path / "charter.ledger.sqlite").write_text("this is no database, and long enough to be taken for none")
    with pytest.raises(RefusedByCharterError, match="cannot be counted"):
        Guard(told).begin_contact("chat")
    with pytest.raises(LedgerError, match="cannot be read"):
        Ledger(told, ledger_path(told)).today(at(0))


def test_a_charter_without_a_file_counts_in_the_folder_it_is_given(tmp_path: Path) -> None:
    """Without it two processes that play on one rehearsal desk could not share its cap."""
    told = charter(contacts_per_day_most=3)
    first, second = Guard(told, tmp_path), Guard(told, tmp_path)
    first.begin_contact("chat")
    second.begin_contact("chat")
    first.begin_contact("chat")
    with pytest.raises(RefusedByCharterError, match="3 contacts are taken"):
        second.begin_contact("chat")
    alone = Guard(told)
    alone.begin_contact("chat")
    for guard in (first, second, alone):
        guard.close()
