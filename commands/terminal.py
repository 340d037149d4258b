"""What a terminal shows: words and bars on stderr, one JSON document on stdout."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from probes.crowd.crowd import Tick


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document; what is not a number is null."""
    print(json.dumps(_plain(document), ensure_ascii=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def say(text: str) -> None:
    """Say something on stderr."""
    print(text, file=sys.stderr)


@contextlib.contextmanager
def progress_bar(asked: argparse.Namespace, what: str) -> Iterator[Callable[[float], None]]:
    """Show a bar on stderr where somebody is looking; return what is told the share done."""
    with _labelled_bar(what) as progress:
        yield lambda share: progress(share, what)


@contextlib.contextmanager
def ticking(asked: argparse.Namespace, what: str) -> Iterator[Callable[[Tick], None]]:
    """As `progress_bar`, for a crowd that says how many contacts have ended, and whether its instrument is fit."""
    with _labelled_bar(what) as progress:
        yield lambda tick: progress(
            tick.ended / max(tick.planned, 1), what if tick.fit else f"{what} [red](instrument unfit so far)[/red]"
        )


@contextlib.contextmanager
def _labelled_bar(what: str) -> Iterator[Callable[[float, str], None]]:
    if not sys.stderr.isatty():
        yield lambda share, label: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=1.0)
        yield lambda share, label: bars.update(task, completed=share, description=label)
