"""What all tests share: in which order they begin, and a garbage collector that leaves alone what collecting loaded."""

from __future__ import annotations

import gc

import hypothesis
import pytest

import testdrive

hypothesis.settings.register_profile("suite", deadline=None)  # the workers share cores, so time says little
hypothesis.settings.load_profile("suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin the files that are marked `long` first: at the end one would keep the whole suite waiting."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Take what is loaded out of the collector's way: looking through it took half of what a test of a probe costs."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(testdrive.GARBAGE_LEAST)
