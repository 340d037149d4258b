"""A run is watched on a page beside Locust's own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

from probes.find_browser import system_browsers
from results.journal import journals_in, read_journal
from results.metrics import metric_of
from results.runs import Run
from tests.desks import FIVE_MINUTES, TOP, desk_of, wait_for
from tests.test_crowd_workers import LOCUST, free_port

pytestmark = pytest.mark.long

PROFILE = """
profiles:
  rush:
    starts: "09:00"
    stages:
      - {stage: warm_up, lasts_s: 20, factor: 1, warm_up: true}
      - {stage: rush, lasts_s: 100, factor: 2}
"""


@dataclass(frozen=True)
class Watching:
    """A run that is played by a Locust with pages."""

    port: int
    folder: Path
    host: subprocess.Popen[bytes]

    def read(self, path: str, **headers: str) -> bytes:
        """Return what Locust's web server answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=5) as answer:
            found: bytes = answer.read()
        return found

    def figures(self) -> dict[str, Any]:
        """Return the figures; none where the pages are not there (yet)."""
        with contextlib.suppress(OSError):
            found: dict[str, Any] = json.loads(self.read("/testdrive/figures.json"))
            return found
        return {}


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watching]:
    """Have two workers play two minutes of chats with a warm-up, twelve seconds of the wall's; yield once they do."""
    folder = tmp_path_factory.mktemp("watched")
    scenario = folder / "minutes.yaml"
    scenario.write_text(FIVE_MINUTES.read_text().replace("{chat: 0.8, form: 0.2}", "{chat: 1.0}") + PROFILE)
    port, link = free_port(), str(free_port())
    with desk_of(folder, scenario=scenario) as (_, target, _, charter), (folder / "said.txt").open("w") as said:
        command = [*LOCUST, "--processes", "2", "--autostart", "--autoquit", "600", "-u", "1", "--web-port", str(port)]
        command += ["--master-bind-port", link, "--master-port", link]
        command += ["--scenario", str(scenario), "--target-file", target, "--charter", charter]
        command += ["--load-profile", "rush", "--run-folder", str(folder / "run")]
        with subprocess.Popen(command, cwd=TOP, stdout=said, stderr=said, start_new_session=True) as host:
            watched = Watching(port, folder, host)
            try:
                wait_for(lambda: watched.figures().get("ended", 0) > 20, 120)
                yield watched
            finally:
                os.killpg(host.pid, signal.SIGKILL)


def test_the_page_shows_the_run_while_it_lasts_and_loads_nothing_from_elsewhere(watching: Watching) -> None:
    """Without it a leader would look at an empty page, or one that needs the internet."""
    asked, faults = asyncio.run(_look(f"http://127.0.0.1:{watching.port}/testdrive"))
    assert {url.split("/")[2] for url in asked} == {f"127.0.0.1:{watching.port}"}
    assert not faults


async def _look(url: str) -> tuple[list[str], list[str]]:
    """Open the page until it shows a queue and a worker; return what it asked for, and its faults."""
    asked: list[str] = []
    faults: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=next(iter(system_browsers()), None))
        page = await browser.new_page(color_scheme="dark", viewport={"width": 390, "height": 844})
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        await page.goto(url)
        await page.get_by_role("img", name="Waiting now: last").wait_for()
        await page.get_by_role("row", name="fit").nth(1).wait_for()
        assert await page.evaluate("document.documentElement.scrollWidth") == 390, "it fits a phone"
        await browser.close()
    return asked, faults


def test_other_sites_cannot_read_how_a_desk_fares(watching: Watching) -> None:
    """Without it any page in the same browser could: Locust itself answers every origin."""
    for headers in ({"Origin": "https://shop.example"}, {"Host": "shop.example"}):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            watching.read("/testdrive/figures.json", **headers)


def test_figures_have_every_customer_and_a_band_beside_them(watching: Watching) -> None:
    """Without it the page could show another run than the one that is written down."""
    wait_for(lambda: watching.figures().get("state") == "over" and bool(watching.figures().get("band")), 300)
    told, legs = watching.figures(), Run.open(watching.folder / "run").table("legs")
    chat = told["channels"]["chat"]
    contacts = legs.drop_duplicates("contact_id")
    assert (told["begun"], told["ended"]) == (len(contacts), len(contacts))
    assert told["counts"]["abandoned"] == (contacts["contact_outcome"] == "abandoned").sum()
    assert (chat["waiting"], chat["in_conversation"]) == (0, 0)
    assert max(count for count in chat["series"]["in_conversation"] if count is not None) > 0
    assert {state: n for state, n in told["counts"].items() if n} == contacts[
        "contact_outcome"
    ].value_counts().to_dict()
    first = legs[(legs["leg"] == 0) & (legs["arrived_s"] >= told["warm_up_s"])]
    waits_s = (first["answered_s"].fillna(first["ended_s"]) - first["arrived_s"]).to_numpy()
    assert chat["abandoned_share"] == (first["leg_end"] == "abandoned").mean()
    for metric in ("wait_s_p50", "wait_s_p90"):
        assert chat[metric] == pytest.approx(metric_of(waits_s, metric), rel=0.01, abs=0.002)
    assert len(told["band"]["chat"]["waiting"]) <= told["bins"]["number"]
    assert [stage["stage"] for stage in told["stages"]] == ["warm_up", "rush"]
    parts, journals = told["parts"], journals_in(watching.folder / "run")
    assert sorted(part["begun"] for part in parts) == sorted(
        sum(entry["kind"] == "begun" for entry in read_journal(path)) for path in journals
    )
    assert [sum(part[what] for part in parts) for what in ("shards", "ended")] == [64, len(contacts)]
    assert told["instrument"]["starts"] == sum(part["starts"] for part in parts)
    assert "/testdrive" in (watching.folder / "said.txt").read_text(), "and says where it is to be watched"


def test_a_band_that_cannot_be_simulated_is_told() -> None:
    """Without it a page without a band would not say why."""
    asked = {"scenario": "not_there.yaml", "target": "t.yaml", "charter": "c.yaml"}
    told = {"asked": asked, "bins": {"from_s": 0.0, "bin_s": 5.0, "number": 3}}
    command = [sys.executable, "-m", "commands.band"]
    done = subprocess.run(command, input=json.dumps(told) + "\n", capture_output=True, text=True, cwd=TOP, check=True)
    assert "not_there.yaml" in json.loads(done.stdout)["failed"]
