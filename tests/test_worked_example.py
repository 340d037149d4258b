"""docs/worked_example.md and the Python of docs/whatif.md run as they stand, and print what the page says.

Numbers that are to change: run `python -m tests.test_worked_example`, which writes them anew, and read the difference.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

TOP = Path(__file__).resolve().parent.parent
PAGE = TOP / "docs" / "worked_example.md"
CELL = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def printed(page: str) -> Iterator[tuple[str, str]]:
    """Run the blocks of a page one after the other; yields what each prints, and what the page says that it does."""
    names: dict[str, Any] = {}
    for code, told in CELL.findall(page):
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.chdir(TOP):
            exec(compile(code, PAGE.name, "exec"), names)
        yield "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n", told


@pytest.fixture(autouse=True)
def usual_options() -> Iterator[None]:
    """Leave pandas' options as they were."""
    names = ("display.width", "display.max_columns", "display.precision")
    with pd.option_context(*(word for name in names for word in (name, pd.get_option(name)))):
        yield


def test_the_worked_example_prints_what_the_page_says() -> None:
    """Without it who follows the page would get an error, or other numbers than it shows."""
    page = PAGE.read_text(encoding="utf-8")
    cells = list(printed(page))
    assert len(cells) == page.count("```python")
    for out, told in cells:
        assert out == told
    assert "the same numbers" in cells[-1][0]


def test_the_python_of_the_page_of_what_ifs_runs(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    """Without it the one example of the interface could name what is no longer there."""
    (code,) = re.findall(r"```python\n(.*?)```", (TOP / "docs" / "whatif.md").read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(TOP)
    names: dict[str, Any] = {}
    exec(compile(code, "whatif.md", "exec"), names)
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["alternative", "metric", "channel", "difference", "low", "high", "verdict"]
    assert "teams.chat_desk.agents=+2" in out
    assert len(names["found"].alternatives) == 3


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    outputs = iter([out for out, _ in printed(text)])
    PAGE.write_text(CELL.sub(lambda cell: f"```python\n{cell[1]}```\n\n```text\n{next(outputs)}```", text), "utf-8")
