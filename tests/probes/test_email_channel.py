import asyncio
import email.policy
import time
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from probes.channels import imap_box
from probes.channels.email import MAILS_MOST
from probes.channels.table import PROTOCOL
from probes.desk.desk import LOOPBACK, DeskOptions
from probes.desk.mail import DOMAIN
from probes.errand import Errand
from probes.playing import play_virtual
from scenarios.charter import Charter
from scenarios.secret import SecretMissingError
from tests.probes.loop_thread import LoopThread
from tests.probes.scripted_mail import DESK, LADDER, Letter, MailDesk, correspond
from tests.probes.small_desk import TEN_O_CLOCK_S, _plan, small_desk, write_scenario

WALL_S_MOST = 20.0
AUTOMATIC = {"Auto_Submitted": "auto-replied"}
RIGHT = "It will be with you within 3 working days."


def silent(desk: MailDesk, letter: Letter) -> None:
    """Answer nothing."""


def settle(desk: MailDesk, letter: Letter) -> None:
    desk.send(letter, f"{RIGHT} The matter is settled.")


def test_a_mail_that_is_answered_climbs_the_whole_ladder(tmp_path: Path) -> None:
    """Without it a rung that mail desks have could go missing, or stand in the wrong order."""

    def answer(desk: MailDesk, letter: Letter) -> None:
        desk.send(letter, "Thank you, this is an automatic reply.", **AUTOMATIC)
        desk.send(letter, f"Hello,\n\n{RIGHT}\n\nOn 3 Mar 2026, Anna <a@example.org> wrote:\n> Where is it?", 0.2)
        desk.send(letter, "The matter is settled.", 0.4)

    played = correspond(tmp_path, answer)
    assert played.rungs == LADDER
    assert (played.leg["leg_end"], played.leg["contact_outcome"]) == ("answered", "resolved")
    assert played.said("agent") == [f"Hello,\n\n{RIGHT}", "The matter is settled."]
    [letter] = played.desk.letters
    assert letter.recipients == [DESK]
    assert "testdrive" not in letter.mail.as_string().lower(), "nothing gives us away to the agent"
    assert letter.message_id.endswith("@example.org>")


