"""What `shop` and `load` say of a run that has been played, and the exit code they end with."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from commands.exits import Exit, worst
from commands.load_exports import send_telemetry, write_load_exports
from commands.terminal import print_json

if TYPE_CHECKING:
    from commands.scoring import ScoredShop
    from results.load_figures import Checked, Measured
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
    from results.load_figures import Measured, check_thresholds

    if everyone:
        measured = Measured.of(run)
        checked = check_thresholds(thresholds, measured, run.facts)
        write_load_exports(asked, run, measured, checked)
        if asked.json:
            print_json(_document(run) | _load_document(run, measured, checked))
        else:
            _print_lines(_load_lines(run, measured, checked), run)
        if charter is not None and asked.telemetry:
            send_telemetry(run, measured, checked, charter)
        return exit_code(run.facts, checked)
    return _tell_shop(asked, run)


def exit_code(facts: Mapping[str, Any], checked: Sequence[Checked] = ()) -> Exit:
    """Return what a run that is over ends with: by what its run.json says of it, and by its thresholds."""
    from results.runs import INTERRUPTED

    outcomes, played = facts["outcomes"], facts["played"]

    def all_were(outcome: str) -> bool:
        return bool(outcomes.get(outcome)) and outcomes[outcome] == played

    applies = {
        Exit.DIFFERS: bool(facts.get("aborted")) or any(one.kept is False for one in checked),
        Exit.CANNOT_TELL: any(one.kept is None for one in checked) or all_were("closed"),
        Exit.INTERRUPTED: facts["state"] == INTERRUPTED,
        Exit.REFUSED: bool(outcomes.get("withheld")),
        Exit.UNREACHABLE: all_were("target_error"),
        Exit.UNFIT: not facts["instrument"]["fit"] or bool(outcomes.get("failed")),
    }
    return worst([Exit.AGREES, *(code for code, does in applies.items() if does)])


def _tell_shop(asked: argparse.Namespace, run: Run) -> int:
    from commands.scoring import card_named, score_shop
    from results.exports import write_exports

    shop = score_shop(asked, run, card_named("conduct"))
    write_exports(run, asked.junit, asked.csv)
    if asked.json:
        print_json(_document(run, shop))
    else:
        _print_lines(_shop_lines(run, shop), run)
    return exit_code(run.facts)


def _document(run: Run, shop: ScoredShop | None = None) -> dict[str, Any]:
    """Return what `--json` has of every run."""
    from results.journal import answers_to_facts

    facts, instrument = run.facts, run.facts["instrument"]
    return {
        "run": str(run.folder), "planned": facts["planned"], "played": facts["played"], "outcomes": facts["outcomes"],
        "instrument": {"fit": instrument["fit"], "reasons": list(instrument["reasons"])},
        "findings": [] if shop is None else shop.findings, "scores": [] if shop is None else shop.scores,
        "answers": answers_to_facts(run.folder), "doubts": facts.get("doubts") or {},
        "saturation": facts.get("saturation") or [], "aborted": facts.get("aborted"),
        "nothing_learnt": _nothing_learnt(run),
    }  # fmt: skip


def _load_document(run: Run, measured: Measured, checked: Sequence[Checked]) -> dict[str, Any]:
    """Return what `--json` has of a load test beside that."""
    from results.endings import ending_words
    from results.load_figures import load_rows
    from results.load_tables import threshold_row

    return {
        "load": list(load_rows(measured)), "thresholds": [threshold_row(one) for one in checked],
        "state": run.facts["state"], "ending": ending_words(run.facts, measured.legs),
    }  # fmt: skip


def _nothing_learnt(run: Run) -> str | None:
    """Say why nothing was learnt of a desk; None where something was."""
    from results.endings import SHUT, was_shut

    return f"{SHUT}: nothing was learnt of it" if was_shut(run.table("legs")) else None


def _shop_lines(run: Run, shop: ScoredShop | None) -> Iterator[str]:
    facts = run.facts
    yield from _outcome_lines(facts["outcomes"])
    yield f"{facts['played']:,} of {facts['planned']:,} planned contacts were played; {run.folder}"
    if shop is not None and shop.headline:
        yield shop.headline


def _load_lines(run: Run, measured: Measured, checked: Sequence[Checked]) -> Iterator[str]:
    from results.endings import ending_words, told_outcomes, whom_words
    from results.load_customers import begun_words, customers_of
    from results.load_figures import load_rows
    from results.load_tables import load_table, thresholds_table

    first = measured.legs[measured.legs["leg"] == 0]
    yield from _outcome_lines({str(end): int(count) for end, count in told_outcomes(first).value_counts().items()})
    yield f"{begun_words(customers_of(run, measured))}; {run.folder}"
    if len(measured.responses):
        yield f"\n{load_table(list(load_rows(measured)))}\n"
    if checked:
        yield f"{thresholds_table(checked)}\n"
    if run.facts.get("aborted"):  # with the threshold's own name, as a tester finds it in the scenario
        yield f"{run.facts['aborted']['words']}\n{whom_words(run.facts['state'], measured.legs)}\n"
    elif words := ending_words(run.facts, measured.legs):
        yield f"{words}\n"


def _outcome_lines(outcomes: Mapping[str, int]) -> Iterator[str]:
    for outcome, count in sorted(outcomes.items(), key=lambda item: -item[1]):
        yield f"{outcome:14} {count:8,}"


def _print_lines(lines: Iterator[str], run: Run) -> None:
    """Print what a run came to, then what must be known of desk, instrument and target file."""
    from results.provenance import saturation_lines

    for line in lines:
        print(line)
    facts, instrument = run.facts, run.facts["instrument"]
    for line in saturation_lines(facts, only_saturated=True):
        print(line)
    for reason in instrument["reasons"]:
        print(f"the instrument is not fit: {reason}")
    for warning in instrument["warnings"]:
        print(f"about the instrument: {warning}")
    for doubt, count in (facts.get("doubts") or {}).items():
        print(f"is the target file right? In {count} of {facts['played']} contacts {doubt}")
    if learnt := _nothing_learnt(run):
        print(learnt)
