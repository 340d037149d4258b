"""docs/ladder.md: it has a rule for each rung, in their order."""

import re
from pathlib import Path

from results.log import RUNGS

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "ladder.md").read_text(encoding="utf-8")


def test_the_page_has_a_rule_for_every_rung() -> None:
    """Without it a rung could be added whose rule only who reads the code would find."""
    assert tuple(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == RUNGS
