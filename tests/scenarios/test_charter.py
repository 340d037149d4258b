import datetime
from pathlib import Path

import pytest

from scenarios.charter import Charter, charter_hash, is_loopback, read_charter
from scenarios.charter_parts import AllowedHost, QuietSpell
from scenarios.models import write_model

FIRST = """
owner: Us
kind: own
consent: ours
purpose: practice
valid_from: "2026-01-01T00:00:00+00:00"
valid_until: "2027-01-01T00:00:00+00:00"
emergency_contact: us
allow: [{host: 127.0.0.1, ports: [8010]}]
marker_key: change-me-please
"""
"""A charter as the first version had it."""


def test_a_charter_of_the_first_version_allows_least_of_what_came_later(tmp_path: Path) -> None:
    """Without it a key that was added later could allow by default what nobody agreed to."""
    path = tmp_path / "c.yaml"
    path.write_text(FIRST)
    told = read_charter(path)
    assert told.allows("127.0.0.1", 8010)
    assert (told.contacts_per_day_most, told.per_minute_most, told.recording) == (20, 20, "none")
    nothing = (told.mailboxes, told.numbers, told.effects, told.proof, told.stop_files(), told.staff_told)
    assert not any(nothing)
    assert told.outputs.model_dump(exclude_none=True) == {}
    assert told.local(datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC)).utcoffset() == datetime.timedelta(0)


def test_a_charter_that_is_written_and_read_again_is_the_same_charter(tmp_path: Path) -> None:
    """Without it the charter that a rehearsal desk writes could not be the one that its runs were played under."""
    (tmp_path / "c.yaml").write_text(FIRST)
    told = read_charter(tmp_path / "c.yaml")
    full = Charter.model_validate(
        told.model_dump()
        | {
            "proof": {"kind": "well_known"}, "time_zone": "Europe/Rome", "caps": {"phone": {"per_day_most": 3}},
            "quiet_hours": [{"begins": "22:00", "ends": "07:00"}], "effects": ["order"], "numbers": ["+390612345678"],
            "allow": [{"host": "10.0.0.0/16", "ports": [443, "16384-16484"]}], "stop_file": "stop",
            "personas": {"mailboxes": ["a+{mark}@example.net"]}, "outputs": {"judge": "https://judge.example.net/v1"},
        }
    )  # fmt: skip
    write_model(tmp_path / "full.yaml", full)
    again = read_charter(tmp_path / "full.yaml")
    assert again.model_dump() == full.model_dump()
    assert charter_hash(again) == charter_hash(full)
    assert again.stop_files()[0] == tmp_path / "stop"
    assert again.file == tmp_path / "full.yaml"


@pytest.mark.parametrize(
    ("host", "same"),
    [("Desk.Example.Org.", True), ("desk.example.org", True), ("xdesk.example.org", False), ("example.org", False)],
)
def test_a_name_is_one_name_in_any_spelling(host: str, same: bool) -> None:
    """Without it a dot at the end would be a way round the list, or off it."""
    assert AllowedHost(host="desk.example.org", ports=[443]).allows(host, 443) is same


def test_what_looks_like_this_machine_is_not() -> None:
    """Without it a stranger's name with localhost in it would bear load without proof."""
    for host in ("127.0.0.1", "::1", "[::1]", "localhost", "LOCALHOST.", "127.9.9.9", "::ffff:127.0.0.1"):
        assert is_loopback(host), host
    for host in ("localhost.example.org", "127.0.0.1.example.org", "0.0.0.0", "10.0.0.1", "2130706433", ""):
        assert not is_loopback(host), host


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        ("2026-03-28T22:59", False),
        ("2026-03-28T23:00", True),
        ("2026-03-29T01:59", True),
        ("2026-03-29T03:00", True),
        ("2026-03-29T05:59", True),
        ("2026-03-29T06:00", False),
        ("2026-03-29T23:30", False),
    ],
)
def test_a_quiet_night_is_one_when_clocks_change_too(at: str, quiet: bool) -> None:
    """Without it the night on which clocks change would be an hour too short or too long."""
    spell = QuietSpell(days=["saturday"], begins="23:00", ends="06:00")
    assert spell.holds_at(datetime.datetime.fromisoformat(at)) is quiet
