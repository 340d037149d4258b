import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from probes.channels.imap_box import ImapBox, MailboxError
from probes.channels.mail_write import Letter, write_mail
from probes.channels.smtp_send import NotTakenError, send_mail
from probes.desk.desk import LOOPBACK
from scenarios.target_email import Imap, Smtp

USER, PASSWORD = "anna", "opens-the-door"


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Yield what a server shows; who reads SSL_CERT_FILE trusts it."""
    if shutil.which("openssl") is None:
        pytest.fail("needs openssl; install with: apt-get install -y openssl", pytrace=False)
    key, shown = tmp_path / "key.pem", tmp_path / "shown.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=desk",
         "-addext", f"subjectAltName=IP:{LOOPBACK}", "-keyout", str(key), "-out", str(shown)],
        check=True, capture_output=True,
    )  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(shown))
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown, key)
    return context


class Door:
    """Keeps what comes."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's
        """Keep a mail."""
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content)
        return "250 OK"


def knows(server: SMTP, session: Session, envelope: Envelope, mechanism: str, who: LoginPassword) -> AuthResult:
    return AuthResult(success=(who.login, who.password) == (USER.encode(), PASSWORD.encode()), handled=False)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_mails_are_handed_in_encrypted_and_by_who_may(
    tls: str, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it every server but one on loopback would be out of reach."""
    door = Door()

    async def play() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(
                door, hostname="desk", authenticator=knows, require_starttls=tls == "starttls",
                tls_context=certificate if tls == "starttls" else None, auth_require_tls=tls == "starttls",
            ),
            LOOPBACK, 0, ssl=certificate if tls == "tls" else None,
        )  # fmt: skip
        port = server.sockets[0].getsockname()[1]
        smtp = Smtp.model_validate(
            {"host": LOOPBACK, "port": port, "tls": tls, "user": USER, "password": {"env": "MAIL_PASSWORD"}}
        )
        mail = write_mail(
            Letter("Anna", "anna@ours.example", "help@desk.example", "Hello", "Hello.", "<1@ours.example>")
        )
        await send_mail(smtp, "anna@ours.example", "help@desk.example", mail, 10.0)
        monkeypatch.setenv("MAIL_PASSWORD", "wrong-password")
        with pytest.raises(NotTakenError, match="535 at logging in") as refused:
            await send_mail(smtp, "anna@ours.example", "help@desk.example", mail, 10.0)
        assert "wrong-password" not in str(refused.value)
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(NotTakenError, match=r"(?i)certificate"):
            await send_mail(smtp, "anna@ours.example", "help@desk.example", mail, 10.0)
        server.close()

    asyncio.run(play())
    assert len(door.mails) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_mailboxes_are_read_encrypted(tls: str, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it every mailbox but one on loopback would be out of reach."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while line := await reader.readline():
            tag, _, command = line.decode().strip().partition(" ")
            if command.startswith("CAPABILITY"):
                writer.write(b"* CAPABILITY IMAP4rev1 STARTTLS IDLE\r\n")
            if command.startswith("STATUS"):
                writer.write(b'* STATUS "INBOX" (UIDNEXT 7 UIDVALIDITY 1)\r\n')
            encrypted = writer.get_extra_info("ssl_object") is not None
            writer.write(f"{tag} {'OK' if encrypted or not command.startswith('LOGIN') else 'NO'} done\r\n".encode())
            if command.startswith("STARTTLS"):
                await writer.drain()
                await writer.start_tls(certificate)

    async def play() -> None:
        server = await asyncio.start_server(serve, LOOPBACK, 0, ssl=certificate if tls == "tls" else None)
        imap = Imap(host=LOOPBACK, port=server.sockets[0].getsockname()[1], tls=tls, user=USER)  # type: ignore[arg-type]
        box = ImapBox(imap, USER, PASSWORD, 10.0, 100_000)
        assert await asyncio.to_thread(box.open), "it says that it pushes"
        assert await asyncio.to_thread(box.look) == []
        box.close()
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(MailboxError, match=r"(?i)certificate"):
            await asyncio.to_thread(ImapBox(imap, USER, PASSWORD, 10.0, 100_000).open)
        server.close()

    asyncio.run(play())
