"""A language model as one more rater: off by default, asked only where the charter's outputs list it, never the gate.

Any endpoint that speaks the chat completions of OpenAI's interface. It is asked each question of a card with the
transcript of one contact, and must quote the words its answer rests on; an answer whose quote the transcript does not
hold is refused. What it says is kept as ratings beside the machine's and people's, so that its agreement with people
shows (`testdrive score RUN`). Guarded by tests/probes/scoring/test_judge.py.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pandas as pd

from probes.guard import Guard, guarding
from probes.resolve import PinnedResolver, addresses_of
from probes.scoring.text import fold
from results.ratings import rate
from results.runs import Run, RunError
from scenarios.charter import Charter
from scenarios.scorecard import Criterion, Scorecard

KEY_VARIABLE = "TESTDRIVE_JUDGE_KEY"
"""Holds the endpoint's key, where it wants one."""

ANSWER_S_MOST = 120
CONTACTS_MOST = 500
TRANSCRIPT_MOST = 12_000

INSTRUCTION = (
    "You judge one contact of a customer with a support desk. Answer the question about the DESK's conduct only, as "
    "JSON: "
    '{"answer": "yes" | "no" | "na" | a whole number on the scale given, "quote": words copied exactly from the '
    'transcript that show it, or ""}. "na" where the question does not apply or the transcript does not tell.'
)


@dataclass(frozen=True)
class Judged:
    """What a judge said: how many answers were kept, and how many refused for want of a true quote."""

    rater: str
    answered: int
    refused: int
    faults: tuple[str, ...]


def ask_judge(
    run: Run, card: Scorecard, charter: Charter, model: str, progress: Callable[[float], None] | None = None
) -> Judged:
    """Ask the charter's judge about every contact of a run, and keep what it says as ratings.

    Raises:
        RefusedByCharterError: the charter lists no judge.
        RunError: the judge cannot be reached at all.
    """
    return asyncio.run(_ask_all(run, card, charter, model, progress))


async def _ask_all(
    run: Run, card: Scorecard, charter: Charter, model: str, progress: Callable[[float], None] | None
) -> Judged:
    rater = f"judge {model}"
    guard = Guard(charter)
    said: list[tuple[str, str, str | None]] = []
    refused, faults = 0, []
    told = list(_transcripts(run.table("messages")))[:CONTACTS_MOST]
    with guarding(guard), guard.sending_output("judge") as url:
        host, port = _host_of(url)
        await addresses_of(guard, host, port)
    with guarding(guard), guard.sending_output("judge") as url:
        connector = aiohttp.TCPConnector(resolver=PinnedResolver(guard))
        timeout = aiohttp.ClientTimeout(total=ANSWER_S_MOST)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
            for number, (contact, transcript) in enumerate(told):
                for _, name, criterion in card.criteria():
                    try:
                        answer, quote = await _ask(http, url, model, criterion, transcript)
                    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                        faults.append(f"{contact}: {type(error).__name__}: {error}"[:200])
                        continue
                    if answer != "na" and quote and fold(quote) not in fold(transcript):
                        refused += 1
                        continue
                    said.append((contact, name, answer))
                if progress is not None:
                    progress((number + 1) / len(told))
    if faults and not said:
        raise RunError(f"the judge gave no answer: {faults[0]}")
    rate(run, card, said, rater, "judged", "asked of a language model")
    return Judged(rater, len(said), refused, tuple(dict.fromkeys(faults)))


def _host_of(url: str) -> tuple[str, int]:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _transcripts(messages: pd.DataFrame) -> Iterator[tuple[str, str]]:
    for contact, rows in messages.sort_values(["contact_id", "turn"]).groupby("contact_id", sort=True):
        lines = [
            f"{'CUSTOMER' if who == 'customer' else 'DESK'}: {text}"
            for who, text in zip(rows["speaker"], rows["text"], strict=True)
        ]
        yield str(contact), "\n".join(lines)[:TRANSCRIPT_MOST]


async def _ask(
    http: aiohttp.ClientSession, url: str, model: str, criterion: Criterion, transcript: str
) -> tuple[str, str]:
    """Ask one question; returns the answer and its quote.

    Raises:
        ValueError: what came is no answer.
    """
    scale = f"Scale: 0 to {criterion.scale}." if criterion.scale > 1 else "Answer yes, no or na."
    body = {
        "model": model,
        "temperature": 0,
        "seed": 0,
        "response_format": {"type": "json_object"},
        "messages": [
            {"role": "system", "content": INSTRUCTION},
            {"role": "user", "content": f"Question: {criterion.title} {scale}\n\nTranscript:\n{transcript}"},
        ],
    }
    key = os.environ.get(KEY_VARIABLE)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    address = url if url.rstrip("/").endswith("/chat/completions") else url.rstrip("/") + "/chat/completions"
    async with http.post(address, json=body, headers=headers, allow_redirects=False) as answer:
        if answer.status != 200:
            raise ValueError(f"HTTP {answer.status} at {address}")
        told: Any = await answer.json(content_type=None)
    return _read(told, criterion)


def _read(told: Any, criterion: Criterion) -> tuple[str, str]:
    try:
        content = json.loads(told["choices"][0]["message"]["content"])
        answer, quote = content["answer"], str(content.get("quote") or "")
    except (KeyError, IndexError, TypeError, json.JSONDecodeError):
        raise ValueError("what came is no answer in JSON") from None
    word = str(answer).strip().lower()
    if word in ("yes", "no", "na"):
        return word, quote
    if word.isdecimal() and int(word) <= criterion.scale:
        return word, quote
    raise ValueError(f"the answer is {answer!r}")
