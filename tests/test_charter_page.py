import re
from pathlib import Path

from scenarios.charter import Charter

TOP = Path(__file__).resolve().parent.parent
PAGE = (TOP / "docs" / "charter.md").read_text()
ROWS = {row[1]: row[2] for row in re.finditer(r"^\| `(\w+)` \|.*\| `(test_\w+)` \|$", PAGE, re.MULTILINE)}


def test_every_key_of_a_charter_stands_on_its_page() -> None:
    """Without it a key could be added that nobody who signs a charter has heard of."""
    assert set(ROWS) == set(Charter.model_fields)


def test_every_key_names_a_test_that_is_there() -> None:
    """Without it the page would promise a guard that was renamed or removed."""
    defined = set()
    for path in (TOP / "tests").rglob("test_*.py"):
        defined |= set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))
    assert {test for test in ROWS.values() if test not in defined} == set()


def test_what_the_page_says_holds_where_a_key_is_left_out() -> None:
    """Without it the page could promise twenty a day, and the model allow two hundred."""
    told = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \| `test_\w+` \|$", PAGE, re.MULTILINE))
    for name, field in Charter.model_fields.items():
        assert field.is_required() == (told[name] == "a fault"), name
        if isinstance(field.default, int) and not isinstance(field.default, bool):
            assert told[name] == str(field.default), name
