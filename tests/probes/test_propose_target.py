import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from probes.desk.desk import charter_for
from probes.guard import RefusedByCharterError
from probes.propose_target import propose
from scenarios.charter import AllowedHost
from scenarios.reading import HERE
from scenarios.target import Target, read_target
from tests.probes.helpdesk_fixture import Helpdesk
from tests.probes.page_server import PageServer, page_server
from tests.probes.small_desk import SmallDesk, small_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[SmallDesk]:
    """Yield a rehearsal desk."""
    with small_desk(tmp_path) as opened:
        yield opened


@pytest.fixture
def pages() -> Iterator[PageServer]:
    """Yield a server of pages."""
    with page_server() as serving:
        yield serving


def proposed(folder: Path, base_url: str, path: str) -> tuple[Target, str]:
    """Have a target file proposed and read it back."""
    port = int(base_url.rsplit(":", 1)[1])
    charter = charter_for(port).model_copy(update={"allow": [AllowedHost(host="127.0.0.1", ports=[port])]})
    text = asyncio.run(propose(base_url + path, charter))
    file = folder / "proposed.yaml"
    file.write_text(text)
    return read_target(file), text


def test_the_rehearsal_desks_form_is_described(desk: SmallDesk, tmp_path: Path) -> None:
    """Without it whoever has a form to shop begins with an empty file."""
    target, text = proposed(tmp_path, desk.target.base_url, "/form")
    shipped = read_target(HERE / "targets" / "rehearsal_desk.yaml").form
    assert target.form is not None
    assert shipped is not None
    assert (target.form.page, target.form.form, target.form.submit) == ("/form", "#contact", shipped.submit)
    wanted = {field.selector: field.fill for field in shipped.fields}
    filled = {field.selector: field.fill for field in target.form.fields}
    assert filled == {**wanted, "#intent": None}
    choice = next(field for field in target.form.fields if field.selector == "#intent")
    assert choice.choose == "Where is my order?"
    assert "unsure" in text
    assert target.chat is None


def test_the_rehearsal_desks_chat_is_described(desk: SmallDesk, tmp_path: Path) -> None:
    """Without it the box to write in might be taken for the form that opens the chat."""
    target, _ = proposed(tmp_path, desk.target.base_url, "/chat")
    assert target.chat is not None
    assert (target.chat.start, target.chat.input, target.chat.send) == ("#start", "#say", "#send")
    assert target.chat.messages.startswith("#log")
    assert [field.selector for field in target.chat.fields] == ["#name", "#email", "#intent", "#text"]
    assert target.form is None


def test_a_chat_that_scripts_draw_is_waited_for(pages: PageServer, tmp_path: Path) -> None:
    """Without it the chats of today's frameworks, which come after the page, would not be seen."""
    pages.serve(
        "/",
        "<!doctype html><body><main></main><script>fetch('/later').then(() => setTimeout(() => {"
        "document.querySelector('main').innerHTML = '<div id=talk></div><div><textarea id=say "
        'placeholder="Type a message"></textarea><button id=go>Send</button></div>\'; }, 300));</script>',
    )
    pages.serve("/later", "")
    target, _ = proposed(tmp_path, f"http://127.0.0.1:{pages.port}", "/")
    assert target.chat is not None
    assert (target.chat.input, target.chat.send, target.chat.messages) == ("#say", "#go", "#talk > *")


def test_a_chat_in_a_page_within_the_page_is_described(pages: PageServer, tmp_path: Path) -> None:
    """Without it whoever has a bought widget begins with an empty file, and cannot know how its frame is named."""
    pages.serve("/", "<!doctype html><iframe id=advert src=/advert></iframe><iframe title=talk src=/talk></iframe>"
                "<button id=help>Chat with us</button>")  # fmt: skip
    pages.serve("/advert", "<p>Buy more</p>")
    pages.serve("/talk", "<div><div role=log id=log></div><textarea id=say></textarea><button id=go>Go</button></div>")
    target, _ = proposed(tmp_path, f"http://127.0.0.1:{pages.port}", "/")
    assert target.chat is not None
    frame = target.chat.input.removesuffix(" >> #say")
    assert frame == 'iframe[title="talk"]'
    assert (target.chat.start, target.chat.send) == ("#help", f"{frame} >> #go")
    assert target.chat.messages == f"{frame} >> #log > *"


