"""The verb for what poor service loses: losses."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from commands.asked import scenario_of, seed_of
from commands.exits import Exit
from commands.simulating import simulate_asked
from commands.terminal import print_json, progress_bar, say

if TYPE_CHECKING:
    from results.runs import Run
    from scenarios.reading import LoadedScenario
    from simulator.causes import Cause, Causes


def losses(asked: argparse.Namespace) -> int:
    """Tell how many customers a scenario loses, what loses most of them, and what its remedies would keep."""
    from results.runs import INTERRUPTED, new_folder
    from simulator.causes import NothingLostError, causes_of, why_nothing

    loaded = scenario_of(asked.scenario, asked)
    if why := why_nothing(loaded, asked.replications):
        say(why)
        return Exit.CANNOT_TELL
    run, _ = simulate_asked(asked, loaded, new_folder(loaded.scenario.scenario, "losses", asked.out), False)
    if run.facts["state"] == INTERRUPTED:
        return Exit.INTERRUPTED
    run.write_facts(state=INTERRUPTED)  # until the causes are told, too
    try:
        with progress_bar(asked, "one thing after the other") as progress:
            found = causes_of(loaded, seed_of(asked, loaded), asked.replications, asked.threads, progress)
    except NothingLostError as error:
        say(str(error))
        return Exit.CANNOT_TELL
    return _told(asked, run, loaded, found)


def _told(asked: argparse.Namespace, run: Run, loaded: LoadedScenario, found: Causes) -> int:
    from results.runs import FINISHED, INTERRUPTED
    from scenarios.churn import withheld_money

    withheld = withheld_money(found.model)
    causes = [dataclasses.asdict(cause) for cause in found.causes]
    lost = _lost(loaded, found)
    run.write_facts(losses=lost, causes=causes, state=FINISHED if found.whole else INTERRUPTED)
    for sentence in found.left_out:
        say(f"warning: {sentence}")
    if asked.json:
        print_json({"run": str(run.folder), "losses": lost, "causes": causes, "withheld": withheld})
    else:
        print("\n".join(_text(loaded, lost, found)))
        if withheld:
            print(f"\n{withheld}")
        print(run.folder)
    return Exit.AGREES if found.whole else Exit.INTERRUPTED


def _lost(loaded: LoadedScenario, found: Causes) -> dict[str, Any]:
    """Return what run.json says of the losses themselves."""
    from results.statistics import replication_estimate

    customers = replication_estimate(found.base.customers)
    low, high = customers.interval()
    return {"days": loaded.scenario.days, "customers": customers.value, "low": low, "high": high}


def _text(loaded: LoadedScenario, lost: dict[str, Any], found: Causes) -> Iterator[str]:
    population = loaded.scenario.customers
    currency = population.currency if population and found.base.margin is not None else None
    days = "a day" if lost["days"] == 1 else f"{lost['days']} days"
    yield (
        f"{lost['customers']:,.1f} customers are lost in {days} ({lost['low']:,.1f} to {lost['high']:,.1f}), as the "
        "churn model expects of what they live through"
    )
    for kind, words in (("cause", "what loses them"), ("remedy", "what could be done")):
        some = [cause for cause in found.causes if cause.kind == kind]
        if some:
            yield f"\n{_table(words, some, currency)}"


def _table(words: str, causes: Sequence[Cause], currency: str | None) -> str:
    from results.terminal import grid

    head = [words, "customers kept", "95 % interval", "of the losses"]
    rows = [
        [
            one.says, f"{one.customers_kept:,.2f}", f"{one.low:,.2f} … {one.high:,.2f}",
            "" if one.share_of_losses is None else f"{one.share_of_losses:.1%}".replace("%", " %"),
        ]
        for one in causes
    ]  # fmt: skip
    if currency:
        head.append(f"margin kept, {currency}")
        for row, one in zip(rows, causes, strict=True):
            told = one.margin_kept is not None
            row.append(f"{one.margin_kept:,.0f} ({one.margin_low:,.0f} … {one.margin_high:,.0f})" if told else "")
    return grid(head, rows, right=range(1, len(head)))
