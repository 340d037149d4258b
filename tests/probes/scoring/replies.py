"""The labelled sample that lies beside a checkout of the whole project, and is no part of it."""

from pathlib import Path

import pytest

SAMPLE = Path(__file__).resolve().parents[4] / "shared" / "data" / "replies"

beside_the_sample = pytest.mark.skipif(
    not SAMPLE.parents[1].is_dir(), reason="the shared folder does not lie beside this clone"
)
"""Marks tests of the labelled sample: they skip only outside a checkout that has it."""
