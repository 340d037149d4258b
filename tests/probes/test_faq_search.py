import asyncio
from collections.abc import Iterator

import pytest

from probes.browser import Browser
from probes.channels.contract import Caller, CannotDoError, Surroundings
from probes.channels.faq_browser import FaqBrowser
from probes.channels.faq_http import FaqHttp
from probes.clock import Clock
from probes.desk.desk import LOOPBACK, charter_for
from probes.guard import Guard
from probes.http_client import HttpClient
from probes.journeys import Open, Seen
from probes.personas import make_persona
from scenarios.target import Target
from tests.probes.loop_thread import LoopThread
from tests.probes.page_server import PageServer, page_server

BOX = "<form action=/found><input id=box name=q><button id=go>Search</button></form>"
IN_PLACE = """<input id=box><button id=go>Search</button><main id=results></main><script>
document.getElementById("go").onclick = async () => {
  const text = await (await fetch("/index")).text();
  const said = text + document.getElementById("box").value;
  document.getElementById("results").innerHTML = "<p id=answer>" + said + "</p>"; };
</script>"""


@pytest.fixture
def pages() -> Iterator[PageServer]:
    """Yield help pages with two ways of searching."""
    with page_server() as serving:
        serving.serve("/help", BOX)
        serving.serve("/found", f"{BOX}<main id=results><a class=hit href=/article>Parcels</a></main>")
        serving.serve("/article", "<p id=answer>Within 3 working days.</p>")
        serving.serve("/in_place", IN_PLACE)
        serving.serve("/index", "Found: ")
        yield serving


def searched(
    browser: Browser | None, loop: LoopThread, pages: PageServer, faq: dict[str, object], text: str
) -> list[Seen]:
    """Return what is seen when one opens a help page and searches there, without a browser over plain HTTP."""
    target = Target.model_validate(
        {"target": "help", "title": "Help", "base_url": f"http://{LOOPBACK}:{pages.port}", "faq": faq}
    )
    guard, persona = Guard(charter_for(pages.port)), make_persona("a", "a/0/1", "en", "0123456789")

    async def act() -> list[Seen]:
        around = Surroundings(target, guard, Clock(asyncio.get_running_loop()), http=HttpClient(guard), browser=browser)
        make = FaqHttp if browser is None else FaqBrowser
        session = make(around, Caller(persona, "a/0/1", "any", "Any", False))
        try:
            await session.open(Open("s", "t"))
            await session.search(text)
            seen = []
            while (one := await session.next_seen(None)).kind != "nothing":
                seen.append(one)
            return seen
        finally:
            await session.close()

    return loop.run(act())


SEARCH = {"input": "#box", "submit": "#go", "results": "#results"}


@pytest.fixture(params=["browser", "http"])
def reader(request: pytest.FixtureRequest) -> Browser | None:
    """Yield the browser, or none: plain HTTP."""
    return request.getfixturevalue("browser") if request.param == "browser" else None


def test_one_searches_follows_the_link_and_reads(
    reader: Browser | None, probe_loop: LoopThread, pages: PageServer
) -> None:
    """Without it help pages that are only found by searching could not be shopped."""
    faq = {"page": "/help", "answer": "#answer", "search": {**SEARCH, "link": ".hit"}}
    seen = searched(reader, probe_loop, pages, faq, "parcel")
    assert [(one.kind, one.text, one.resolved) for one in seen] == [
        ("page", "", False),
        ("page", "Within 3 working days.", True),
    ]
    assert seen[0].seen_by_s < seen[1].seen_by_s
    assert "/found?q=parcel" in pages.asked


def test_results_may_come_without_another_page(browser: Browser, probe_loop: LoopThread, pages: PageServer) -> None:
    """Without it an answer that a script brings would be missed."""
    faq = {"page": "/in_place", "answer": "#answer", "search": {**SEARCH, "results": "#results p"}}
    seen = searched(browser, probe_loop, pages, faq, "parcel")
    assert (seen[-1].text, seen[-1].resolved) == ("Found: parcel", True)


def test_nothing_found_is_no_answer(reader: Browser | None, probe_loop: LoopThread, pages: PageServer) -> None:
    """Without it a search in vain would be the desk's failure, or ours."""
    pages.serve("/found", f"{BOX}<main id=results>Nothing was found.</main>")
    faq = {"page": "/help", "answer": "#answer", "search": {**SEARCH, "submit": None, "link": ".hit"}}
    seen = searched(reader, probe_loop, pages, faq, "parcel")
    assert [(one.kind, one.resolved) for one in seen] == [("page", False), ("page", False)]


@pytest.mark.parametrize("where", ["http://[x", "http://127.0.0.1:xx/", "mailto:us@example.org"])
def test_a_link_to_nowhere_is_the_desks_fault(probe_loop: LoopThread, pages: PageServer, where: str) -> None:
    """Without it a broken link of the desk's would count as our own failure, and make the run unfit."""
    pages.serve("/found", f'{BOX}<main id=results><a class=hit href="{where}">That way</a></main>')
    faq = {"page": "/help", "answer": "#answer", "search": {**SEARCH, "submit": None, "link": ".hit"}}
    seen = searched(None, probe_loop, pages, faq, "parcel")
    assert seen[-1].kind == "error"
    assert "no address of a page" in seen[-1].text


def test_a_box_that_is_not_there_is_named(browser: Browser, probe_loop: LoopThread, pages: PageServer) -> None:
    """Without it whoever mends a target file would have to guess what is wrong with it."""
    faq = {"page": "/help", "answer": "#answer", "search": {**SEARCH, "input": "#no_such_box"}}
    seen = searched(browser, probe_loop, pages, faq, "parcel")
    assert seen[-1].kind == "error"
    assert "#no_such_box" in seen[-1].text


def test_a_box_that_needs_a_script_is_for_a_browser(probe_loop: LoopThread, pages: PageServer) -> None:
    """Without it a search that only a script can do would look like a desk that has no answer."""
    faq = {"page": "/in_place", "answer": "#answer", "search": SEARCH}
    with pytest.raises(CannotDoError, match="--browser"):
        searched(None, probe_loop, pages, faq, "parcel")
