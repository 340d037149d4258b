"""The folder of a run in which evidence lies: how much it may hold."""

from __future__ import annotations

from pathlib import Path

BYTES_MOST = 300_000_000
"""What comes after is not kept."""


def has_room(folder: Path) -> bool:
    """Say whether more evidence may be put there."""
    return not folder.is_dir() or sum(path.stat().st_size for path in folder.iterdir()) <= BYTES_MOST
