"""What is on its way between two sockets of one loop: bytes not yet read, ends, connects not yet accepted.

A TCP connection over loopback mostly delivers inside the sender's system call, but the kernel may put that
off, so that an empty poll does not prove that nothing is coming. The ledger proves it: both ends count.
Counted are TCP connections of which both ends are asyncio transports of the same loop. It refuses to guess
about others: an end whose peer is in another process, thread or loop is counted as foreign and owed nothing.

>>> with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as dialled:
...     ledger = Ledger()
...     ledger.listen(server)
...     dialled.connect(server.getsockname())
...     client = ledger.count(dialled)
...     desk = ledger.count(server.accept()[0])
...     sent = client.send(b"Where is my parcel?")
...     owed = desk.owed
...     told = desk.recv(4096)
...     desk.close()
>>> owed, told, desk.owed
(19, b'Where is my parcel?', 0)
"""

import os
import socket
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

Address = tuple[str, int]
Ends = tuple[Address, Address]
"""One end of a connection: where it is, and where the other is."""

TOP_UP_TRIES = 200
"""How often a read asks again for bytes that the ledger knows to be on their way: some milliseconds."""

TINY_WAIT_S = 0.0002
YIELDS_BEFORE_WAITING = 20


def give_way(tries: int) -> None:
    """Let the kernel deliver: first by yielding the processor, then by tiny sleeps."""
    if tries < YIELDS_BEFORE_WAITING:
        os.sched_yield()
    else:
        time.sleep(TINY_WAIT_S)


class CountedSocket:
    """A connected TCP socket that tells its peer's count what it sent, and its own what it read.

    `owed` bytes and, if `end_owed`, an end of stream or a reset are still to be read here. A read returns all
    that is owed, if the buffer holds it: how the kernel cut it up must not show in the order of events.
    """

    def __init__(self, sock: socket.socket, ledger: "Ledger", remote: Address) -> None:
        self._sock = sock
        self._ledger = ledger
        self._reset: OSError | None = None
        self.fd = sock.fileno()
        self.local: Address = sock.getsockname()[:2]
        self.remote = remote
        self.peer: CountedSocket | None = None
        self.sent_early = 0  # before the peer was accepted and could be told
        self.ended = False
        self.closed = False
        self.owed = 0
        self.end_owed = False
        self.given_up = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def __repr__(self) -> str:
        return f"{self.owed} bytes from {self.remote} to {self.local}"

    def send(self, message: Any, *flags: int) -> int:
        """Send as socket.send does."""
        n = self._sock.send(message, *flags)
        self._tell(n)
        return n

    def sendmsg(self, buffers: Any, *rest: Any) -> int:
        """Send as socket.sendmsg does; asyncio does so from Python 3.12 on."""
        n = self._sock.sendmsg(buffers, *rest)
        self._tell(n)
        return n

    def recv(self, size: int, *flags: int) -> bytes:
        """Read all that is owed, up to `size`."""
        self._raise_reset()
        # A buffer of what is owed rather than asyncio's 256 KiB; bytes nobody counted are read as they come.
        wanted = min(size, self.owed) or size
        missing = min(wanted, self.owed)
        try:
            piece = self._sock.recv(wanted, *flags)
        except OSError as error:
            self._failed(error)
            raise
        self._read(len(piece))
        missing -= len(piece)
        return self._topped_up(piece, missing, *flags) if piece and missing > 0 else piece

    def recv_into(self, buffer: Any, *rest: int) -> int:
        """Read what is there into `buffer`; only TLS reads so, which cuts the bytes up again anyway."""
        self._raise_reset()
        try:
            n = self._sock.recv_into(buffer, *rest)
        except OSError as error:
            self._failed(error)
            raise
        self._read(n)
        return n

    def shutdown(self, how: int) -> None:
        """Shut down as socket.shutdown does; the peer is owed an end."""
        self._sock.shutdown(how)
        if how != socket.SHUT_RD:
            self._tell_end()

    def close(self) -> None:
        """Close; what was owed here will never be read, and the peer is owed an end, be it a reset."""
        self.closed = True
        self._tell_end()
        self._ledger.drop(self)
        self._sock.close()

    def owe(self, n: int) -> None:
        """Count `n` bytes that are on their way here."""
        self.owed += n
        self.given_up = False
        self._ledger.owing[self] = None

    def owe_end(self) -> None:
        """Count an end of stream that is on its way here."""
        self.end_owed = True
        self.given_up = False
        self._ledger.owing[self] = None

    def _tell(self, n: int) -> None:
        if self.peer is not None:
            self.peer.owe(n)
        else:
            self.sent_early += n

    def _tell_end(self) -> None:
        if not self.ended:
            self.ended = True
            if self.peer is not None:
                self.peer.owe_end()

    def _raise_reset(self) -> None:
        if self._reset is not None:
            reset, self._reset = self._reset, None
            raise reset

    def _read(self, n: int) -> None:
        """Count `n` bytes as read; none at all is the end."""
        self.owed = max(0, self.owed - n) if n else 0
        self.end_owed = self.end_owed and n > 0
        self.given_up = False
        if not self.owed and not self.end_owed:
            self._ledger.owing.pop(self, None)

    def _failed(self, error: OSError) -> None:
        if not isinstance(error, BlockingIOError | InterruptedError):
            self._read(0)

    def _topped_up(self, piece: bytes, missing: int, *flags: int) -> bytes:
        """Return `piece` and the `missing` bytes that the kernel has yet to deliver."""
        pieces = [piece]
        tries = 0
        while missing > 0 and tries < TOP_UP_TRIES:
            try:
                more = self._sock.recv(missing, *flags)
            except (BlockingIOError, InterruptedError):
                give_way(tries)
                tries += 1
                continue
            except OSError as error:
                # The kernel reports a reset once: it is kept for the next read, which follows, since a reset
                # socket stays ready.
                self._reset = error
                break
            if not more:
                break  # the next read finds the end again
            self._read(len(more))
            pieces.append(more)
            missing -= len(more)
        return b"".join(pieces)


