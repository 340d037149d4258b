"""Tables of customers as they come: read, mended with a word, or refused with a line."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scenarios.faults import FaultsFoundError
from simulator.churn_table import Asked, asked_terms, read_customers

ROWS = 120


def table(**changes):
    """Return a plain good table as columns of texts; `changes` replace columns, None takes one away."""
    rng = np.random.default_rng(1)
    columns = {
        "customer id": [str(1000 + k) for k in range(ROWS)],
        "Call  Failure": [str(k % 7) for k in range(ROWS)],
        "Complains": [str(int(one)) for one in rng.random(ROWS) < 0.3],
        "Plan": [("basic", "family", "gold")[k % 3] for k in range(ROWS)],
        "Age": [str(20 + (k * 7) % 50) for k in range(ROWS)],
        "Months": [str(1 + k % 24) for k in range(ROWS)],
        "Churn": [str(int(one)) for one in rng.random(ROWS) < 0.4],
    }
    columns |= changes
    return {name: cells for name, cells in columns.items() if cells is not None}


def written(folder, columns, name="customers.csv", separator=","):
    path = folder / name
    lines = [separator.join(columns), *(separator.join(cells) for cells in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")
    return path


def read(path, **told):
    asked = {"left": "Churn", "terms": {"complaints": "Complains"}, **told}
    return read_customers(path, Asked(**asked))


def refused(path, **told):
    with pytest.raises(FaultsFoundError) as caught:
        read(path, **told)
    return [str(fault).removeprefix(f"{path.parent}/") for fault in caught.value.faults]


def with_cell(column, row, text):
    return [text if k == row else cell for k, cell in enumerate(table()[column])]


def test_a_plain_table_is_read_whole(tmp_path):
    """Without it columns with spaces, double spaces or words could be lost on the way."""
    found = read(written(tmp_path, table()))
    assert [level.name for level in found.others] == ["Call Failure", "Plan = family", "Plan = gold", "Age", "Months"]
    assert found.counts["complaints"].tolist() == [float(cell) for cell in table()["Complains"]]
    assert found.left.tolist() == [cell == "1" for cell in table()["Churn"]]
    assert found.lines[0] == 2
    assert found.notes == ["customer id was left out: it numbers the customers (name it with --columns to keep it)"]
    named = read(written(tmp_path, table()), terms={"complaints": "Complains", "cut_offs": "Call  Failure"})
    assert named.counts["cut_offs"].tolist() == [float(cell) for cell in table()["Call  Failure"]]


@pytest.mark.parametrize("kind", ["tsv", "semicolons", "gz", "parquet", "xlsx", "bom"])
def test_other_kinds_of_file_say_the_same(tmp_path, kind):
    """Without it an export as Excel or Parquet would give another model than its CSV."""
    plain = written(tmp_path, table())
    path = {"gz": "a.csv.gz", "tsv": "a.tsv", "parquet": "a.parquet", "xlsx": "a.xlsx"}.get(kind, "a.csv")
    path = tmp_path / path
    rows = pd.read_csv(plain)
    if kind == "gz":
        path.write_bytes(gzip.compress(plain.read_bytes()))
    elif kind == "parquet":
        rows.to_parquet(path)
    elif kind == "xlsx":
        rows.to_excel(path, index=False)
    elif kind == "bom":
        path.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes())
    else:
        written(tmp_path, table(), path.name, {"tsv": "\t", "semicolons": ";"}[kind])
    wanted, found = read(plain), read(path)
    assert list(found.others) == list(wanted.others)
    assert all((found.others[one] == wanted.others[one]).all() for one in wanted.others)
    assert (found.left == wanted.left).all()


def test_words_for_yes_and_a_word_that_means_left(tmp_path):
    """Without it a table that says Yes and No, or Active and Closed, would have to be rewritten first."""
    words = ["YES" if cell == "1" else "no" for cell in table()["Churn"]]
    states = ["Closed" if cell == "1" else "Active" for cell in table()["Churn"]]
    found = read(written(tmp_path, table(Churn=words)))
    closed = read(written(tmp_path, table(Churn=None, State=states)), left="State=closed")
    assert found.left.tolist() == closed.left.tolist() == [cell == "1" for cell in table()["Churn"]]
    assert "State" not in [level.column for level in closed.others]


def test_columns_called_as_terms_are_taken_so(tmp_path):
    """Without it the ledger's own table would be read as circumstances, with a prior against what it tells."""
    found = read(written(tmp_path, table(transfers=table()["Call  Failure"])))
    assert list(found.counts) == ["transfers", "complaints"]


