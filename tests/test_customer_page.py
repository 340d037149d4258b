"""docs/customer_experience.md: every key it names is one of the language, every figure one of the registry."""

import re
from pathlib import Path

import pytest

from scenarios.metric_names import ALL_NAMES
from scenarios.scenario import Scenario

PAGE = Path(__file__).resolve().parents[1] / "docs" / "customer_experience.md"
ROWS = [
    line.split("|")[1:4] for line in PAGE.read_text().splitlines() if line.startswith("| ") and "said by" not in line
]
KEYS = sorted({key for row in ROWS for key in re.findall(r"`([a-z_]+(?:\.[a-z_]+)*)`", row[1])} - {"faq"})
FIGURES = sorted({name for row in ROWS for name in re.findall(r"`([a-z_0-9]+)`", row[2])})


def _parts(node, whole):
    """Return the schemas a schema may stand for: what it refers to, its alternatives, items and values."""
    if "$ref" in node:
        yield from _parts(whole["$defs"][node["$ref"].rsplit("/", 1)[1]], whole)
        return
    yield node
    for word in ("anyOf", "oneOf", "allOf"):
        for one in node.get(word, []):
            yield from _parts(one, whole)
    for one in node.get("patternProperties", {}).values():
        yield from _parts(one, whole)
    for word in ("items", "additionalProperties"):
        if isinstance(node.get(word), dict):
            yield from _parts(node[word], whole)


def _has(key, whole):
    nodes = [whole]
    for word in key.split("."):
        found = [
            part["properties"][word]
            for node in nodes
            for part in _parts(node, whole)
            if word in part.get("properties", {})
        ]
        nodes = found
    return bool(nodes)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_the_page_is_one_of_the_language(key):
    """Without it the page could promise a key that was renamed, or that never was."""
    assert _has(key, Scenario.model_json_schema())


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_the_page_is_one_of_the_registry(name):
    """Without it the page could name a figure that nothing shows."""
    assert name in ALL_NAMES


def test_the_page_has_the_lines_of_the_articles():
    """Without it the table could be emptied and every test above pass."""
    assert len(ROWS) > 35
    assert len(KEYS) > 40
    assert len(FIGURES) > 20