@dataclass(frozen=True)
class Late:
    """What is on its way to a socket that waits for it, and does not show there yet."""

    ends: list[CountedSocket]
    connects: list[int]
    accepts: list[Ends]

    def __len__(self) -> int:
        return len(self.ends) + len(self.connects) + len(self.accepts)

    def __str__(self) -> str:
        words = [str(end) for end in self.ends]
        words += [f"the connect of socket {fd}" for fd in self.connects]
        words += [f"the accept of {client} at {desk}" for client, desk in self.accepts]
        return ", ".join(words)


class Ledger:
    """Every counted end of one loop, and what must still arrive before its time may move on.

    All containers are dicts in the order of events, so that nothing here depends on hashes or on the kernel.
    """

    def __init__(self) -> None:
        self.foreign_connections = 0
        self.owing: dict[CountedSocket, None] = {}
        self.by_fd: dict[int, CountedSocket] = {}
        self.dialling: dict[int, bool] = {}  # fd -> is the other side a listener of ours?
        self._ends: dict[Ends, CountedSocket] = {}
        self._listeners: dict[int, Address] = {}
        self._dialled: dict[Address, Address] = {}  # local -> remote, until the client's transport exists
        self._unaccepted: dict[Ends, int] = {}  # the client's (local, remote) -> fd of the listener

    def listen(self, sock: socket.socket) -> None:
        """Remember a listener of this loop."""
        if _is_tcp(sock):
            self._listeners[sock.fileno()] = sock.getsockname()[:2]

    def stop_listening(self, sock: socket.socket) -> None:
        """Forget a listener, and the connects that it will not accept."""
        fd = sock.fileno()
        self._listeners.pop(fd, None)
        for ends in [ends for ends, at in self._unaccepted.items() if at == fd]:
            self._never_accepted(ends)

    def dial(self, sock: socket.socket, remote: Address) -> None:
        """Remember a connect that has been begun."""
        listener_fd = self._listener_at(remote)
        self.dialling[sock.fileno()] = listener_fd is not None
        if listener_fd is not None:
            local: Address = sock.getsockname()[:2]
            self._dialled[local] = remote
            self._unaccepted[local, remote] = listener_fd

    def dialled(self, fd: int) -> None:
        """Forget a connect that has succeeded."""
        self.dialling.pop(fd, None)

    def dial_failed(self, fd: int, local: Address | None) -> None:
        """Forget a connect that has failed or was given up, from `local` if that is known."""
        self.dialling.pop(fd, None)
        if local is not None and local in self._dialled:
            self._never_accepted((local, self._dialled.pop(local)))

    def count(self, sock: socket.socket, extra: Mapping[str, Any] | None = None) -> socket.socket:
        """Return `sock` counted, and paired with its other end if that is here; unchanged if it cannot be.

        `extra` holds what accept() said of the peer: a socket that was reset since no longer knows it.
        """
        if not _is_tcp(sock):
            return sock  # pairs and Unix sockets deliver inside the sender's system call
        try:
            remote = (extra or {}).get("peername") or sock.getpeername()
        except OSError:
            return sock  # reset before it was looked at
        end = CountedSocket(sock, self, remote[:2])
        self._unaccepted.pop((end.remote, end.local), None)
        self.by_fd[end.fd] = end
        other = self._ends.pop((end.remote, end.local), None)
        if other is not None:
            _pair(end, other)
        else:
            self._ends[end.local, end.remote] = end
            if end.remote not in self._dialled and self._listener_at(end.remote) is None:
                self.foreign_connections += 1
        self._dialled.pop(end.local, None)
        return end  # type: ignore[return-value]  # a proxy: the transports use it as the socket it is

    def drop(self, end: CountedSocket) -> None:
        """Forget a closed end."""
        self.owing.pop(end, None)
        if self.by_fd.get(end.fd) is end:
            del self.by_fd[end.fd]
        if end.peer is not None:
            end.peer.peer = None
            end.peer = None
        # An end that closes before the other exists stays until then: what it sent is still owed.
        elif (end.local, end.remote) not in self._unaccepted and end.remote not in self._dialled:
            self._ends.pop((end.local, end.remote), None)

    def late(self, readable: Collection[int], ready: Collection[int], reading: Collection[int]) -> Late:
        """Return what should be among the `readable` and `ready` sockets, but is not.

        A reader that paused is not waited for: its bytes wait for it, and it perhaps for the time to pass.
        """
        return Late(
            ends=[end for end in self.owing if end.fd not in readable and end.fd in reading and not end.given_up],
            connects=[fd for fd, is_ours in self.dialling.items() if is_ours and fd not in ready],
            accepts=[ends for ends, fd in self._unaccepted.items() if fd in reading and fd not in readable],
        )

    def give_up(self, late: Late) -> None:
        """Expect these no longer; bytes that move again on a connection are expected again."""
        for end in late.ends:
            end.given_up = True
        for fd in late.connects:
            self.dialling.pop(fd, None)
        for ends in late.accepts:
            self._never_accepted(ends)

    def is_quiet(self) -> bool:
        """Return whether nothing at all is on its way, so that nothing can be late."""
        return not (self.owing or self.dialling or self._unaccepted)

    def _never_accepted(self, ends: Ends) -> None:
        self._unaccepted.pop(ends, None)
        client = self._ends.get(ends)
        if client is not None and self.by_fd.get(client.fd) is not client:
            del self._ends[ends]

    def _listener_at(self, address: Address) -> int | None:
        host, port = address
        for fd, (listening_host, listening_port) in self._listeners.items():
            if port == listening_port and listening_host in (host, "0.0.0.0", "::"):
                return fd
        return None


def _pair(end: CountedSocket, other: CountedSocket) -> None:
    """Introduce two ends to each other; `other` was there first and may have sent, ended or closed."""
    if other.sent_early:
        end.owe(other.sent_early)
    if other.ended:
        end.owe_end()
    if not other.closed:
        end.peer, other.peer = other, end


def _is_tcp(sock: socket.socket) -> bool:
    return sock.family in (socket.AF_INET, socket.AF_INET6) and sock.type == socket.SOCK_STREAM
