import socket
import struct
from collections.abc import Iterator

import pytest

from probes.in_flight import CountedSocket, Ledger


class Dialogue:
    """A listener, a dialled socket and what accept returns, before anyone counts them."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.ledger.listen(self.server)
        self.address = self.server.getsockname()
        self.dialled = socket.create_connection(self.address)
        self.ledger.dial(self.dialled, self.address)
        self.fd = self.dialled.fileno()
        self.accepted = self.server.accept()[0]

    def close(self) -> None:
        """Close what is still open."""
        for sock in (self.server, self.dialled, self.accepted):
            sock.close()


@pytest.fixture
def dialogue() -> Iterator[Dialogue]:
    """Give one connection over loopback."""
    dialogue = Dialogue()
    yield dialogue
    dialogue.close()


def test_a_connect_is_late_until_it_shows_on_both_sides(dialogue: Dialogue):
    """Without it who is connected first would depend on when the kernel says so."""
    ledger, at_desk = dialogue.ledger, dialogue.server.fileno()
    assert ledger.late(set(), set(), {at_desk}).connects == [dialogue.fd]
    assert len(ledger.late(set(), {dialogue.fd}, {at_desk}).accepts) == 1
    assert len(ledger.late({at_desk}, {at_desk, dialogue.fd}, {at_desk})) == 0
    ledger.dialled(dialogue.fd)
    ledger.count(dialogue.accepted)
    assert ledger.is_quiet()


def test_what_was_said_before_the_accept_is_owed_after_it(dialogue: Dialogue):
    """Without it a customer's first line could be overtaken by time."""
    client = dialogue.ledger.count(dialogue.dialled)
    client.send(b"hello?")
    client.shutdown(socket.SHUT_WR)
    desk = dialogue.ledger.count(dialogue.accepted)
    assert (desk.owed, desk.end_owed) == (6, True)
    assert desk.recv(100) == b"hello?"
    assert (desk.owed, desk.end_owed) == (0, True)
    assert desk.recv(100) == b""
    assert not dialogue.ledger.owing


def test_who_closed_before_the_accept_still_said_what_was_said(dialogue: Dialogue):
    """Without it a customer who writes and leaves at once would leave bytes nobody waits for."""
    client = dialogue.ledger.count(dialogue.dialled)
    client.send(b"forget it")
    client.close()
    desk = dialogue.ledger.count(dialogue.accepted)
    assert (desk.owed, desk.end_owed, desk.peer) == (9, True, None)
    assert dialogue.ledger.foreign_connections == 0


def test_who_closed_before_the_client_was_ready_is_remembered_too(dialogue: Dialogue):
    """Without it a desk that hangs up at once would leave an end nobody waits for."""
    dialogue.ledger.count(dialogue.accepted).close()
    client = dialogue.ledger.count(dialogue.dialled)
    assert client.end_owed
    assert dialogue.ledger.foreign_connections == 0


def test_a_listener_that_stops_owes_no_accept(dialogue: Dialogue):
    """Without it closing a desk with callers in the queue would cost a wait each."""
    dialogue.ledger.dialled(dialogue.fd)
    assert not dialogue.ledger.is_quiet()
    dialogue.ledger.stop_listening(dialogue.server)
    assert dialogue.ledger.is_quiet()


class Piecemeal:
    """A socket whose kernel hands over one piece, or one complaint, at a time."""

    def __init__(self, *pieces: bytes | OSError) -> None:
        self._pieces = list(pieces)

    def fileno(self) -> int:
        """Return a number that is not in use."""
        return -1

    def getsockname(self) -> tuple[str, int]:
        """Return an address."""
        return "127.0.0.1", 1

    def recv(self, size: int) -> bytes:
        """Hand over the next piece."""
        piece = self._pieces.pop(0)
        if isinstance(piece, OSError):
            raise piece
        assert len(piece) <= size
        return piece


def reader_of(*pieces: bytes | OSError, owed: int) -> CountedSocket:
    """Return a socket to which `owed` bytes are on their way, in these pieces."""
    reader = CountedSocket(Piecemeal(*pieces), Ledger(), ("127.0.0.1", 2))  # type: ignore[arg-type]
    reader.owe(owed)
    return reader


def test_a_read_returns_all_that_is_owed_however_it_was_cut_up():
    """Without it two messages would be one event on one day and two on the next."""
    reader = reader_of(b"Where is ", BlockingIOError(), b"my ", b"parcel?", owed=19)
    assert reader.recv(4096) == b"Where is my parcel?"
    assert reader.owed == 0


def test_a_read_returns_no_more_than_was_asked_for():
    """Without it a reader's own limit would be overrun."""
    reader = reader_of(b"Where", b"XX", owed=7)
    assert reader.recv(5) == b"Where"
    assert reader.owed == 2


def test_a_reset_amid_a_read_is_told_by_the_next():
    """Without it a dropped line would look like a goodbye, the kernel telling of it only once."""
    reader = reader_of(b"Where", ConnectionResetError("dropped"), b"", owed=19)
    assert reader.recv(4096) == b"Where"
    with pytest.raises(ConnectionResetError):
        reader.recv(4096)


def test_an_end_settles_what_was_owed():
    """Without it bytes lost with a connection would be waited for."""
    reader = reader_of(b"", owed=19)
    assert reader.recv(4096) == b""
    assert reader.owed == 0


def test_a_reset_settles_what_was_owed():
    """Without it bytes lost with a dropped line would be waited for."""
    reader = reader_of(ConnectionResetError("dropped"), owed=19)
    with pytest.raises(ConnectionResetError):
        reader.recv(4096)
    assert reader.owed == 0


def test_who_was_reset_in_the_queue_is_accepted_by_the_name_accept_gave(dialogue: Dialogue):
    """Without it a caller who hung up in the queue would be waited for at the door."""
    local = dialogue.dialled.getsockname()
    dialogue.ledger.dialled(dialogue.fd)
    dialogue.dialled.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    dialogue.dialled.close()
    with pytest.raises(OSError, match="not connected"):
        dialogue.accepted.getpeername()
    dialogue.ledger.count(dialogue.accepted, {"peername": local})
    assert dialogue.ledger.is_quiet()
