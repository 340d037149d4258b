"""docs/journeys.md: its files are read as they stand, and it names every key there is."""

import re
from pathlib import Path

import pytest

from scenarios.journey import Journey, read_journey
from scenarios.kinds import check_file
from scenarios.persona import PersonaKind

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "journeys.md").read_text(encoding="utf-8")
BLOCKS: list[str] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", BLOCKS, ids=lambda text: text.split("\n", 1)[0])
def test_a_file_of_the_page_is_read(text: str, tmp_path: Path) -> None:
    """Without it the page that people copy from could show what is no longer read."""
    path = tmp_path / "told.yaml"
    path.write_text(text, encoding="utf-8")
    assert check_file(path) in ("journey", "persona")
    if text.startswith("journey:"):
        assert read_journey(path).channels == ("chat", "form")


def test_the_page_names_every_key() -> None:
    """Without it a key could be added that only who reads the code would find."""
    told = ("Journey", "Step", "Ask", "Hop", "Reply", "PromiseSign", "Question", "Again", "Said")
    parts = {"Journey": Journey.model_json_schema(by_alias=True)}
    parts |= parts["Journey"]["$defs"]
    keys = {key for name in told for key in parts[name]["properties"]}
    keys |= set(PersonaKind.model_json_schema()["properties"])
    assert {key for key in keys if not re.search(rf"\b{key}\b", PAGE)} == {"version"}
