"""Chats that lie in a page's corner: in frames of another origin, in shadow roots, with answers that grow."""

import json
from pathlib import Path
from typing import Any

import pytest

from scenarios.faults import FaultsFoundError
from scenarios.reading import HERE
from scenarios.target import Target, read_target
from tests.probes.page_server import PageServer, page_server
from tests.probes.real_desks import Played, play

JOURNEY = """
journey: ask_in_the_corner
title: Ask in the widget, answer what it asks, stay until it ends
channel: chat
questions: {default: {subject: "Order", text: "Where is my parcel?", useful: "working days"}}
replies: [{to: "which order", say: "It is {order}"}]
steps:
  - open: true
  - {wait_for: human, within: {law: deterministic, value_s: 8}}
  - {wait_for: closed, within: {law: deterministic, value_s: 8}}
"""

AGENT = r"""
const add = (name, text) => {
  const line = document.createElement("p"); line.className = name; line.textContent = text; PLACE.append(line);
  return line; };
const tell = (text) => {
  if (!GAP) { add("message them", text); return; }
  const words = text.split(" "), line = add("message them", words[0]);
  words.slice(1).forEach((word, at) => setTimeout(() => { line.textContent += " " + word; }, (at + 1) * GAP)); };
let asked = 0;
const said = (text) => {
  add("message me", text);
  asked += 1;
  if (asked === 1) setTimeout(() => tell("Hello, which order is it?"), 150);
  if (asked === 2) {
    setTimeout(() => tell("It comes within three working days."), 150);
    setTimeout(() => add("over", "solved"), 450); } };
"""
"""How every widget here answers: PLACE is where messages go, GAP the milliseconds between a message's words."""


def agent(place: str, gap_ms: int = 0) -> str:
    """Return the script that answers."""
    return AGENT.replace("PLACE", place).replace("GAP", str(gap_ms))


def describe(port: int, **selectors: Any) -> Target:
    """Return a target with a chat on the page `/`."""
    chat = {
        "page": "/",
        "ready": "#open",
        "start": "#open",
        "accepted": ".message.me",
        "input": "#say",
        "messages": ".message",
        "speakers": [{"speaker": "customer", "selector": ".me"}, {"speaker": "human"}],
        "closed": ".over",
        "closed_text": {"resolved": "solved"},
        **selectors,
    }
    return Target.model_validate(
        {
            "target": "widget",
            "title": "A chat in the corner",
            "base_url": f"http://127.0.0.1:{port}",
            "request_s_most": 5.0,
            "chat": chat,
        }
    )


def ask(target: Target, folder: Path) -> Played:
    """Play the journey in the browser."""
    path = folder / "ask.yaml"
    path.write_text(JOURNEY)
    return play(path, target, folder, in_browser=True)


def check_answered(played: Played) -> None:
    """Check that the whole talk was heard and understood."""
    leg = played.legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("answered", "resolved"), leg["reason"]
    assert played.said("agent") == ["Hello, which order is it?", "It comes within three working days."]
    assert [text.split()[0] for text in played.said("customer")] == ["Where", "It"]
    assert played.rungs() == ["accepted", "first_human", "first_useful_answer", "resolved"]


INSIDE = "<button id=open>Chat</button><div id=log></div><input id=say><button id=send>Go</button>"
FRAME = "iframe.help >> iframe[title=talk] >> "


def serve_framed(pages: PageServer, other: PageServer) -> None:
    """Serve a page whose chat lies two frames deep, and a frame beside it that must not be listened to."""
    pages.serve(
        "/",
        f"""<!doctype html><body><button id=open>Chat</button>
        <script>document.getElementById("open").onclick = () => {{ const frame = document.createElement("iframe");
        frame.className = "help"; frame.src = "http://localhost:{other.port}/outer"; document.body.append(frame); }};
        </script>""",
    )
    other.serve(
        "/outer",
        """<!doctype html><body>
        <iframe class=advert srcdoc="<body><script>let count = 0; setInterval(() => { count += 1;
        document.body.innerHTML = '<p class=message>Buy more within ' + count + ' working days</p>'; }, 50);</script>">
        </iframe><iframe title=talk src=/inner></iframe>""",
    )
    other.serve(
        "/inner",
        f"""<!doctype html><body><div id=log></div><input id=say><script>{agent('document.getElementById("log")')}
        document.getElementById("say").onkeydown = (event) => {{ if (event.key === "Enter") {{
          said(event.target.value); event.target.value = ""; }} }};</script>""",
    )


