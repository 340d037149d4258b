"""The beginning and the end of a run that several processes play: its folder, plan and clock; its tables.

`python -m probes.crowd.lead` is started by the host that leads (a Locust master, or a Locust alone), which itself stays
light, and talks to it in lines of JSON as a part does. In: what to play (a line), `{"begin": true}` when the parts are
ready, `{"look": [what each part has counted]}`, `{"finish": [what the parts told at their end]}`. Out: `{"prepared":
folder, "shown": what is to be watched}`, `{"begun": …}`, `{"aborted": …}` where a threshold is broken for sure,
`{"finished": …}` or `{"failed": …}`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from probes.crowd.assignment import Assignment
from probes.crowd.telling import tell, told_failure
from probes.early_end import aborting, decided
from probes.errand import journeys_hash, scenario_errand
from probes.judgements import together
from probes.playing import chosen_of, start_clock
from probes.setting import Access
from probes.shop import finish, shop_facts
from results.aborting import Aborted
from results.bands import Bins
from results.runs import INTERRUPTED, RUNNING, Run, new_folder
from results.stages import warm_up_s_of
from scenarios.charter import read_charter
from scenarios.target import read_target


class Lead:
    """Prepares a run, begins and finishes it."""

    def __init__(self, asked: Assignment, folder: Path | None) -> None:
        loaded = asked.load()
        self._access = Access(read_target(asked.target), read_charter(asked.charter))
        seed = loaded.scenario.seed if asked.seed is None else asked.seed
        self._errand = scenario_errand(loaded, seed, asked.shoppers)
        if asked.contact is not None:
            only = self._errand.plan["contact_id"] == asked.contact
            self._errand = replace(self._errand, plan=self._errand.plan[only].reset_index(drop=True))
        self._chosen = chosen_of(self._errand, self._access)
        facts = shop_facts(self._errand, self._access, "real", 1.0)
        facts |= {"journeys": journeys_hash(self._errand.journeys)}
        self.run = Run.create(new_folder(loaded.scenario.scenario, "load", folder), facts)
        self.run.write_plan(self._chosen)
        self._aborts_on = aborting(loaded.scenario.thresholds)

    async def begin(self) -> float:
        """Set the clock of the run; returns the wall instant of its second 0."""
        clock = await start_clock(self._errand, self._chosen, self._access)
        epoch_s = clock.epoch_s()
        facts = shop_facts(self._errand, self._access, "real", clock.scale)  # the scale is part of the run's id
        self.run.write_facts(run_id=facts["run_id"], scale=clock.scale, state=RUNNING, epoch_s=epoch_s)
        return epoch_s

    def shown(self) -> dict[str, Any]:
        """Return what a page on the run shows before it has begun: over which time, whom, and the stages."""
        due_s, channels = self._chosen["due_s"], self._errand.loaded.scenario.channels
        bins = Bins.over(float(due_s.min()), float(due_s.max()), self._errand.loaded.horizon_s)
        played = set(self._chosen["channel"])
        return {
            "scenario": self._errand.loaded.scenario.title, "planned": len(self._chosen), "bins": asdict(bins),
            "channels": [channel for channel in channels if channel in played],
            "warm_up_s": warm_up_s_of(self.run.facts), "stages": list(self.run.facts.get("stages") or ()),
        }  # fmt: skip

    def look(self, counted: Sequence[Sequence[Sequence[int]]]) -> Aborted | None:
        """Say whether the run is to end now, as what the parts have counted breaks a threshold for sure.

        Args:
            counted: by part and threshold, of how many samples so many were beyond.
        """
        now_s = (time.time() - float(self.run.facts["epoch_s"])) * float(self.run.facts["scale"])
        return decided(self._aborts_on, counted, self.run, now_s)

    def finish(self, parts: Sequence[Mapping[str, Any]], interrupted: bool) -> dict[str, Any]:
        """Make the tables from the journals of all parts; returns what the host says of the run."""
        for told in parts:
            self.run.write_facts(**_added(self.run.facts, told["facts"]))
        judged = together([told["instrument"] for told in parts])
        stopped = interrupted or any(told["interrupted"] for told in parts)
        if not stopped:
            self.run.facts.pop("aborted", None)  # all was played before anybody heard of it
        shopped = finish(self.run, self._chosen, judged, stopped)
        return {
            "folder": str(self.run.folder), "contacts": sum(shopped.outcomes.values()), "fit": judged.fit,
            "interrupted": self.run.facts["state"] == INTERRUPTED, "aborted": self.run.facts.get("aborted"),
        }  # fmt: skip


def _added(facts: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return what run.json says once what another part has refused and doubted is added."""
    doubts = dict(facts.get("doubts") or {})
    for what, count in more["doubts"].items():
        doubts[what] = doubts.get(what, 0) + count
    return {**more, "doubts": doubts, "refused": [*(facts.get("refused") or ()), *more["refused"]]}


def _main() -> None:
    told = json.loads(sys.stdin.readline())
    try:
        lead = Lead(Assignment.of(told["asked"]), Path(told["folder"]) if told["folder"] else None)
        tell(prepared=str(lead.run.folder.resolve()), shown=lead.shown())
        for line in sys.stdin:
            word = json.loads(line)
            if "begin" in word:
                tell(begun=asyncio.run(lead.begin()))
            elif "look" in word:
                if (aborted := lead.look(word["look"])) is not None:
                    tell(aborted=aborted.facts())
            elif "finish" in word:
                tell(finished=lead.finish(word["finish"], bool(word["interrupted"])))
    except Exception as error:  # noqa: BLE001  whatever it is, the host is told, which knows what to do about it
        tell(failed=told_failure(error))


if __name__ == "__main__":
    _main()
