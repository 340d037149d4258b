"""Rating sheets: the questions of a card for a person to answer in a spreadsheet, and what they answered.

One row a contact and criterion; CSV or Excel, as the file's ending says. A blind sheet leaves out what the machine
said, so that a second rater is one.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from results.runs import Run, RunError
from results.scores import score_cards
from scenarios.scorecard import Scorecard

COLUMNS = ("contact_id", "section", "criterion", "question", "scale", "machine", "quote", "answer", "note")
TRANSCRIPT_MOST = 4_000


def write_sheet(path: Path, run: Run, card: Scorecard, blind: bool = False) -> int:
    """Write a sheet of a scored run; returns how many questions it asks.

    Raises:
        RunError: the file cannot be written, or its ending is neither .csv nor .xlsx.
    """
    titles = {name: criterion for _, name, criterion in card.criteria()}
    said = _transcripts(run)
    rows = [
        {
            "contact_id": one.contact_id, "section": answer.section, "criterion": answer.criterion,
            "question": titles[answer.criterion].title, "scale": f"0-{titles[answer.criterion].scale}, na",
            "machine": "" if blind else answer.state, "quote": "" if blind else answer.quote, "answer": "", "note": "",
            "transcript": said.get(one.contact_id, ""),
        }
        for one in score_cards(run, card)
        for answer in one.answers
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=[*COLUMNS, "transcript"])
    try:
        if path.suffix == ".xlsx":
            frame.to_excel(path, index=False)
        elif path.suffix == ".csv":
            frame.to_csv(path, index=False)
        else:
            raise RunError(f"{path}: a sheet is a .csv or an .xlsx file")
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror}") from None
    return len(frame)


def read_sheet(path: Path) -> list[tuple[str, str, str]]:
    """Return what was answered on a sheet: (contact, criterion, answer); rows without an answer are left out.

    Raises:
        RunError: it cannot be read, or columns are missing.
    """
    try:
        frame = pd.read_excel(path, dtype=str) if path.suffix == ".xlsx" else pd.read_csv(path, dtype=str)
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read as a sheet: {error}") from None
    lacking = [name for name in ("contact_id", "criterion", "answer") if name not in frame]
    if lacking:
        raise RunError(f"{path} has no column {', '.join(lacking)}; it has {', '.join(map(str, frame.columns))}")
    told = frame[frame["answer"].notna() & frame["answer"].str.strip().ne("")]
    return [
        (str(contact), str(criterion), str(answer).removesuffix(".0"))
        for contact, criterion, answer in zip(told["contact_id"], told["criterion"], told["answer"], strict=True)
    ]


def _transcripts(run: Run) -> dict[str, str]:
    messages = run.table("messages")
    return {
        str(contact): "\n".join(f"{who}: {text}" for who, text in zip(rows["speaker"], rows["text"], strict=True))[
            :TRANSCRIPT_MOST
        ]
        for contact, rows in messages.sort_values(["contact_id", "turn"]).groupby("contact_id", sort=False)
    }
