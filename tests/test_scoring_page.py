"""docs/scoring.md: it names every fact, label and state there is, its card is read, and its figures are current."""

import json
import re
from pathlib import Path

import pytest

from probes.scoring.accuracy import score_files
from probes.scoring.facts import TYPES
from probes.scoring.published import ACCURACY, page_with, published_detectors, report_files
from results.score_page import PROMISE_STATES
from scenarios.conduct_labels import ASSISTS, GATES, LABELS
from scenarios.scorecard import Scorecard, read_scorecard

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "scoring.md").read_text(encoding="utf-8")


def test_the_page_names_every_type_label_and_state() -> None:
    """Without it a rule could be added that only who reads the code would find."""
    assert set(TYPES) <= set(re.findall(r"`(\w+)`", PAGE))
    told = dict(re.findall(r"^\| `(\w+)` \| .* \| (yes|informs) \|$", PAGE, re.MULTILINE))
    assert told == {**dict.fromkeys(GATES, "yes"), **dict.fromkeys(ASSISTS, "informs")}
    assert all(re.search(rf"\b{state}\b", PAGE) for state in PROMISE_STATES)


def test_the_card_of_the_page_is_read_and_its_keys_are_all(tmp_path: Path) -> None:
    """Without it the page that people copy from could show what is no longer read."""
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "ours.yaml"
    path.write_text(block, encoding="utf-8")
    assert len(list(read_scorecard(path).criteria())) == 7
    schema = Scorecard.model_json_schema()
    keys = {key for part in (schema, *schema["$defs"].values()) for key in part.get("properties", {})}
    assert {key for key in keys if not re.search(rf"\b{key}\b", PAGE)} <= {"least", "unless"}


@pytest.fixture(scope="module")
def rules() -> list[object]:
    return list(score_files(report_files()))


def test_what_is_published_is_what_the_rules_do(rules: list[object]) -> None:
    """Without it a rule could be changed and its published accuracy stay as it was."""
    assert page_with(rules, PAGE) == PAGE, "run `python -m probes.scoring.published`"  # type: ignore[arg-type]
    assert {row["label"] for row in published_detectors()} == set(LABELS)
    assert json.loads(ACCURACY.read_text(encoding="utf-8"))["detectors"]
