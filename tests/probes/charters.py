"""Charters for tests of the guard, valid for an hour around now unless a test says otherwise."""

import datetime
from pathlib import Path

from scenarios.charter import AllowedHost, Charter, read_charter
from scenarios.models import write_model


def charter(*allow: AllowedHost, **changes: object) -> Charter:
    """Return a charter that allows just these hosts."""
    now = datetime.datetime.now(datetime.UTC)
    facts: dict[str, object] = {
        "owner": "us",
        "kind": "own",
        "consent": "ours",
        "purpose": "test",
        "valid_from": (now - datetime.timedelta(hours=1)).isoformat(),
        "valid_until": (now + datetime.timedelta(hours=1)).isoformat(),
        "emergency_contact": "us",
        "allow": list(allow),
        "marker_key": "0123456789",
        **changes,
    }
    return Charter.model_validate(facts)


def charter_file(folder: Path, *allow: AllowedHost, **changes: object) -> Charter:
    """Write such a charter to a file and read it back."""
    path = folder / "charter.yaml"
    write_model(path, charter(*allow, **changes))
    return read_charter(path)