def test_rows_without_a_value_are_left_out_and_counted(tmp_path):
    """Without it an empty cell could count as 0 complaints, or its row vanish without a word."""
    columns = table(
        Complains=with_cell("Complains", 3, "NA"), Age=with_cell("Age", 5, ""), Plan=with_cell("Plan", 7, "?")
    )
    found = read(written(tmp_path, columns))
    assert len(found.left) == ROWS - 3
    assert found.left_out == 3
    assert f"3 of {ROWS} rows were left out, as a value of theirs is missing" in found.notes
    assert 5 not in found.lines
    half = ["" if k % 2 else cell for k, cell in enumerate(table()["Age"])]
    kept = read(written(tmp_path, table(Age=half)))
    assert len(kept.left) == ROWS
    assert "Age was left out: 50% of its values are missing" in kept.notes


def test_columns_that_tell_nothing_new_are_left_out_with_a_word(tmp_path):
    """Without it a constant, or the same age in months, would make a fit that never settles."""
    columns = table(
        Country=["IT"] * ROWS, Year=["2025"] * ROWS, Months_old=[str(12 * int(cell)) for cell in table()["Age"]],
        Street=[f"street {k}" for k in range(ROWS)],
    )  # fmt: skip
    found = read(written(tmp_path, columns))
    assert [level.column for level in found.others] == ["Call Failure", "Plan", "Plan", "Age", "Months"]
    for note in (
        "Country was left out: it is the same for every customer",
        "Year was left out: it is the same for every customer",
        "Months_old was left out: the other columns tell it already",
        f"Street was left out: {ROWS} different words (at most 12)",
    ):
        assert note in found.notes


def test_a_column_written_after_they_left_is_pointed_at(tmp_path):
    """Without it the date of the closing letter would predict churn perfectly, and nobody would ask why."""
    found = read(written(tmp_path, table(Letters=[str(5 * int(cell)) for cell in table()["Churn"]])))
    assert "Letters alone tells who left: was it written after they did? (--columns leaves it out)" in found.notes


def test_equal_rows_stay_together(tmp_path):
    """Without it a customer could be predicted by a fit that has seen their double."""
    columns = {name: cells * 3 for name, cells in table().items()}
    folds = read(written(tmp_path, columns)).folds
    assert (folds[:ROWS] == folds[ROWS : 2 * ROWS]).all()
    assert len(set(folds)) == 10
    alike = read(written(tmp_path, {"Complains": table()["Complains"] * 5, "Churn": table()["Churn"] * 5}))
    assert np.bincount(alike.folds).max() < 0.2 * len(alike.folds)


@pytest.mark.parametrize(
    ("changes", "told", "words"),
    [
        ({"Churn": None}, {}, "customers.csv:1: the header is without 'Churn' (--left); expected one of: Age, Call"),
        ({}, {"left": "churn"}, "customers.csv:1: the header is without 'churn' (--left); expected one of: Churn (did"),
        (
            {},
            {"terms": {"complaints": "Complain"}},
            "customers.csv:1: the header is without 'Complain' (--terms complaints); expected one of: Complains",
        ),
        ({}, {"columns": ("Aeg",)}, "customers.csv:1: the header is without 'Aeg' (--columns); expected one of: Age"),
        (
            {"Churn": with_cell("Churn", 4, "left")},
            {},
            "customers.csv:6: Churn is 'left'; expected 1 or 0, yes or no; else say which word means that they left: "
            "--left 'Churn=WORD'",
        ),
        ({}, {"left": "Plan=silver"}, "customers.csv:1: Plan is nowhere 'silver'; expected one of: basic, family"),
        (
            {"Complains": with_cell("Complains", 9, "many")},
            {},
            "customers.csv:11: Complains is 'many'; expected a number, at least 0, or nothing where it is not known",
        ),
        (
            {"Complains": with_cell("Complains", 9, "-1")},
            {},
            "customers.csv:11: Complains is '-1'; expected a number, at least 0, or nothing where it is not known",
        ),
        (
            {"Months": with_cell("Months", 2, "0")},
            {"after": "Months"},
            "customers.csv:4: Months is '0'; expected a number, more than 0, or nothing where it is not known",
        ),
        (
            {"Complains": ["0"] * ROWS},
            {},
            "customers.csv:1: Complains is 0 for every customer; expected values that differ, or no complaints in",
        ),
        (
            {"Calls": table()["Complains"]},
            {"terms": {"complaints": "Complains", "repeats": "Calls"}},
            "customers.csv:1: Calls is told by Complains already; expected no repeats in --terms: the two cannot",
        ),
        (
            {"Churn": ["1"] * 5 + ["0"] * (ROWS - 5)},
            {},
            "customers.csv:1: Churn is 5 who left and 115 who stayed; expected at least 20 of each",
        ),
        ({"Age ": table()["Age"]}, {}, "customers.csv:1: the header is with 'Age' twice; expected each column once"),
        ({}, {"after": "Complains"}, "customers.csv:1: Complains is --after and term complaints; expected one of them"),
    ],
)  # fmt: skip
def test_what_cannot_be_mended_is_told_with_its_line(tmp_path, changes, told, words):
    """Without it a slip in a table of a million customers would have to be searched for."""
    assert any(fault.startswith(words) for fault in refused(written(tmp_path, table(**changes)), **told)), words


