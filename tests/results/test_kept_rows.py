"""Rows that are kept as they come: what survives, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from results.kept_rows import PACKED_FROM, KeptRows, KeptRowsError

ABOUT = {"scenario": "0f3a", "seed": 1, "set of alternatives": [["+2", {"teams.front.agents": "+2"}]]}
TWISTED = b'{"about": {}}\n{"key": "a/0", "packed": "AAAA"}\n'
ROW = [0.1 + 0.2, float("nan"), -0.0, 1e-300, float("inf")]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "rows.jsonl"
    with KeptRows.create(path, ABOUT) as kept:
        kept.put("scenario/0", ROW)
        kept.put("0/0", [2.0])
    return path


def test_numbers_come_back_to_the_last_bit(path):
    """Without it a resumed run would differ from one that was never interrupted, in the last digits."""
    with KeptRows.reopen(path, ABOUT) as kept:
        assert kept.get("scenario/0").tobytes() == np.array(ROW).tobytes()
        assert kept.get("scenario/1") is None
        assert len(kept) == 2


@pytest.mark.parametrize("size", [PACKED_FROM - 1, PACKED_FROM, 5000])
def test_long_rows_are_small_and_come_back_to_the_last_bit(tmp_path, size):
    """Without it a search over a week would fill a disk, or its resumed answer differ in the last digits."""
    row = np.zeros(size)
    row[::7], row[-1] = np.random.default_rng(1).normal(size=len(row[::7])), np.nan
    with KeptRows.create(tmp_path / "rows.jsonl", ABOUT) as kept:
        kept.put("a/0", row)
        assert kept.get("a/0").tobytes() == row.tobytes()
    with KeptRows.reopen(tmp_path / "rows.jsonl", ABOUT) as kept:
        assert kept.get("a/0").tobytes() == row.tobytes()
    assert (tmp_path / "rows.jsonl").stat().st_size < 5 * size or size < PACKED_FROM


@pytest.mark.parametrize("left", range(1, 20))
def test_a_torn_last_line_is_cut_off_and_written_over(path, left):
    """Without it a power cut would make a run unreadable, or glue two rows into a wrong one."""
    whole = path.read_bytes()
    path.write_bytes(whole[:-left])
    with KeptRows.reopen(path, ABOUT) as kept:
        assert kept.get("0/0") is None
        assert kept.get("scenario/0") is not None
        kept.put("0/0", [2.0])
    assert path.read_bytes() == whole


def test_nothing_of_a_torn_line_stays_behind_a_shorter_one(path):
    """Without it the rest of a long line would follow the next row, and the file could not be read any more."""
    with path.open("ab") as out:
        out.write(b'{"key": "scenario/1", "row": [0.123456789, 0.123456789, 0.123456789')
    for key in ("a", "b"):
        with KeptRows.reopen(path, ABOUT) as kept:
            kept.put(key, [1.0])
        assert path.read_bytes().endswith(b'"row": [1.0]}\n')
    with KeptRows.reopen(path, ABOUT) as kept:
        assert (len(kept), kept.get("a").tolist()) == (4, [1.0])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scenario": "9999"}, "begun with another scenario (0f3a): ask as then, or begin a new run"),
        ({"seed": 2}, "another seed (1): ask as then"),
        ({"set of alternatives": [["+3", {"teams.front.agents": "+3"}]]}, "another set of alternatives: ask as then"),
        ({"seed": 2, "scenario": "9999"}, "another scenario (0f3a) and seed (1): ask"),
        ({"choice of --metric": []}, "another choice of --metric: ask"),
    ],
)
def test_rows_of_another_question_are_refused(path, changes, words):
    """Without it yesterday's days would be counted for a scenario that was changed since."""
    with pytest.raises(KeptRowsError) as caught:
        KeptRows.reopen(path, {**ABOUT, **changes})
    assert words in str(caught.value)
    with KeptRows.reopen(path, ABOUT) as kept:
        assert len(kept) == 2


@pytest.mark.parametrize("text", [b"", b"{}\n", b"no\n", b'{"about": {}}\n{"key": 3}\n', TWISTED])
def test_what_is_no_file_of_rows_is_refused(path, text):
    """Without it a damaged file would end in a traceback, or be taken for an empty one."""
    path.write_bytes(text)
    with pytest.raises(KeptRowsError, match="cannot be read"):
        KeptRows.reopen(path, ABOUT)


def test_a_folder_without_rows_is_refused(tmp_path):
    """Without it `--resume` of a mistyped folder would begin anew without a word."""
    with pytest.raises(KeptRowsError, match="holds no rows to go on with"):
        KeptRows.reopen(tmp_path / "rows.jsonl", ABOUT)
