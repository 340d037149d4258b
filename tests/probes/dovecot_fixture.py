"""A real mail desk: aiosmtpd takes mails in and hands them to a Dovecot of our own over LMTP, with sieve.

Dovecot runs from a private configuration in one temporary folder, on free loopback ports, and is stopped with the
tests. The desk's mailbox answers by a sieve vacation, which leaves over the same aiosmtpd; an agent who answers
when told to reads it over IMAP like anyone.
"""

import asyncio
import email.policy
import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from probes.desk.desk import LOOPBACK

INSTALL = "apt-get install -y --no-install-recommends dovecot-imapd dovecot-lmtpd dovecot-sieve"
START_S_MOST = 20.0
STOP_S_MOST = 5.0
PASSWORD = "opens-the-mailbox"
DESK = "help@desk.example"
CUSTOMER = "shoppers@ours.example"

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_home = {folder}/home/%u
recipient_delimiter = +
submission_host = 127.0.0.1:{smtp}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
protocol lmtp {{
  mail_plugins = sieve
  auth_username_format = %Lu
}}
plugin {{
  sieve = file:{folder}/home/%u/active.sieve
  sieve_extensions = +vacation-seconds
  sieve_vacation_min_period = 0
  sieve_vacation_send_from_recipient = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
"""
VACATION = """require ["vacation", "vacation-seconds"];
vacation :seconds 0 :from "help@desk.example" :subject "We have your mail"
  "Thank you, we have received your mail and will answer soon.";
"""


@dataclass
class RealMailDesk:
    """A running Dovecot with an SMTP door, and an agent who answers when told to."""

    folder: Path
    smtp: int = 0
    imap: int = 0
    lmtp: int = 0
    answers: Any = None
    """Called with each mail to the desk, once it lies in its mailbox."""
    answered_wall_s: dict[str, float] = field(default_factory=dict)
    """When Dovecot had taken the agent's answer to each customer's address."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's
        """Hand a mail on over LMTP."""
        assert isinstance(envelope.content, bytes)
        try:
            # in a thread: while it is taken, its automatic reply comes in here
            await asyncio.to_thread(self.deliver, envelope.mail_from or "", envelope.rcpt_tos, envelope.content)
        except smtplib.SMTPRecipientsRefused as refused:
            return f"550 {refused}"
        if DESK in envelope.rcpt_tos and self.answers is not None:
            self.answers(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"

    def deliver(self, sender: str, recipients: list[str], raw: bytes) -> None:
        """Have Dovecot take a mail in."""
        # named, as the probes' guard, which sees our process too, lets nobody look up what this machine is called
        with smtplib.LMTP(LOOPBACK, self.lmtp, "desk.example", timeout=START_S_MOST) as line:
            line.sendmail(sender, recipients, raw)

    def send(self, question: EmailMessage, text: str) -> None:
        """Answer as the agent does."""
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["From"], mail["To"] = f"Robin <{DESK}>", str(question["From"])
        mail["Subject"] = f"Re: {question['Subject']}"
        mail["Message-ID"] = f"<{time.time_ns()}@desk.example>"
        mail["In-Reply-To"] = str(question["Message-ID"])
        quoted = "\n".join(f"> {line}" for line in str(question.get_content()).splitlines())
        mail.set_content(f"{text}\n\nOn 3 Mar 2026, a customer wrote:\n{quoted}\n")
        customer = str(question["From"].addresses[0].addr_spec)
        self.deliver(DESK, [customer], mail.as_bytes())
        self.answered_wall_s[customer] = time.time()

    def answer_later(self, question: EmailMessage, text: str, after_s: float) -> None:
        """Answer as the agent does, after a while."""
        timer = threading.Timer(after_s, self.send, (question, text))
        timer.daemon = True
        timer.start()


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def real_mail_desk() -> Iterator[RealMailDesk]:
    """Yield a Dovecot with an SMTP door; a machine without one fails, with the command that brings it."""
    binary = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
    if binary is None:
        pytest.fail(f"the mail desk needs Dovecot; install with: {INSTALL}", pytrace=False)
    folder = Path(tempfile.mkdtemp(prefix="dovecot"))
    desk = RealMailDesk(folder)
    door = Controller(desk, hostname=LOOPBACK, port=0, server_hostname="mail.example")  # type: ignore[no-untyped-call]
    door.port = desk.smtp = free_port()
    desk.imap, desk.lmtp = free_port(), free_port()
    config = _write_config(desk)
    with (folder / "output.log").open("wb") as output:
        server = subprocess.Popen([binary, "-F", "-c", str(config)], stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_for(desk, server)
        door.start()  # type: ignore[no-untyped-call]
        try:
            yield desk
        finally:
            door.stop()  # type: ignore[no-untyped-call]
    finally:
        server.terminate()
        try:
            server.wait(STOP_S_MOST)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _write_config(desk: RealMailDesk) -> Path:
    """Write what Dovecot needs; run by root it keeps its mails as another user, else everything as who runs it."""
    folder = desk.folder
    root = os.geteuid() == 0
    owner = pwd.getpwnam("dovecot") if root else pwd.getpwuid(os.geteuid())
    for user in (DESK, CUSTOMER):
        (folder / "home" / user).mkdir(parents=True)
    (folder / "home" / DESK / "active.sieve").write_text(VACATION)
    (folder / "run").mkdir()
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        if root and (path == folder / "home" or folder / "home" in path.parents):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    me = pwd.getpwuid(os.geteuid()).pw_name
    config = folder / "dovecot.conf"
    config.write_text(
        CONFIG.format(
            folder=folder, smtp=desk.smtp, imap=desk.imap, lmtp=desk.lmtp, password=PASSWORD,
            internal="dovecot" if root else me, login="dovenull" if root else me,
            group="dovecot" if root else owner.pw_gid, uid=owner.pw_uid, gid=owner.pw_gid,
        )
    )  # fmt: skip
    return config


def _wait_for(desk: RealMailDesk, server: "subprocess.Popen[bytes]") -> None:
    deadline_s = time.monotonic() + START_S_MOST
    for port in (desk.imap, desk.lmtp):
        while True:
            try:
                with socket.create_connection((LOOPBACK, port), timeout=1.0) as line:
                    line.recv(100)
                break
            except OSError as error:
                if server.poll() is not None or time.monotonic() > deadline_s:
                    logs = [path.read_text() for path in desk.folder.glob("*.log")]
                    pytest.fail("\n".join([f"Dovecot did not start: {error}", *logs]), pytrace=False)
                threading.Event().wait(0.05)