def test_a_chat_in_frames_of_another_origin(tmp_path: Path) -> None:
    """Without it the chats that most shops buy, which lie in an iframe, could not be shopped."""
    with page_server() as pages, page_server() as other:
        serve_framed(pages, other)
        names = ("accepted", "input", "messages", "closed")
        there = {"accepted": ".message.me", "input": "#say", "messages": ".message", "closed": ".over"}
        target = describe(pages.port, **{name: FRAME + there[name] for name in names})
        path = tmp_path / "ask.yaml"
        path.write_text(JOURNEY)
        check_answered(play(path, target, tmp_path, in_browser=True, also=[("localhost", other.port)]))


def test_a_frame_the_charter_does_not_list_stays_shut(tmp_path: Path) -> None:
    """Without it a page could lead the probe to any host by a frame."""
    with page_server() as pages, page_server() as other:
        serve_framed(pages, other)
        target = describe(pages.port, input=FRAME + "#say", closed=FRAME + ".over", messages=FRAME + ".message")
        played = ask(target, tmp_path)
        assert other.asked == []
    leg = played.legs.iloc[0]
    assert leg["leg_end"] == "target_error"
    assert f"does not allow localhost port {other.port}" in leg["reason"]


def serve_shadowed(pages: PageServer, gap_ms: int = 0) -> None:
    """Serve a page whose chat is a custom element, each message one too."""
    pages.serve(
        "/",
        f"""<!doctype html><body><help-chat></help-chat><script>
        setTimeout(() => customElements.define("help-chat", class extends HTMLElement {{ connectedCallback() {{
          const root = this.attachShadow({{mode: "open"}});
          root.innerHTML = `{INSIDE}`;
          {agent('root.getElementById("log")', gap_ms)}
          root.getElementById("send").onclick = () => {{ said(root.getElementById("say").value); }};
        }} }}), 100);</script>""",
    )


def test_a_chat_in_a_shadow_root(tmp_path: Path) -> None:
    """Without it what appears in a web component would not be seen, and its desk would look silent."""
    with page_server() as pages:
        serve_shadowed(pages)
        check_answered(ask(describe(pages.port, send="#send"), tmp_path))


def test_a_chat_that_begins_with_the_first_message(tmp_path: Path) -> None:
    """Without it whoever has a chat without a button to start it, or a word that it is over, must invent both."""
    with page_server() as pages:
        serve_shadowed(pages)
        played = ask(describe(pages.port, send="#send", ready="#say", start=None, closed=None), tmp_path)
    leg = played.legs.iloc[0]
    assert (leg["leg_end"], leg["contact_outcome"]) == ("answered", "resolved"), leg["reason"]
    assert len(played.said("agent")) == 2
    assert leg["arrived_s"] <= played.rung("accepted")["seen_by_s"] < leg["arrived_s"] + 0.1


def test_a_wrong_selector_of_messages_is_doubted(tmp_path: Path) -> None:
    """Without it a slip in a target file would look like a desk that answers nobody."""
    with page_server() as pages:
        serve_shadowed(pages)
        right = ask(describe(pages.port, send="#send"), tmp_path)
        folder = tmp_path / "wrong"
        folder.mkdir()
        wrong = ask(describe(pages.port, send="#send", messages=".bubble"), folder)
    assert right.doubts == {}
    assert list(wrong.doubts.values()) == [1]
    assert "(.bubble), not even our own words" in next(iter(wrong.doubts))


