"""docs/targets.md: its files are read as they stand, and it names every key and every target there is."""

import re
from pathlib import Path
from typing import Any

import pytest

from scenarios.reading import HERE
from scenarios.target import Target, read_target

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = (DOCS / "targets.md").read_text(encoding="utf-8")
ELSEWHERE = {"Phone", "Hearing", "MenuStep", "Sign", "Told", "VoiceRule", "Email", "Smtp", "Imap"}
"""What docs/phone.md and docs/email.md tell of."""
BLOCKS: list[str] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
TARGETS = sorted((HERE / "targets").glob("*.yaml"))


@pytest.mark.parametrize("text", BLOCKS, ids=lambda text: text.split("\n", 1)[0].removeprefix("target: "))
def test_a_file_of_the_page_is_a_target(text: str, tmp_path: Path) -> None:
    """Without it the page that people copy from could show what is no longer read."""
    assert text.startswith("target: "), "whole files only, so that they can be tried"
    path = tmp_path / "target.yaml"
    path.write_text(text, encoding="utf-8")
    assert read_target(path).wires or "pages" in text.split("\n", 1)[0]


def test_the_page_names_every_key() -> None:
    """Without it a key could be added that only who reads the code would find."""
    parts: dict[str, Any] = Target.model_json_schema(by_alias=True)
    here = [parts, *(part for name, part in parts["$defs"].items() if name not in ELSEWHERE)]
    keys = {key for part in here for key in part.get("properties", {})}
    assert {key for key in keys if not re.search(rf"\b{key}\b", PAGE)} == set()


def test_the_page_lists_the_targets_there_are() -> None:
    """Without it somebody would write what is written already."""
    rows = re.findall(r"^\| `(\w+\.yaml)` \|", PAGE, re.MULTILINE)
    assert sorted(rows) == [path.name for path in TARGETS]
