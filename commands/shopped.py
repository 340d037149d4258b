"""What `shop` and `load` say of a run that has been played, and the exit code they end with."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from commands.exits import Exit, worst
from commands.load_exports import send_telemetry, write_load_exports
from commands.terminal import print_json

if TYPE_CHECKING:
    from results.runs import Run
    from scenarios.charter import Charter
    from scenarios.thresholds import Threshold


def tell_shopped(
    asked: argparse.Namespace, run: Run, thresholds: Sequence[Threshold], everyone: bool, charter: Charter | None = None
) -> int:
    """Say what a run came to, write the files asked for, and return the exit code.

    Args:
        asked: what was asked for.
        run: its folder, with all its tables.
        thresholds: the scenario's, against which a load test is held.
        everyone: whether it was a load test; shops are scored.
        charter: where telemetry may go.
    """
    from commands.scoring import card_named, score_shop
    from results.exports import write_exports
    from results.journal import answers_to_facts
    from results.load_figures import Measured, check_thresholds, load_rows
    from results.load_tables import load_table, threshold_row, thresholds_table
    from results.provenance import saturation_lines
    from results.runs import INTERRUPTED

    shop = None if everyone else score_shop(asked, run, card_named("conduct"))
    measured = Measured.of(run) if everyone else None
    aborted = run.facts.get("aborted")
    checked = [] if measured is None else check_thresholds(thresholds, measured, aborted)

    if measured is None:
        write_exports(run, asked.junit, asked.csv)
    else:
        write_load_exports(asked, run, measured, checked)
    facts = run.facts
    outcomes: Mapping[str, int] = facts["outcomes"]
    instrument = facts["instrument"]
    if asked.json:
        document = {
            "run": str(run.folder), "planned": facts["planned"], "played": facts["played"], "outcomes": outcomes,
            "instrument": {"fit": instrument["fit"], "reasons": list(instrument["reasons"])},
            "findings": [] if shop is None else shop.findings, "scores": [] if shop is None else shop.scores,
            "answers": answers_to_facts(run.folder), "doubts": facts.get("doubts") or {},
            "saturation": facts.get("saturation") or [], "aborted": aborted,
        }  # fmt: skip
        if measured is not None:
            document |= {"load": list(load_rows(measured)), "thresholds": [threshold_row(one) for one in checked]}
        print_json(document)
    else:
        for outcome, count in sorted(outcomes.items(), key=lambda item: -item[1]):
            print(f"{outcome:14} {count:8,}")
        print(f"{facts['played']:,} of {facts['planned']:,} planned contacts were played; {run.folder}")
        if shop is not None and shop.headline:
            print(shop.headline)
        if measured is not None and len(measured.responses):
            print(f"\n{load_table(list(load_rows(measured)))}\n")
        if checked:
            print(f"{thresholds_table(checked)}\n")
        if aborted is not None:
            print(f"{aborted['words']}\n")
        for line in saturation_lines(facts, only_saturated=True):
            print(line)
        for reason in instrument["reasons"]:
            print(f"the instrument is not fit: {reason}")
        for warning in instrument["warnings"]:
            print(f"about the instrument: {warning}")
        for doubt, count in (facts.get("doubts") or {}).items():
            print(f"is the target file right? In {count} of {facts['played']} contacts {doubt}")
    codes = [Exit.AGREES]
    if aborted is not None or any(one.kept is False for one in checked):
        codes.append(Exit.DIFFERS)
    if any(one.kept is None for one in checked):
        codes.append(Exit.CANNOT_TELL)
    if facts["state"] == INTERRUPTED:
        codes.append(Exit.INTERRUPTED)
    if outcomes.get("withheld"):
        codes.append(Exit.REFUSED)
    if outcomes.get("target_error") and outcomes["target_error"] == facts["played"]:
        codes.append(Exit.UNREACHABLE)
    if outcomes.get("closed") and outcomes["closed"] == facts["played"] and not asked.json:
        print("the desk was shut whenever we came: nothing was learnt of it")
    if not instrument["fit"] or outcomes.get("failed"):
        codes.append(Exit.UNFIT)
    if measured is not None and charter is not None and asked.telemetry:
        send_telemetry(run, measured, checked, charter)
    return worst(codes)
