"""The figures of a run that is under way, put together from what its parts tell every quarter of a second. Pure.

Per channel and bin of scenario time: who came, who waits and is talked to, how many gave up, how long they waited.
Waits are kept in HdrHistograms (1 ms to 2 days, within 1 %), for looking at; what a run reports it reckons from its
journals. A wait counts in the bin in which it was over, as in the simulated band (`results.bands`).

>>> live = LiveFigures(Bins(0.0, 5.0, 2), ["chat"], warm_up_s=0.0)
>>> now = {"now_s": 7.0, "begun": {"chat": 3}, "waiting": {"chat": 2}, "waits": [("chat", 6.0, 1.0, False)]}
>>> live.hear("a", [("chat", "resolved", 2.0)], now)
>>> channel = live.document()["channels"]["chat"]
>>> channel["arrivals"], channel["waiting"], round(channel["wait_s_p50"], 2), channel["series"]["waiting"]
(3, 2, 1.0, [None, 2])
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hdrh.histogram import HdrHistogram

from results.bands import PRESENT, Bins
from results.log import OUTCOMES

WAIT_MS_MOST = 2 * 24 * 3600 * 1000
BINS_MOST = 400
"""What comes later is in the totals alone."""

Tick = Sequence[Any]
"""A contact that has ended: its channel, outcome, and how long it lasted."""


class Waits:
    """Waits that are over: how long they were, and how many gave up."""

    def __init__(self) -> None:
        self._waits_ms = HdrHistogram(1, WAIT_MS_MOST, 2)
        self._gave_up = 0

    def add(self, waited_s: float, gave_up: bool) -> None:
        """Add a wait."""
        self._gave_up += gave_up
        self._waits_ms.record_value(min(round(waited_s * 1000) + 1, WAIT_MS_MOST))  # it knows no 0

    def told(self) -> dict[str, float | None]:
        """Return abandoned_share, wait_s_p50 and wait_s_p90; None where no wait was over."""
        count = self._waits_ms.get_total_count()
        share = self._gave_up / count if count else None
        return {"abandoned_share": share, "wait_s_p50": self._quantile_s(50), "wait_s_p90": self._quantile_s(90)}

    def _quantile_s(self, percent: int) -> float | None:
        """Return the least wait that so many of 100 do not exceed, as a run's exact figures have it."""
        count = self._waits_ms.get_total_count()
        if not count:
            return None
        rank = -(-percent * count // 100)  # the histogram itself would take the nearest
        return float(max(self._waits_ms.get_value_at_percentile(100 * rank / count) - 1, 0)) / 1000


class OfChannel:
    """The figures of one channel."""

    def __init__(self) -> None:
        self.whole = Waits()
        """Without the warm-up."""
        self._bins: dict[int, Waits] = {}
        self._arrivals: Counter[int] = Counter()
        self._present: dict[str, dict[int, int]] = {what: {} for what in PRESENT}

    def add_wait(self, place: int | None, waited_s: float, gave_up: bool, counts: bool) -> None:
        """Add a wait that was over in a bin; `counts` is whether it began after the warm-up."""
        if counts:
            self.whole.add(waited_s, gave_up)
        if place is not None:
            self._bins.setdefault(place, Waits()).add(waited_s, gave_up)

    def stand(self, place: int | None, arrived: int, present: Mapping[str, int]) -> None:
        """Note who came since the last time, and who is there now."""
        if place is not None:
            self._arrivals[place] += arrived
            for what, count in present.items():
                self._present[what][place] = count

    def series(self, bins: int) -> dict[str, list[float | None]]:
        """Return each figure by bin, None where nothing is known."""
        told = {place: waits.told() for place, waits in self._bins.items()}
        nothing = Waits().told()
        series: dict[str, list[float | None]] = {
            name: [told.get(place, nothing)[name] for place in range(bins)] for name in nothing
        }
        for what, counts in self._present.items():
            series[what] = [counts.get(place) for place in range(bins)]
        under_way = max(self._present["waiting"], default=0)
        return series | {"arrivals": [self._arrivals[place] if place < under_way else None for place in range(bins)]}


class LiveFigures:
    """What all parts of a run have told so far."""

    def __init__(self, bins: Bins, channels: Iterable[str], warm_up_s: float) -> None:
        self._bins, self._warm_up_s = bins, warm_up_s
        self._channels = {channel: OfChannel() for channel in channels}
        self._parts: dict[str, Mapping[str, Any]] = {}
        self._ended: dict[str, Counter[str]] = {}
        """By part: contacts that have ended, by channel."""
        self._lost: set[str] = set()
        self._shards: dict[str, int] = {}
        self._outcomes: Counter[str] = Counter()
        self._now_s = bins.from_s

    def hear(self, part: str, ticks: Iterable[Tick], now: Mapping[str, Any]) -> None:
        """Take in which contacts of a part have ended, and how things stand there now.

        Args:
            part: its name.
            ticks: those that ended since it told last.
            now: now_s; begun, waiting and in_conversation by channel; starts, late, fit, reasons; and the waits that
                were over since: channel, when, how long, whether they gave up. Empty before it plays.
        """
        ended = self._ended.setdefault(part, Counter())
        for channel, outcome, _ in ticks:
            self._outcomes[outcome] += 1
            ended[channel] += 1
        for channel, over_s, waited_s, gave_up in now.get("waits", ()):
            counts = over_s - waited_s >= self._warm_up_s
            self._of(channel).add_wait(self._place(over_s), waited_s, gave_up, counts)
        if not now:
            return
        before = self._parts.get(part, {}).get("begun", {})
        self._parts[part] = now
        self._lost.discard(part)
        self._now_s = max(self._now_s, now["now_s"])
        for channel in {*now["begun"], *self._channels}:
            arrived = now["begun"].get(channel, 0) - before.get(channel, 0)
            self._of(channel).stand(self._place(self._now_s), arrived, self._present(channel))

    def hold(self, part: str, shards: int) -> None:
        """Note how many shards a part plays."""
        self._shards[part] = shards

    def lose(self, part: str) -> None:
        """Note that a part is gone: whom it had begun are failed; what it has told stays."""
        self._lost.add(part)

    def document(self) -> dict[str, Any]:
        """Return all of it, as a page reads it."""
        bins = min(max(self._bins.number, self._bins.of(self._now_s) + 1), BINS_MOST)
        parts, cut_off = self._parts.values(), self._cut_off()
        ended = sum(self._ended.values(), cut_off)
        return {
            "now_s": self._now_s,
            "bins": {**asdict(self._bins), "number": bins},
            "begun": sum(sum(now["begun"].values()) for now in parts),
            "ended": ended.total(),
            "counts": {
                outcome: self._outcomes[outcome] + (cut_off.total() if outcome == "failed" else 0)
                for outcome in OUTCOMES
            },
            "channels": {
                channel: {
                    "arrivals": sum(now["begun"].get(channel, 0) for now in parts), "ended": ended[channel],
                    **self._present(channel), **of.whole.told(), "series": of.series(bins),
                }
                for channel, of in self._channels.items()
            },
            "instrument": {
                "fit": all(now.get("fit", True) for now in parts), "starts": self._sum("starts"),
                "late": self._sum("late"),
                "reasons": sorted({reason for now in parts for reason in now.get("reasons", ())}),
            },
            "parts": [self._of_part(part) for part in sorted({*self._parts, *self._shards})],
        }  # fmt: skip

    def _of_part(self, part: str) -> dict[str, Any]:
        now, lost = self._parts.get(part, {}), part in self._lost
        begun, ended = sum(now.get("begun", {}).values()), self._ended.get(part, Counter()).total()
        return {
            "part": part, "lost": lost, "shards": 0 if lost else self._shards.get(part, 0), "begun": begun,
            "ended": ended, "cut_off": begun - ended if lost else 0, "starts": now.get("starts", 0),
            "late": now.get("late", 0), "fit": now.get("fit", True),
        }  # fmt: skip

    def _cut_off(self) -> Counter[str]:
        """Return how many contacts of parts that are gone had begun and not ended, by channel: nobody plays them."""
        cut_off: Counter[str] = Counter()
        for part in self._lost & self._parts.keys():
            cut_off += Counter(self._parts[part]["begun"]) - self._ended[part]
        return cut_off

    def _of(self, channel: str) -> OfChannel:
        return self._channels.setdefault(channel, OfChannel())

    def _place(self, at_s: float) -> int | None:
        place = self._bins.of(at_s)
        return place if 0 <= place < BINS_MOST else None

    def _present(self, channel: str) -> dict[str, int]:
        there = [now for part, now in self._parts.items() if part not in self._lost]
        return {what: sum(now.get(what, {}).get(channel, 0) for now in there) for what in PRESENT}

    def _sum(self, what: str) -> int:
        return sum(now.get(what, 0) for now in self._parts.values())