def test_messages_that_are_components_themselves(tmp_path: Path) -> None:
    """Without it a bubble whose words lie in its own shadow root would be an empty message."""
    with page_server() as pages:
        pages.serve(
            "/",
            f"<!doctype html><body>{INSIDE}"
            """<script>customElements.define("chat-bubble", class extends HTMLElement { connectedCallback() {
              const root = this.attachShadow({mode: "open"});
              root.innerHTML = "<style>p { color: red }</style><p><slot></slot><i class=who></i></p>";
              root.querySelector("i").textContent = this.getAttribute("who"); } });
            const bubble = (who, text) => { const b = document.createElement("chat-bubble"); b.setAttribute("who", who);
              b.className = "message"; b.textContent = text; document.getElementById("log").append(b); };
            let asked = 0;
            document.getElementById("send").onclick = () => { asked += 1;
              bubble("me", document.getElementById("say").value);
              if (asked === 1) setTimeout(() => bubble("Robin", "Hello, which order is it?"), 100);
              if (asked === 2) { setTimeout(() => bubble("Robin", "It comes within three working days."), 100);
                setTimeout(() => { document.body.insertAdjacentHTML("beforeend", "<p class=over>solved</p>"); }, 300); }
            };</script>""",
        )
        speakers = [{"speaker": "customer", "within": ".who", "text": "^me$"}, {"speaker": "human"}]
        target = describe(pages.port, send="#send", accepted=".message", own_text=[".who"], speakers=speakers)
        check_answered(ask(target, tmp_path))


def test_roots_that_stand_in_the_pages_own_html(tmp_path: Path) -> None:
    """Without it a widget rendered by the server would be passed over until something else changed."""
    with page_server() as pages:
        pages.serve(
            "/",
            f"""<!doctype html><body><help-chat><template shadowrootmode=open>{INSIDE}</template></help-chat><script>
            const root = document.querySelector("help-chat").shadowRoot;
            {agent('root.getElementById("log")')}
            root.getElementById("send").onclick = () => said(root.getElementById("say").value);</script>""",
        )
        check_answered(ask(describe(pages.port, send="#send"), tmp_path))


@pytest.mark.parametrize("settles_s", [0.0, 0.3], ids=["at_once", "settled"])
def test_answers_that_grow_word_by_word(settles_s: float, tmp_path: Path) -> None:
    """Without it a bot's answer would be its first word, and the end of a talk could be told before its last answer."""
    with page_server() as pages:
        serve_shadowed(pages, gap_ms=60)
        played = ask(describe(pages.port, send="#send", settles_s=settles_s), tmp_path)
    if settles_s:
        check_answered(played)
        human, useful = played.rung("first_human"), played.rung("first_useful_answer")
        assert useful["seen_by_s"] - human["seen_by_s"] < 2.5
        gap_s = human["seen_by_s"] - played.rung("accepted")["seen_by_s"]
        assert gap_s == pytest.approx(0.15, abs=0.14), "stamped when it appeared, not when it stood still"
    else:
        assert played.said("agent")[0] == "Hello,"


WRONG = [
    ("form", {"page": "/f", "form": "iframe >> form", "submit": "#go"}, "without `>>`"),
    ("chat", {"closed": "iframe >> "}, "both sides of `>>`"),
    ("chat", {"closed": "iframe >> .a, iframe >> .b"}, "one frame before each `>>`"),
]


@pytest.mark.parametrize(("part", "keys", "told"), WRONG)
def test_frames_where_none_can_be_are_refused(part: str, keys: dict[str, str], told: str, tmp_path: Path) -> None:
    """Without it a target would be taken whose form is never found."""
    text = (HERE / "targets" / "rehearsal_desk.yaml").read_text()
    for key, value in keys.items():
        at = text.index(f"{part}:\n")
        begin = text.index(f"\n  {key}: ", at) + 1
        text = text[:begin] + f"  {key}: {json.dumps(value)}" + text[text.index("\n", begin) :]
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(FaultsFoundError) as refused:
        read_target(path)
    assert told in str(refused.value)
