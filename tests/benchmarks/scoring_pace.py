"""How many messages a minute the scoring rules read on one core: conduct, facts and promises of each.

Run `python -m tests.benchmarks.scoring_pace [FILE...]` with labelled conduct files; our own tuning part by default. The
bar is 10,000 messages a minute on one core.
"""

from __future__ import annotations

import datetime
import itertools
import sys
import time
from pathlib import Path

from probes.scoring.accuracy import kind_and_language, read_labelled
from probes.scoring.conduct import conduct_in, scene_of
from probes.scoring.facts import facts_in
from probes.scoring.lexicon import lexicon_of
from probes.scoring.promises import promises_in
from probes.scoring.published import CORPORA

SAID_AT = datetime.datetime(2026, 3, 10, 10, 20, tzinfo=datetime.UTC)
BAR = 10_000
MESSAGES = 3_000
"""So many are scored of each file, over and over; the phrases of a language are compiled on the way, once."""


def pace(path: Path) -> float:
    """Return messages a minute of processor time."""
    _, language = kind_and_language(path)
    lexicon = lexicon_of(language)
    lines = read_labelled(path)
    lexicon.find(lexicon.read("warm up"))
    began = time.process_time()
    for line in itertools.islice(itertools.cycle(lines), MESSAGES):
        text = lexicon.read(line["text"])
        found = lexicon.find(text)
        before = [(turn["who"], lexicon.read(turn["text"])) for turn in line["context"]]
        scene = scene_of(lexicon, text, found, before, line["channel"])
        conduct_in(scene, SAID_AT)
        facts_in(text, lexicon, found, scene.grams)
        promises_in(text, lexicon, SAID_AT, None, found, scene.grams)
    return 60 * MESSAGES / (time.process_time() - began)


def main() -> None:
    """Print the pace of each file."""
    files = [Path(name) for name in sys.argv[1:]] or sorted((CORPORA / "tuning").glob("conduct_*.jsonl"))
    for path in files:
        print(f"{path.name:24} {pace(path):10,.0f} messages a minute (bar {BAR:,})")


if __name__ == "__main__":
    main()