def test_the_rehearsal_desks_other_pages_read_back(desk: SmallDesk, tmp_path: Path) -> None:
    """Without it a page without a form would be proposed as a file that nobody can read."""
    target, text = proposed(tmp_path, desk.target.base_url, "/faq")
    assert target.faq is not None
    assert target.faq.page == "/faq/{intent}"
    target, text = proposed(tmp_path, desk.target.base_url, "/")
    assert (target.chat, target.form, target.faq) == (None, None, None)
    assert "Neither a chat" in text
    assert "This is a rehearsal desk" in text, "what a screen reader is told"


def test_nothing_reaches_the_desk(desk: SmallDesk, tmp_path: Path) -> None:
    """Without it looking at a page could open a case with somebody."""
    for path in ("/form", "/chat"):
        proposed(tmp_path, desk.target.base_url, path)
    assert [entry for entry in desk.truth_file.read_text().splitlines() if "arrived" in entry] == []


def test_a_real_help_desks_form_is_described(helpdesk: Helpdesk, tmp_path: Path) -> None:
    """Without it proposing would be proved on our own pages alone."""
    before = len(helpdesk.tickets())
    target, text = proposed(tmp_path, helpdesk.base_url, "/tickets/submit/")
    assert target.form is not None
    filled = {field.selector: field.fill or field.choose for field in target.form.fields}
    assert filled["#id_title"] == "{subject}"
    assert filled["#id_body"] == "{text}"
    assert filled["#id_submitter_email"] == "{persona.email}"
    assert filled["#id_queue"] in (helpdesk.queue, helpdesk.broken_queue)
    assert "#id_priority" not in filled
    assert "#id_due_date" not in filled
    assert helpdesk.queue in text
    assert len(helpdesk.tickets()) == before


def test_a_page_may_hold_what_it_likes(pages: PageServer, tmp_path: Path) -> None:
    """Without it a page's own words could break out of their place in the file, or a login be taken for a form."""
    pages.serve(
        "/",
        """<title>A "desk": #1 {a}
- b</title><form role=search><input name=q aria-label="Search: 'all' #pages"><button>Go</button></form>
<form id="l"><input name=user><input name=pw type=password><button>In</button></form>
<form id="f"><label>Your "name": # <input name="a[b]"></label><label>Vorname<input name=v></label>
<label>Alter<input name=age required></label><label>Nachricht<textarea name=n></textarea></label>
<select name=s><option value="">-<option>A: "b" # c</select><input type=checkbox name=agb required aria-label=AGB>
<button>Senden</button></form>""",
    )
    target, text = proposed(tmp_path, f"http://127.0.0.1:{pages.port}", "/")
    assert target.title == 'A "desk": #1 {a} - b'
    assert target.form is not None
    assert [field.fill for field in target.form.fields] == [
        "{persona.first_name} {persona.last_name}",
        "{persona.first_name}",
        "{subject}",
        "{text}",
        None,
    ]
    assert target.form.fields[-1].choose == 'A: "b" # c'
    assert "the form cannot be sent without it" in text
    assert target.faq is not None
    assert target.faq.search is not None
    assert target.login is not None


def test_what_the_charter_does_not_list_is_not_looked_at(pages: PageServer) -> None:
    """Without it a slip in an address would have us read somebody else's pages."""
    with pytest.raises(RefusedByCharterError):
        asyncio.run(propose(f"http://127.0.0.1:{pages.port}/", charter_for(9)))
    assert pages.asked == []