def test_a_mail_that_nobody_answers_is_a_time_cut_off(probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it a desk that stays silent would count as one that is broken, or not at all."""
    with small_desk(tmp_path, agents=0) as desk:
        played = desk.play(probe_loop, "email", PROTOCOL, None, until_s=desk._now_s() + 8.0)
    steps = played.steps
    assert played.rungs() == ["accepted", "automatic_reply"]
    assert played.legs["leg_end"].iloc[0] == "censored"
    assert set(steps.loc[steps["state"] == "censored", "rung"]) == {"first_human", "first_useful_answer", "resolved"}


def test_one_who_waits_no_longer_is_seen_to_have_gone(tmp_path: Path) -> None:
    """Without it a customer who gives up on a mail desk would wait for ever."""
    within = "{law: deterministic, value_s: 0.5}"
    played = correspond(tmp_path, silent, steps=f"  - open: true\n  - wait_for: human\n    within: {within}\n")
    steps = played.run.table("steps")
    assert played.leg["leg_end"] == "abandoned"
    assert set(steps.loc[steps["state"] == "censored", "rung"]) == {"first_human", "first_useful_answer", "resolved"}


@pytest.mark.parametrize(
    ("text", "headers", "end"),
    [
        ("We are closed until Monday.", {}, "closed"),
        ("We are closed until Monday.", AUTOMATIC, "closed"),
        ("Our mailbox is full of questions.", AUTOMATIC, "blocked"),
    ],
)
def test_a_desk_that_takes_no_mails_now_is_shut_or_busy(
    text: str, headers: dict[str, str], end: str, tmp_path: Path
) -> None:
    """Without it a desk on holiday would count as one that answers, or that fails."""
    wording = {"shut": "We are closed", "busy": "mailbox is full"}
    played = correspond(tmp_path, lambda desk, letter: desk.send(letter, text, **headers), **wording)
    assert played.leg["leg_end"] == end


@pytest.mark.parametrize(
    ("refuses", "end", "reason"),
    [
        ("550 5.1.1 no such user", "target_error", "SMTP 550 at RCPT TO"),
        ("450 4.2.0 greylisted, come back later", "target_error", "SMTP 450 at RCPT TO"),
        ("452 4.3.1 mailbox is full", "blocked", None),
    ],
)
def test_a_mail_that_is_refused_is_the_desks_doing(refuses: str, end: str, reason: str | None, tmp_path: Path) -> None:
    """Without it a refused mail would be waited on, or be our failure."""
    played = correspond(tmp_path, silent, refuses=refuses, busy="mailbox is full")
    assert played.leg["leg_end"] == end
    assert reason is None or reason in played.leg["reason"]
    assert played.rungs == []


def test_a_mail_refused_after_its_text_is_not_accepted(tmp_path: Path) -> None:
    """Without it a desk that refuses by what a mail says would seem to have taken it."""
    played = correspond(tmp_path, lambda desk, letter: "554 5.7.1 looks like spam")
    assert played.leg["leg_end"] == "target_error"
    assert "SMTP 554 at DATA" in played.leg["reason"]


def test_a_bounce_ends_the_contact_with_its_reason(probe_loop: LoopThread, tmp_path: Path) -> None:
    """Without it a mail that came back would count as one that nobody answers."""
    with small_desk(tmp_path) as desk:
        assert desk.target.email is not None
        elsewhere = desk.target.email.model_copy(update={"to": f"nobody@{DOMAIN}"})
        desk.target = desk.target.model_copy(update={"email": elsewhere})
        played = desk.play(probe_loop, "email", PROTOCOL, None)
    assert played.legs["leg_end"].iloc[0] == "target_error"
    assert "returned from <other e-mail>: 550 5.1.1" in played.legs["reason"].iloc[0]
    assert played.rungs() == ["accepted"], "it was taken, and then it came back"


def test_an_automatic_reply_is_known_by_its_words_alone(tmp_path: Path) -> None:
    """Without it the acknowledgement of a desk that sets no header would be its first human answer."""

    def answer(desk: MailDesk, letter: Letter) -> None:
        desk.send(letter, "We have received your mail; do not answer this one.")
        desk.send(letter, f"{RIGHT} The matter is settled.", 0.2)

    played = correspond(tmp_path, answer, automatic="We have received your mail")
    assert played.rungs == LADDER
    assert played.said("automatic") == ["We have received your mail; do not answer this one."]


def test_a_person_is_known_by_words_where_a_desk_marks_all_its_mails(tmp_path: Path) -> None:
    """Without it no answer of a desk that marks everything as automatic would ever be one."""
    played = correspond(
        tmp_path, lambda desk, letter: desk.send(letter, f"{RIGHT} is settled. Your agent, Robin", **AUTOMATIC),
        human="Your agent, \\w+",
    )  # fmt: skip
    assert played.rungs == ["accepted", "first_human", "first_useful_answer", "resolved"]


@pytest.mark.parametrize("bare", [{"To": "undisclosed@list.example"}, {"To": ""}], ids=["to others", "to nobody"])
def test_an_answer_that_has_only_the_subject_tag_finds_back(bare: dict[str, str], tmp_path: Path) -> None:
    """Without it desks that thread by a tag in the subject would seem to answer nobody."""

    def answer(desk: MailDesk, letter: Letter) -> None:
        number = len(desk.letters)
        desk.send(letter, "Taken.", Subject=f"[orders-{number}] Taken", **AUTOMATIC)
        text = f"{RIGHT} {letter.sender} is settled."
        desk.send(letter, text, 0.3, Subject=f"Re: [orders-{number}] x", In_Reply_To="", **bare)

    played = correspond(tmp_path, answer, count=3)
    assert set(played.legs["contact_outcome"]) == {"resolved"}
    messages = played.run.table("messages")
    asked = {letter.sender for letter in played.desk.letters}
    answered = [text.split()[-3] for text in messages.loc[messages["speaker"] == "agent", "text"]]
    assert len(asked) == 3
    assert answered == ["<e-mail>"] * 3, "each its own: another's address would be <other e-mail>"


def test_an_answer_that_has_only_our_address_finds_back(tmp_path: Path) -> None:
    """Without it desks that set neither thread nor tag would seem to answer nobody."""

    def answer(desk: MailDesk, letter: Letter) -> None:
        desk.send(letter, f"{RIGHT} is settled.", Subject="Your question", In_Reply_To="")

    ours = {"from_address": "shoppers+{persona.tag}@ours.example"}
    played = correspond(tmp_path, answer, count=3, **ours)
    assert set(played.legs["contact_outcome"]) == {"resolved"}
    assert all(letter.sender.startswith("shoppers+") for letter in played.desk.letters)


def test_other_peoples_mails_and_old_ones_are_left_alone(tmp_path: Path) -> None:
    """Without it a shared mailbox's other mails would be taken for answers."""

    def answer(desk: MailDesk, letter: Letter) -> None:
        desk.send(
            None, "Buy now! It is settled.", To="somebody@ours.example", Subject="[orders-99] within working days"
        )
        desk.put(letter.mail.as_bytes())  # a copy of our own

    played = correspond(tmp_path, answer)
    assert played.rungs == ["accepted"]


def test_a_reply_goes_into_the_thread_and_to_the_desk(tmp_path: Path) -> None:
    """Without it each reply would be a new matter to the desk, or go to whoever asks for it."""

    def answer(desk: MailDesk, letter: Letter) -> None:
        if len(desk.letters) == 1:
            desk.send(letter, "Which order?", Subject="Re: [orders-3] Order", From="Robin <robin@agents.example>")
        else:
            settle(desk, letter)

    steps = "  - open: true\n  - wait_for: human\n  - say: Number 5.\n  - wait_for: closed\n"
    played = correspond(tmp_path, answer, steps=steps)
    first, second = played.desk.letters
    assert second.recipients == [DESK], "the charter does not list the agent's own address"
    assert second.mail["Subject"] == "Re: [orders-3] Order"
    theirs = str(second.mail["In-Reply-To"])
    assert theirs.endswith("@desk.example>")
    assert str(second.mail["References"]).split() == [first.message_id, theirs]
    assert played.leg["contact_outcome"] == "resolved"


SAY_ONCE = "  - open: true\n  - wait_for: human\n  - say: Number 5.\n  - wait_for: closed\n"


def test_nothing_goes_to_where_a_desk_wants_its_answer_unless_the_charter_lists_it(tmp_path: Path) -> None:
    """Without it one header of a stranger's could have us write to anybody."""

    def answer(desk: MailDesk, letter: Letter) -> None:
        if len(desk.letters) == 1:
            desk.send(letter, "Which order?", Reply_To="victim@elsewhere.example")
        else:
            settle(desk, letter)

    (tmp_path / "refused").mkdir()
    played = correspond(tmp_path / "refused", answer, steps=SAY_ONCE)
    assert [letter.recipients for letter in played.desk.letters] == [[DESK]]
    assert (played.leg["leg_end"], played.leg["reason"][:8]) == ("target_error", "refused:")
    assert "the mailbox <other e-mail>, where the desk wants its answer" in played.leg["reason"]

    def listed(charter: Charter) -> Charter:
        allowed = charter.model_copy()
        object.__setattr__(allowed, "mailboxes", [DESK, "victim@elsewhere.example"])
        return allowed

    (tmp_path / "listed").mkdir()
    played = correspond(tmp_path / "listed", answer, steps=SAY_ONCE, charter=listed)
    assert [letter.recipients for letter in played.desk.letters] == [[DESK], ["victim@elsewhere.example"]]


def test_a_charter_that_is_not_the_desks_own_must_list_the_mailbox(tmp_path: Path) -> None:
    """Without it whoever writes a target file could have anybody written to."""

    def strangers(charter: Charter) -> Charter:
        return charter.model_copy(update={"kind": "consented"})

    played = correspond(tmp_path, settle, charter=strangers)
    assert played.desk.letters == []
    assert "does not list the mailbox" in played.leg["reason"]


def test_a_mail_server_that_the_charter_does_not_list_hears_nothing(tmp_path: Path) -> None:
    """Without it mails and passwords could go to a server that nobody allowed."""
    heard: list[object] = []

    async def listening(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(writer)

    async def serve() -> int:
        server = await asyncio.start_server(listening, LOOPBACK, 0)
        return int(server.sockets[0].getsockname()[1])

    with LoopThread() as loop:
        port = loop.run(serve())

        def without(charter: Charter) -> Charter:
            [entry] = charter.allow
            ports = [listed for listed in entry.ports if listed != port]
            return charter.model_copy(update={"allow": [entry.model_copy(update={"ports": ports})]})

        played = correspond(tmp_path, settle, imap_port=port, charter=without)
        assert heard == []
    assert played.leg["reason"].startswith("refused:")
    assert played.desk.letters == []


def test_machines_do_not_write_to_each_other_for_ever(tmp_path: Path) -> None:
    """Without it a vacation note and a shopper could keep each other writing all night."""

    def answer(desk: MailDesk, letter: Letter) -> None:
        desk.send(letter, "I am away.", **AUTOMATIC)

    wait = "  - wait_for: human\n    within: {law: deterministic, value_s: 0.3}\n"
    heard = "  - wait_for: automatic\n    within: {law: deterministic, value_s: 8}\n"
    steps = (
        "  - open: true\n"
        + heard
        + "".join(f"  - say: Hello {k}?\n  - pause: {{law: deterministic, value_s: 0.4}}\n" for k in range(3))
    )
    played = correspond(tmp_path, answer, steps=steps + wait)
    assert len(played.desk.letters) == 2, "the first, and one answer to a machine"
    assert "automatic mails are answered once" in played.leg["reason"]


def test_a_desk_that_writes_without_end_is_cut_off(tmp_path: Path) -> None:
    """Without it thousands of mails in one thread would fill the log."""

    def answer(desk: MailDesk, letter: Letter) -> None:
        for _ in range(MAILS_MOST * 3):
            desk.send(letter, "And another thing.")

    played = correspond(tmp_path, answer)
    assert (played.leg["leg_end"], played.leg["reason"]) == ("target_error", f"the desk sent over {MAILS_MOST} mails")


def test_a_huge_mail_is_read_in_part_and_in_time(tmp_path: Path) -> None:
    """Without it one mail of 100 MB would hold all contacts of the run."""

    def answer(desk: MailDesk, letter: Letter) -> None:
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["In-Reply-To"], mail["From"], mail["Message-ID"] = letter.message_id, DESK, "<huge@desk.example>"
        mail.set_content(f"{RIGHT} The matter is settled.")
        mail.add_attachment(b"x" * 10, maintype="application", subtype="octet-stream", filename="film.bin")
        head, _, tail = mail.as_bytes().rpartition(b"\r\n\r\n")
        desk.put(head + b"\r\n\r\n" + b"QUJD" * 18 * 1_400_000 + tail)

    began_s = time.monotonic()
    played = correspond(tmp_path, answer, steps="  - open: true\n  - wait_for: closed\n")
    assert time.monotonic() - began_s < 2 * WALL_S_MOST
    assert played.leg["contact_outcome"] == "resolved"
    assert "the first 1000000 were read" in played.said("agent")[0]
    assert sum(path.stat().st_size for path in played.run.folder.rglob("*") if path.is_file()) < 1_000_000


@pytest.mark.parametrize(
    "raw",
    [
        b"In-Reply-To: %b\r\n\r\n" + bytes(range(256)),
        b'In-Reply-To: %b\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nIt left.',
        b"In-Reply-To: %b\r\nContent-Type: text/plain; charset=\xff\xfe\r\nContent-Transfer-Encoding: base64\r\n\r\n!",
    ],
    ids=["binary", "cut off", "no such charset"],
)
def test_a_malformed_mail_is_an_answer_all_the_same(raw: bytes, tmp_path: Path) -> None:
    """Without it a damaged mail would end a contact as our failure."""

    def answer(desk: MailDesk, letter: Letter) -> None:
        desk.put(raw.replace(b"%b", letter.message_id.encode()))
        desk.send(letter, "The matter is settled.", 0.3)

    played = correspond(tmp_path, answer)
    assert played.rungs == ["accepted", "first_human", "resolved"]


# -- mail servers that misbehave ---------------------------------------------------------------------------------

Line = Callable[[str, asyncio.StreamWriter], Awaitable[bool]]


def hostile_imap(folder: Path, at: str, act: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> tuple[str, str]:
    """Play one contact on an IMAP server that behaves until a command, and then does as the test says."""
    mails = [b"From: x@desk.example\r\nIn-Reply-To: <x@y>\r\n\r\nHello.\r\n"]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if at == "GREETING":
            await act(writer)
            return
        writer.write(b"* OK ready\r\n")
        while line := await reader.readline():
            tag, _, command = line.decode().strip().partition(" ")
            if command.upper().startswith(at):
                await act(writer)
                return
            if command.upper().startswith("CAPABILITY"):
                writer.write(b"* CAPABILITY IMAP4rev1\r\n")
            if command.upper().startswith("STATUS"):
                writer.write(b'* STATUS "INBOX" (UIDNEXT 7 UIDVALIDITY 1)\r\n')
            if command.upper().startswith("UID FETCH") and "SIZE" in command:
                writer.write(b"* 1 FETCH (UID 7 RFC822.SIZE %d)\r\n" % len(mails[0]))
            writer.write(f"{tag} OK done\r\n".encode())

    async def start() -> int:
        server = await asyncio.start_server(serve, LOOPBACK, 0)
        return int(server.sockets[0].getsockname()[1])

    began_s = time.monotonic()
    with LoopThread() as loop:
        played = correspond(folder, silent, imap_port=loop.run(start()), poll_s=0.1, steps=HOSTILE_STEPS)
    assert time.monotonic() - began_s < WALL_S_MOST
    return str(played.leg["leg_end"]), str(played.leg["reason"])


HOSTILE_STEPS = "  - open: true\n  - wait_for: closed\n    within: {law: deterministic, value_s: 15}\n"


async def say_nothing(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def drip(writer: asyncio.StreamWriter) -> None:
    wait = asyncio.Event()
    while True:
        writer.write(b"x")
        try:
            await asyncio.wait_for(wait.wait(), 0.05)
        except TimeoutError:
            continue


async def flood(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"* OK still here, and here is some more to read for you\r\n" * 1000)
        await writer.drain()


async def without_end(writer: asyncio.StreamWriter) -> None:
    writer.write(b"* 1 FETCH (UID 7 BODY[]<0> {99999999999}\r\n")
    await flood(writer)


async def nonsense(writer: asyncio.StreamWriter) -> None:
    writer.write(b"\xff\x00(((((( \r\n" * 10)
    writer.close()


@pytest.mark.parametrize(
    ("at", "act"),
    [
        ("GREETING", say_nothing), ("GREETING", drip), ("GREETING", nonsense), ("LOGIN", say_nothing),
        ("LOGIN", hang_up), ("EXAMINE", drip), ("NOOP", say_nothing), ("NOOP", flood), ("NOOP", hang_up),
        ("UID FETCH", nonsense), ("UID FETCH 7 ", without_end), ("UID FETCH 7 ", say_nothing), ("UID FETCH 7 ", drip),
    ],
)  # fmt: skip
def test_a_mail_server_that_misbehaves_ends_in_time_and_is_the_desks_doing(
    at: str, act: Callable[[asyncio.StreamWriter], Awaitable[None]], tmp_path: Path
) -> None:
    """Without it one hung mail server could hold a run for ever, or be booked as our own fault."""
    end, reason = hostile_imap(tmp_path, at, act)
    assert end == "target_error", reason
    assert reason.startswith("the mailbox:")


def test_no_password_is_written_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a run folder, which people pass on, could hold the key to a mailbox."""
    secret = "hunter2-and-more"
    monkeypatch.setenv("DESK_MAIL_PASSWORD", secret)
    (tmp_path / "password").write_text(secret + "\n")

    async def tell(writer: asyncio.StreamWriter) -> None:
        writer.write(f"* BYE wrong password {secret}\r\n".encode())
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while line := await reader.readline():
            tag = line.decode().partition(" ")[0]
            if secret.encode() in line:
                writer.write(f"{tag} NO wrong password {secret}\r\n".encode())
            else:
                writer.write(f"* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n".encode())

    async def start() -> int:
        server = await asyncio.start_server(serve, LOOPBACK, 0)
        return int(server.sockets[0].getsockname()[1])

    with LoopThread() as loop:
        for k, place in enumerate(
            ({"password": {"env": "DESK_MAIL_PASSWORD"}}, {"password": {"file": str(tmp_path / "password")}})
        ):
            folder = tmp_path / str(k)
            folder.mkdir()
            played = correspond(folder, settle, imap_port=loop.run(start()), imap=place)
            assert "wrong password ***" in played.leg["reason"]
            found = [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
            assert found == []
    monkeypatch.delenv("DESK_MAIL_PASSWORD")
    (tmp_path / "unset").mkdir()
    with pytest.raises(SecretMissingError, match="the environment variable DESK_MAIL_PASSWORD is not set"):
        correspond(tmp_path / "unset", settle, imap={"password": {"env": "DESK_MAIL_PASSWORD"}})


# -- many, and under the virtual clock ---------------------------------------------------------------------------


def test_a_hundred_mails_at_once_share_one_mailbox(tmp_path: Path) -> None:
    """Without it a crowd would open a connection per contact, and servers allow ten."""
    opened: list[object] = []
    connect = imap_box.ImapBox._connect

    def counting(self: imap_box.ImapBox) -> object:
        opened.append(self)
        return connect(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imap_box.ImapBox, "_connect", counting)
        began_s = time.monotonic()
        played = correspond(tmp_path, settle, count=100, steps="  - open: true\n  - wait_for: closed\n")
    assert time.monotonic() - began_s < WALL_S_MOST
    assert played.legs["reason"].dropna().tolist() == []
    assert played.legs["contact_outcome"].tolist() == ["resolved"] * 100
    assert len(opened) == 1


def test_a_day_of_mails_under_the_virtual_clock_is_the_same_twice(tmp_path: Path) -> None:
    """Without it `run --clock virtual` could hang on the thread that reads mails, or come out differently each time."""
    steps = []
    for name in ("first", "second"):
        loaded = write_scenario(tmp_path / name, agents=2, service_s=60.0)
        plan = _plan("email", TEN_O_CLOCK_S, float("inf"), 20, 40.0)
        errand = Errand.of(loaded, plan, 1)
        run = play_virtual(errand, tmp_path / name / "run", DeskOptions(), lambda tick: None)
        assert set(run.table("legs")["contact_outcome"]) == {"resolved"}
        steps.append(run.table("steps").drop(columns="run_id", errors="ignore"))
    assert steps[0].equals(steps[1])
    seen = steps[0][steps[0]["rung"] == "first_human"]
    assert ((seen["seen_by_s"] - seen["seen_after_s"]) <= 60.0).all(), "polled every 60 s"
