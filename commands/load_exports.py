"""What a load test gives to other tools, beside what it prints: JUnit, CSV, Prometheus, OpenTelemetry.

Files are written when the run is over; a collector is told last, as it may be slow.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING

from commands.exits import UsageError
from commands.terminal import say

if TYPE_CHECKING:
    from results.load_figures import Checked, Measured
    from results.runs import Run
    from scenarios.charter import Charter

NEEDED = {"prometheus": "prometheus_client", "telemetry": "opentelemetry.exporter.otlp.proto.http"}
"""By option: the module of the extra `telemetry` that it cannot do without."""


def check_exports(asked: argparse.Namespace, charter: Charter | None, flag: str = "--") -> None:
    """Refuse, before anything is played, exports that could not be made when it is over.

    Args:
        asked: the options.
        charter: says where telemetry may go; None under the virtual clock.
        flag: what stands before an option's name, where a person types it.

    Raises:
        UsageError: a library is lacking, or no charter says where telemetry may go.
        probes.guard.RefusedByCharterError: the charter lists no telemetry.
    """
    for option, module in NEEDED.items():
        if getattr(asked, option, None) and not _is_there(module):
            raise UsageError(f"{flag}{option} needs {module}: pip install 'testdrive-cx[telemetry]'")
    if not getattr(asked, "telemetry", False):
        return
    if charter is None:
        raise UsageError("--telemetry sends to the charter's outputs.telemetry, and --clock virtual has no charter")
    from probes.guard import Guard

    guard = Guard(charter)
    try:
        with guard.sending_output("telemetry"):
            pass
    finally:
        guard.close()


def write_load_exports(asked: argparse.Namespace, run: Run, measured: Measured, checked: Sequence[Checked]) -> None:
    """Write the files that are asked for, each whole or not at all."""
    from results.exports import legs_csv, load_junit_xml
    from results.runs import write_whole

    if asked.junit is not None:
        write_whole(asked.junit, load_junit_xml(run.facts, checked))
    if asked.csv is not None:
        write_whole(asked.csv, legs_csv(run))
    if asked.prometheus is not None:
        from results.load_metrics import samples_of
        from results.prometheus import prometheus_text

        samples = samples_of(run.facts, measured, checked)
        write_whole(asked.prometheus, prometheus_text(samples, str(run.facts["scenario"])))


def send_telemetry(run: Run, measured: Measured, checked: Sequence[Checked], charter: Charter) -> None:
    """Push the figures to the charter's collector; one warning where it does not take them."""
    from probes.guard import Guard
    from probes.telemetry import push_metrics
    from results.load_metrics import samples_of

    guard = Guard(charter)
    about = {"testdrive.scenario": str(run.facts["scenario"]), "testdrive.run": run.run_id}
    try:
        why = push_metrics(guard, samples_of(run.facts, measured, checked), about)
    finally:
        guard.close()
    if why is not None:
        say(f"warning: the collector did not take the figures: {why}")


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of the package it lies in
        return False
