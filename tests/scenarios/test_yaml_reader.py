import contextlib
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.faults import FaultsFoundError
from scenarios.yaml_reader import FILE_BYTES_MOST, VALUES_MOST, read_file, read_text


def _fault(text):
    with pytest.raises(FaultsFoundError) as caught:
        read_text(text, "x.yaml")
    assert len(caught.value.faults) == 1
    return str(caught.value)


def test_every_key_and_item_has_its_line():
    """Without it a fault would send people to the wrong line of a long file."""
    document = read_text("a:\n  b:\n    - x\n    - y: 1\n      z: 2\nc: {d: 3,\n  e: 4}\n", "x.yaml")
    lines = {
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "b", 0): 3,
        ("a", "b", 1): 4,
        ("a", "b", 1, "z"): 5,
        ("c", "d"): 6,
        ("c", "e"): 7,
    }
    assert {key: document.line(key) for key in lines} == lines
    assert document.line(("a", "missing", "deeper")) == 1


def test_yaml_1_2_keeps_times_norwegians_and_octals_as_written():
    """Without it 09:00 would be 540, and the channel `no` would be false."""
    values = read_text("a: 09:00\nb: no\nc: on\nd: 010\ne: 1e3\nf: ~\ng: 0x10\n", "x.yaml").values
    assert values == {"a": "09:00", "b": "no", "c": "on", "d": 10, "e": 1000.0, "f": None, "g": 16}
    assert {type(value) for value in values.values()} == {str, int, float, type(None)}


def test_values_are_plain():
    """Without it the reader's own subclasses would reach strict models, hashes and JSON."""
    values = read_text('a: "x"\nb: 1_000\nc: 2026-03-03\nd: [true]\n', "x.yaml").values
    assert type(values["a"]) is str
    assert values["c"] == datetime.date(2026, 3, 3)
    assert values["d"] == [True]


def test_an_alias_repeats_a_part_and_a_merge_adds_its_keys():
    """Without it people who write a law once and use it thrice would lose its lines or values."""
    document = read_text("x: &x {a: 1, b: 2}\ny: *x\nz:\n  <<: *x\n  b: 3\n", "x.yaml")
    assert document.values == {"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 2}, "z": {"a": 1, "b": 3}}


def test_keys_that_are_not_text_become_text():
    """Without it `17: ...` among texts would crash the sorting of keys in a message."""
    assert read_text("17: a\nnull: b\n[c, d]: e\n2026-01-01: f\n1.5: g\n", "x.yaml").values.keys() >= {"17", "None"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 'x.yaml:3: the text is not YAML (found duplicate key "a" with value "3"'),
        ("a: [1, 2\nb: 3\n", "x.yaml:2: the text is not YAML (expected ',' or ']', but got ':')"),
        ("a:\n\tb: 1\n", "x.yaml:2: the text is not YAML (found character '\\t' that cannot start any token)"),
        ("a: *b\n", "x.yaml:1: the text is not YAML (found undefined alias 'b')"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2: the text is not YAML (but found another document)"),
        ("a: \0b", "x.yaml:1: the text is not YAML (unacceptable character #x0000"),
        ("a: " + "[" * 800 + "]" * 800, "x.yaml:1: the text is not YAML (nested too deeply)"),
        ("a:\n " + "- " * 3000 + "x", "x.yaml:1: the text is not YAML (nested too deeply)"),
        ("".join(" " * n + "a:\n" for n in range(500)), "x.yaml:1: the text is not YAML (nested too deeply)"),
        ("a: " + "9" * 5000, "x.yaml:1: the text is not YAML (Exceeds the limit"),
    ],
    ids=["twice", "bracket", "tab", "alias", "documents", "nul", "deep", "deep-list", "deep-map", "digits"],
)
def test_what_is_not_yaml_is_one_fault_with_its_line(text, message):
    """Without it people would meet the parser's traceback instead of their own slip."""
    assert _fault(text).startswith(message)


def test_a_bomb_of_aliases_is_refused_before_it_goes_off():
    """Without it nine lines could take all memory: each alias repeats the line before ten times."""
    bomb = 'a0: &a0 ["x","x"]\n' + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    assert _fault(bomb).endswith(f"expected at most {VALUES_MOST} values")


def test_an_alias_to_its_own_parent_ends():
    """Without it two characters would make the reader run for ever."""
    assert read_text("a: &a [*a, 1]\n", "x.yaml").values == {"a": [None, 1]}


def test_a_huge_file_is_refused_unread(tmp_path):
    """Without it a log handed in as a scenario would be parsed for minutes."""
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(FILE_BYTES_MOST + 1)
    with pytest.raises(FaultsFoundError, match=f"{FILE_BYTES_MOST + 1} bytes long; expected at most"):
        read_file(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: \xff\xfe\n", ":2: the text is not UTF-8; expected UTF-8 text"),
        (bytes(range(256)), "is not UTF-8"),
        ("a: 1".encode("utf-16"), "is not UTF-8"),
    ],
    ids=["line", "binary", "utf-16"],
)
def test_a_file_that_is_not_text_is_told_as_one(tmp_path, content, message):
    """Without it a spreadsheet named .yaml would end in a UnicodeDecodeError."""
    path = tmp_path / "binary.yaml"
    path.write_bytes(content)
    with pytest.raises(FaultsFoundError) as caught:
        read_file(path)
    assert message in str(caught.value)


def test_a_file_that_is_not_there_and_a_folder_are_told(tmp_path):
    """Without it a typing slip in a path would be a traceback."""
    for path, problem in ((tmp_path / "none.yaml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(FaultsFoundError, match=problem):
            read_file(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    """Without it files saved on Windows would have an unknown first key that looks right."""
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_file(path).values == {"a": 1}


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_faults(text):
    """Without it some text nobody thought of would crash the reader."""
    with contextlib.suppress(FaultsFoundError):
        read_text(text, "x.yaml")


@given(st.text(alphabet="abc:-[]{}&*!|>'\"#%@, \n?<\t0.~", max_size=60))
def test_any_heap_of_yaml_signs_is_read_or_refused_with_faults(text):
    """Without it tags, anchors and complex keys in odd places would crash the reader."""
    with contextlib.suppress(FaultsFoundError):
        read_text(text, "x.yaml")
