"""A measured run for other tools: JUnit XML for build servers, CSV for tables.

Of shoppers one case for each contact; refuses to judge: a contact that came to nothing is a failure, one that was our
own fault an error, one that was never begun is skipped. Of a load test one case for each threshold, and none for its
contacts, which may be a million: they stand in the table.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd

from results.load_figures import Checked
from results.load_metrics import threshold_name
from results.log import OUR_FAULTS
from results.runs import ABORTED, INTERRUPTED, Run, write_whole

NOT_BEGUN = ("unstarted", "withheld", "censored")
GOOD = ("resolved",)
TEXT_MOST = 20_000
_CONTROL = {number: "\ufffd" for number in range(32) if chr(number) not in "\t\n\r"}
"""What no XML file can hold."""


def junit_xml(run: Run) -> str:
    """Return a run's contacts as JUnit XML, with what went wrong at which step and the words exchanged."""
    legs, steps, messages = (run.table(name) for name in ("legs", "steps", "messages"))
    suite = ElementTree.Element("testsuite", name=str(run.facts.get("scenario", "testdrive")))
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for contact, rows in legs.groupby("contact_id", sort=False):
        last = rows.iloc[-1]
        counts["tests"] += 1
        case = ElementTree.SubElement(
            suite, "testcase", name=_clean(str(contact)), classname=f"{last['channel']}.{last['journey']}",
            time=f"{_lasted_s(rows):.3f}",
        )  # fmt: skip
        outcome = str(last["contact_outcome"])
        if outcome not in GOOD:
            kind = "skipped" if outcome in NOT_BEGUN else "error" if outcome in OUR_FAULTS else "failure"
            counts[{"failure": "failures", "error": "errors"}.get(kind, kind)] += 1
            why = str(last["reason"]) if pd.notna(last["reason"]) else outcome
            told = ElementTree.SubElement(case, kind, message=_clean(f"{outcome} {last_step(steps, str(contact))}"))
            told.text = _clean(why)
        spoken = messages[messages["contact_id"] == contact]
        words = "\n".join(f"{who}: {text}" for who, text in zip(spoken["speaker"], spoken["text"], strict=True))
        ElementTree.SubElement(case, "system-out").text = _clean(words)[:TEXT_MOST]
    suite.attrib.update({name: str(count) for name, count in counts.items()})
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def load_junit_xml(facts: Mapping[str, Any], checked: Sequence[Checked]) -> str:
    """Return a load test's thresholds as JUnit XML, after two cases of its own: it was fit to measure, and ended.

    What was missed is a failure; what cannot be told, as nothing was measured or the run was cut off, is an error.
    """
    instrument = facts["instrument"]
    own = [
        ("the instrument is fit", "" if instrument["fit"] else "; ".join(map(str, instrument["reasons"])) or "unfit"),
        ("the run came to its end", _cut_short(facts)),
    ]
    cases = [("run", name, "error" if why else "", why) for name, why in own]
    cases += [("threshold", threshold_name(one.threshold), *_verdict(one)) for one in checked]
    counts = {"failures": "failure", "errors": "error"}
    suite = ElementTree.Element("testsuite", name=_clean(str(facts.get("scenario", "testdrive"))))
    suite.attrib |= {"tests": str(len(cases)), "skipped": "0"}
    suite.attrib |= {name: str(sum(kind == one for _, _, kind, _ in cases)) for name, one in counts.items()}
    for group, name, kind, why in cases:
        case = ElementTree.SubElement(suite, "testcase", name=_clean(name), classname=group, time="0")
        if kind:
            ElementTree.SubElement(case, kind, message=_clean(why))
        elif why:
            ElementTree.SubElement(case, "system-out").text = _clean(why)
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _cut_short(facts: Mapping[str, Any]) -> str:
    """Say why a run did not come to its end; nothing where it did."""
    if facts["state"] == ABORTED:
        return str(facts["aborted"]["words"])
    return "it was interrupted" if facts["state"] == INTERRUPTED else ""


def _verdict(one: Checked) -> tuple[str, str]:
    if one.kept is None:
        seen = f"; measured {one.value:.6g} of {one.n}" if one.n else ""
        return "error", f"cannot tell: {one.untold}{seen}"
    ended = "; the run was aborted for it" if one.ended_run else ""
    return "" if one.kept else "failure", f"measured {one.value:.6g} of {one.n}{ended}"


def last_step(steps: pd.DataFrame, contact: str) -> str:
    """Name the last thing a shopper did in a contact."""
    did = steps[(steps["contact_id"] == contact) & steps["actual_s"].notna()]
    return "" if did.empty else f"after step {int(did['step'].iloc[-1]) + 1}: {did['state'].iloc[-1]}"


def legs_csv(run: Run) -> str:
    """Return a run's legs as CSV; what would be taken for a formula by a spreadsheet begins with an apostrophe."""
    legs = run.table("legs")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(legs.columns)
    for row in legs.itertuples(index=False):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def write_exports(run: Run, junit: Path | None = None, table: Path | None = None) -> None:
    """Write what is asked for, each file whole or not at all."""
    wanted: Mapping[Any, Path | None] = {junit_xml: junit, legs_csv: table}
    for make, path in wanted.items():
        if path is not None:
            write_whole(path, make(run))


def _lasted_s(rows: pd.DataFrame) -> float:
    lasted = rows["ended_s"].max() - rows["arrived_s"].min()
    return float(lasted) if pd.notna(lasted) else 0.0


def _cell(value: object) -> object:
    if pd.isna(value):  # type: ignore[call-overload]  # a row holds single values
        return ""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


def _clean(text: str) -> str:
    return text.translate(_CONTROL)