def test_several_faults_are_told_at_once(tmp_path):
    """Without it a table would be mended, read, refused, mended …"""
    columns = table(Churn=with_cell("Churn", 4, "left"), Complains=with_cell("Complains", 9, "many"))
    assert len(refused(written(tmp_path, columns), after="Month")) == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "unreadable"),
        (b"Churn,Complains\n", "without rows"),
        (b"\x00\xff\xfe\x80", "unreadable"),
        (b"Churn,Complains\n1,2,3\n1,2\n", "unreadable"),
        (b'Churn,Complains\n"1,2\n', "unreadable"),
    ],
)
def test_what_is_no_table_is_said_to_be_none(tmp_path, content, words):
    """Without it an empty or broken export would end in a traceback."""
    path = tmp_path / "customers.csv"
    path.write_bytes(content)
    assert any(words in fault for fault in refused(path))
    for name in ("a.csv.gz", "a.parquet", "a.xlsx"):
        (tmp_path / name).write_bytes(b"not such a file")
        assert refused(tmp_path / name)
    assert "No such file" in refused(Path(tmp_path / "nowhere.csv"))[0]


def test_terms_are_read_from_the_command_line():
    """Without it complaints=Call  Failure could be cut at the space, or a misspelt term taken for none."""
    assert asked_terms(["complaints=Complains,cut_offs=Call  Failure", "hops=a"]) == {
        "complaints": "Complains", "cut_offs": "Call Failure", "hops": "a",
    }  # fmt: skip
    with pytest.raises(FaultsFoundError) as caught:
        asked_terms(["complaint=Complains,hops,transfers=a,transfers=b"])
    told = "\n".join(map(str, caught.value.faults))
    assert "complaint=Complains is a term 'complaint'; expected one of: complaints (did you mean it?)" in told
    assert "hops is no term=column; expected such as complaints=Complains" in told
    assert "transfers=b is told twice; expected each term once" in told


def test_times_are_counted_in_days(tmp_path):
    """Without it a hazard of months would be taken for one of days, and losses be thirty times too many."""
    months = read(written(tmp_path, table()), after="Months", unit_days=30.4375)
    assert months.after_days == pytest.approx([30.4375 * float(cell) for cell in table()["Months"]])


def test_customers_who_are_alike_stay_together_whether_they_left_or_not(tmp_path):
    """Without it the one who left would be predicted by a fit that has seen their double stay."""
    columns = {name: cells * 2 for name, cells in table().items()}
    columns["Churn"] = table()["Churn"] + ["0" if cell == "1" else "1" for cell in table()["Churn"]]
    folds = read(written(tmp_path, columns)).folds
    assert (folds[:ROWS] == folds[ROWS:]).all()


def test_a_column_without_a_name_that_counts_the_rows_is_left_out(tmp_path):
    """Without it the row numbers that exports add would be fitted, or their empty name end the fit."""
    columns = {"": [str(k) for k in range(ROWS)], **table(), " ": ["x"] * ROWS}
    found = read(written(tmp_path, columns))
    assert any(note.startswith("column 1 was left out: it numbers the customers") for note in found.notes)
    assert "column 9 was left out: it is the same for every customer" in found.notes


def test_a_table_of_hundreds_of_columns_is_refused_before_it_takes_hours(tmp_path):
    """Without it a wide export would be ground through, and its model be too long to read."""
    wide = {f"c{k}": [str((k * j) % 13) for j in range(ROWS)] for k in range(101)}
    assert "at most 100 beside the terms: choose with --columns" in refused(written(tmp_path, {**table(), **wide}))[0]
