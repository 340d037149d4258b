"""Each file of tests/bad_files has one kind of fault; the messages, word for word, lie beside it.

A message that was changed on purpose: look at it as the person who must act on it, then write the .txt by hand.
"""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.charter import read_charter
from scenarios.churn import read_churn
from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.journey import read_journey
from scenarios.labour import read_labour
from scenarios.models import check_model
from scenarios.reading import HERE, load_scenario
from scenarios.scenario import Scenario
from scenarios.scorecard import read_scorecard
from scenarios.target import read_target
from scenarios.yaml_reader import Document, read_file

BAD_FILES = Path(__file__).resolve().parents[1] / "bad_files"
FAULTS = sorted(path.stem for path in BAD_FILES.glob("*.yaml"))
READERS = {
    "charter": read_charter,
    "churn": read_churn,
    "journey": read_journey,
    "labour": read_labour,
    "scorecard": read_scorecard,
    "target": read_target,
}


def _read(name):
    kind = name.split("_", 1)[0]
    reader = READERS.get(kind, load_scenario) if name != "journey_unknown" else load_scenario
    return reader(Path(f"{name}.yaml"))


def test_there_are_many_kinds_of_fault():
    """Without it the folder could be moved and every golden message below go unread."""
    assert len(FAULTS) >= 70


@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_file_is_told_in_exactly_these_words(name, monkeypatch):
    """Without it a fault could go unseen, crash, or be told in words that name no line, value or remedy."""
    monkeypatch.chdir(BAD_FILES)
    with pytest.raises(FaultsFoundError) as caught:
        _read(name)
    assert str(caught.value) + "\n" == Path(f"{name}.txt").read_text()


@pytest.mark.parametrize("name", FAULTS)
def test_every_line_names_file_line_key_value_and_what_would_be_right(name):
    """Without it a golden file could hold a message that helps nobody."""
    for line in (BAD_FILES / f"{name}.txt").read_text().splitlines():
        file, number, rest = line.split(":", 2)
        assert (BAD_FILES / file).is_file()
        assert 1 <= int(number) <= max(1, len((BAD_FILES / file).read_text().splitlines()))
        key, said = rest.strip().split(" is ", 1)
        assert key
        found, expected = said.split("; expected ", 1)
        assert found
        assert expected
        assert "Input should" not in line
        assert "Traceback" not in line


def test_eight_faults_are_eight_lines(monkeypatch):
    """Without it people would mend one fault, run again, and meet the next, seven times."""
    monkeypatch.chdir(BAD_FILES)
    with pytest.raises(FaultsFoundError) as caught:
        load_scenario(Path("eight_faults.yaml"))
    assert len(caught.value.faults) == 8


def test_the_nearest_right_word_comes_first():
    """Without it a misspelt word would have to be found in a list of eighteen."""
    assert one_of(["chat", "form", "phone"], "fone") == "one of: phone (did you mean it?), chat, form"
    assert one_of(["chat", "form"], "zzz") == "one of: chat, form"
    assert one_of([], "x") == "one of: (none is defined)"


def test_faults_come_in_order_and_once():
    """Without it a fault found by two checks would be told twice."""
    one, two = Fault("a", 2, "k", "x", "y"), Fault("a", 10, "k", "x", "y")
    assert FaultsFoundError([two, one, two]).faults == [one, two]


def _mangled(values):
    """Strategies for a part of the shipped scenario replaced by anything at all."""
    junk = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]), st.just({}),
        st.just([1]), st.just({"law": "exponential"}), st.just({"law": ["x"]}), st.just([{}]),
        st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
    )  # fmt: skip
    paths = []

    def walk(node, path):
        paths.append(path)
        children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for part, child in children:
            walk(child, (*path, part))

    walk(values, ())
    return st.lists(st.tuples(st.sampled_from(paths), junk), min_size=1, max_size=3)


def _replaced(node, path, value):
    if not path:
        return value
    if isinstance(node, dict):
        return {name: _replaced(child, path[1:], value) if name == path[0] else child for name, child in node.items()}
    if isinstance(node, list):
        return [_replaced(child, path[1:], value) if index == path[0] else child for index, child in enumerate(node)]
    return node


QUIET = read_file(HERE / "quiet_tuesday.yaml").values


@settings(max_examples=300, deadline=None)
@given(_mangled(QUIET))
def test_a_scenario_with_anything_anywhere_is_read_or_told(changes):
    """Without it some wrong value in some place would end in a traceback instead of a fault."""
    from scenarios.reading import _Tables
    from scenarios.references import hops, references
    from scenarios.table_checks import same_cells

    values = QUIET
    for path, value in changes:
        values = _replaced(values, path, value)
    document, faults = Document("x.yaml", values, {(): 1}), []
    try:
        check_model(document, Scenario, references)
    except FaultsFoundError as error:
        faults += error.faults
    if isinstance(values, dict):
        tables = _Tables(document, HERE, faults)
        list(same_cells(document, tables.contacts, tables.forecasts))
        list(hops(document, tables.arrivals))
    assert len(faults) == len(set(faults))
