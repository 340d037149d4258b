"""An asyncio loop on virtual time: real sockets, and no waiting where only time would pass.

The desk and its customers share one loop and talk over real loopback sockets. When nothing is left to do and
nothing is on its way between them, time jumps to the next timer, so that hours of a support day take seconds.
The same program sees the same events in the same order, run after run: callbacks first, then all that came
in, in the order in which the sockets were registered, then threads in the order in which they were called,
then the next timer. (What is too long for the kernel's buffers travels in pieces of the kernel's choosing: it
arrives at the same instant each time, but others' events of that instant may fall between other pieces.)

It refuses to jump while bytes, a connect, an accept or a thread call are under way; to wait for ever when
nothing can happen any more (DeadlockError); and to carry datagrams, whose arrival it cannot prove. A peer in
another process lives on wall time, which here does not pass: such connections work, but hold nothing up, and
are counted in `tally.foreign_connections` for the caller to judge.

>>> async def two_hours() -> float:
...     await asyncio.sleep(7200)
...     return asyncio.get_running_loop().time()
>>> run_virtual(two_hours())
7200.0
"""

import asyncio
import itertools
import logging
import math
import selectors
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, TypeVar, TypeVarTuple, Unpack

from probes.in_flight import CountedSocket, Ledger, give_way

log = logging.getLogger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
ReadyEvents = list[tuple[selectors.SelectorKey, int]]

ROUNDS_BETWEEN_POLLS_MAX = 256
"""Callbacks run to exhaustion before the sockets are looked at; this bounds those that never end."""

BACKLOG_MIN = 4096
"""A whole crowd may connect at one instant; what overflows the backlog comes back a wall second later."""

WALL_SLICE_S = 0.05
CLEAN_UP_WALL_S = 10.0
TASKS_NAMED_MAX = 10


class DeadlockError(RuntimeError):
    """Nothing can happen any more: no timer, no byte, no thread; the message names who waits."""


class WallTimeError(RuntimeError):
    """The run took longer, on the wall clock, than it was allowed."""


@dataclass
class Tally:
    """What a caller may want to know before trusting a run; all but jumps should be 0."""

    jumps: int = 0
    foreign_connections: int = 0
    given_up: int = 0  # sockets waited for in vain, `stall_s` of wall time each
    threads_out_of_order: int = 0  # thread calls overtaken by a later one, as they took longer than `stall_s`


@dataclass(frozen=True, eq=False)
class _ThreadCall:
    name: str
    begun: threading.Event
    worked: "asyncio.Future[Any]"
    told: "asyncio.Future[Any]"


class _Selector(selectors.DefaultSelector):
    """The system's selector, with the virtual loop's patience, in a stable order."""

    def __init__(self) -> None:
        super().__init__()
        self.reading: set[int] = set()
        self.writing: set[int] = set()
        self.patience: Callable[[float | None], ReadyEvents] | None = None
        self._turn: dict[int, int] = {}
        self._turns = itertools.count()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = super().register(fileobj, events, data)
        self._turn[key.fd] = next(self._turns)
        return self._noted(key)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._noted(super().modify(fileobj, events, data))

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        key = super().unregister(fileobj)
        self.reading.discard(key.fd)
        self.writing.discard(key.fd)
        return key

    def select(self, timeout: float | None = None) -> ReadyEvents:
        return self.look(timeout) if self.patience is None else self.patience(timeout)

    def look(self, wall_s: float | None) -> ReadyEvents:
        """Return what is ready within `wall_s`, in the order of registration, not the kernel's."""
        events = super().select(wall_s)
        if len(events) > 1:
            events.sort(key=lambda event: self._turn[event[0].fd])
        return events

    def _noted(self, key: selectors.SelectorKey) -> selectors.SelectorKey:
        for bit, fds in ((selectors.EVENT_READ, self.reading), (selectors.EVENT_WRITE, self.writing)):
            if key.events & bit:
                fds.add(key.fd)
            else:
                fds.discard(key.fd)
        return key


class VirtualLoop(asyncio.SelectorEventLoop):
    """A selector loop whose time() is virtual seconds from 0.

    A socket on which bytes are known to be under way, but do not show within `stall_s` of wall time, is no
    longer waited for, and tallied. `max_wall_s` bounds the whole run. Private methods of asyncio are
    overridden as they stand in Python 3.11: the tests fail if one is no longer called.
    """

    def __init__(self, *, stall_s: float = 2.0, max_wall_s: float | None = None) -> None:
        self._now = 0.0
        self._patient_selector = _Selector()
        super().__init__(self._patient_selector)
        self._patient_selector.patience = self._next_events
        self._ledger = Ledger()
        self._tally = Tally()
        self._thread_calls: dict[_ThreadCall, None] = {}
        self._rounds_without_poll = 0
        self._stall_s = stall_s
        self._max_wall_s = max_wall_s
        self._wall_end_s = math.inf if max_wall_s is None else time.monotonic() + max_wall_s
        self._set_now(0.0)

    @property
    def tally(self) -> Tally:
        """How often this loop jumped, and what it could not be sure of."""
        self._tally.foreign_connections = self._ledger.foreign_connections
        return self._tally

    def time(self) -> float:
        """Return virtual seconds since the loop was made; they pass only between callbacks."""
        return self._now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> "asyncio.Future[T]":
        """Run `func` in a thread while time stands still, even if its caller is cancelled meanwhile.

        Results are handed over when all else is done at this instant, in the order of the calls. A thread
        that itself waits for scenario time to pass stops the clock: only `max_wall_s` ends that.
        """
        begun = threading.Event()

        def work(*given: *Ts) -> T:
            begun.set()
            return func(*given)

        worked = super().run_in_executor(executor, work, *args)
        call = _ThreadCall(getattr(func, "__qualname__", repr(func)), begun, worked, self.create_future())
        self._thread_calls[call] = None
        call.told.add_done_callback(lambda _: call.begun.is_set() or call.worked.cancel())
        return call.told

    # What asyncio calls: sockets are counted where transports are made, connects where they are begun.

    def _make_socket_transport(self, sock: socket.socket, *args: Any, **kwargs: Any) -> Any:
        parent: Any = super()
        transport = parent._make_socket_transport(self._ledger.count(sock, kwargs.get("extra")), *args, **kwargs)
        # The kernel's sendfile would bypass the count; asyncio falls back to reading and writing.
        transport._sendfile_compatible = asyncio.constants._SendfileMode.FALLBACK  # type: ignore[attr-defined]
        return transport

    def _make_ssl_transport(self, rawsock: socket.socket, *args: Any, **kwargs: Any) -> Any:
        parent: Any = super()
        return parent._make_ssl_transport(self._ledger.count(rawsock, kwargs.get("extra")), *args, **kwargs)

    def _make_datagram_transport(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("datagrams (SIP, RTP, DNS) cannot be counted under the virtual clock; use --clock real")

    def _start_serving(self, protocol_factory: Any, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        sock.listen(BACKLOG_MIN)
        self._ledger.listen(sock)
        parent: Any = super()
        parent._start_serving(protocol_factory, sock, *args, **kwargs)

    def _stop_serving(self, sock: socket.socket) -> None:
        self._ledger.stop_listening(sock)
        parent: Any = super()
        parent._stop_serving(sock)

    def _sock_connect(self, future: "asyncio.Future[None]", sock: socket.socket, address: Any) -> None:
        parent: Any = super()
        parent._sock_connect(future, sock, address)
        if sock.family not in (socket.AF_INET, socket.AF_INET6):
            return
        if future.done() and (future.cancelled() or future.exception() is not None):
            return
        fd, local = sock.fileno(), sock.getsockname()[:2]
        self._ledger.dial(sock, address[:2])

        def end_dialling(done: "asyncio.Future[None]") -> None:
            if done.cancelled() or done.exception() is not None:
                self._ledger.dial_failed(fd, local)
            else:
                self._ledger.dialled(fd)

        future.add_done_callback(end_dialling)

    # How time passes.

    def _set_now(self, now: float) -> None:
        self._now = now
        # asyncio runs every timer before time() + resolution: with one ulp, just those that are due.
        self._clock_resolution = math.ulp(now)

    def _next_events(self, timeout: float | None) -> ReadyEvents:
        """Stand in for the selector's select: return events, or let time pass, or a thread report."""
        if timeout is not None and timeout <= 0:
            self._rounds_without_poll += 1
            if self._rounds_without_poll < ROUNDS_BETWEEN_POLLS_MAX:
                return []
            self._rounds_without_poll = 0
            self._check_wall()
            return self._arrivals()
        self._rounds_without_poll = 0
        idle_since_s = time.monotonic()
        tries = 0
        while True:
            self._check_wall()
            events = self._arrivals()
            if events or self._hand_over_a_thread_call(idle_since_s):
                return events
            idle_s = time.monotonic() - idle_since_s
            if self._thread_calls:
                wall_s = WALL_SLICE_S
            elif self._is_sending():
                if idle_s < self._stall_s:
                    give_way(tries)
                    tries += 1
                    continue
                self._give_up_sending()
                continue
            elif self._jump():
                return []
            elif idle_s >= self._stall_s:
                raise DeadlockError(self._deadlock())
            elif self._may_be_woken():
                wall_s = WALL_SLICE_S
            # Whoever could wake us may have done so between the look and the question, and be gone.
            elif events := self._patient_selector.look(0):
                return events
            else:
                raise DeadlockError(self._deadlock())
            events = self._patient_selector.look(min(wall_s, max(0.0, self._wall_end_s - time.monotonic())))
            if events:
                return events

    def _arrivals(self) -> ReadyEvents:
        """Return all events that what was sent so far will cause, waiting for the kernel to deliver them."""
        selector, ledger = self._patient_selector, self._ledger
        events = selector.look(0)
        if ledger.is_quiet():
            return events
        since_s = time.monotonic()
        tries = 0
        while True:
            readable = {key.fd for key, bits in events if bits & selectors.EVENT_READ}
            late = ledger.late(readable, {key.fd for key, _ in events}, selector.reading)
            if not late:
                return events
            if time.monotonic() - since_s >= self._stall_s:
                log.warning("gave up after %g s of wall time on %s", self._stall_s, late)
                self._tally.given_up += len(late)
                ledger.give_up(late)
                return events
            give_way(tries)
            tries += 1
            events = selector.look(0)

    def _hand_over_a_thread_call(self, idle_since_s: float) -> bool:
        """Hand over the oldest call's result, if there; a later one only if the oldest takes too long."""
        done = next((call for call in self._thread_calls if call.worked.done()), None)
        if done is None:
            return False
        if done is not next(iter(self._thread_calls)):
            if time.monotonic() - idle_since_s < self._stall_s:
                return False
            self._tally.threads_out_of_order += 1
        del self._thread_calls[done]
        if done.told.done():
            pass
        elif done.worked.cancelled():
            done.told.cancel()
        elif (error := done.worked.exception()) is not None:
            done.told.set_exception(error)
        else:
            done.told.set_result(done.worked.result())
        return True

    def _is_sending(self) -> bool:
        """Return whether a socket waits to write and nothing but the kernel stands in its way."""
        return any(self._is_held_by_the_kernel(fd) for fd in self._patient_selector.writing)

    def _is_held_by_the_kernel(self, fd: int) -> bool:
        if fd in self._ledger.dialling:
            return True
        end = self._ledger.by_fd.get(fd)
        if end is None or end.given_up:
            return False
        peer = end.peer
        # A peer that has bytes to read and does not has paused: the writer waits for it, and it for the time.
        return peer is not None and (not peer.owed or peer.fd in self._patient_selector.reading)

    def _give_up_sending(self) -> None:
        for fd in sorted(self._patient_selector.writing):
            if self._is_held_by_the_kernel(fd):
                end: CountedSocket | None = self._ledger.by_fd.get(fd)
                log.warning("gave up after %g s of wall time on sending by %s", self._stall_s, end or fd)
                self._tally.given_up += 1
                self._ledger.dialling.pop(fd, None)
                if end is not None:
                    end.given_up = True

    def _jump(self) -> bool:
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        if not scheduled or scheduled[0].when() == math.inf:
            return False
        self._tally.jumps += 1
        self._set_now(scheduled[0].when())
        return True

    # When nothing helps.

    def _check_wall(self) -> None:
        if time.monotonic() >= self._wall_end_s:
            # Cancelling what is left takes the loop a moment more; even that has a bound.
            self._wall_end_s = time.monotonic() + CLEAN_UP_WALL_S
            raise WallTimeError(
                f"the run exceeded {self._max_wall_s} s of wall time at virtual second {self._now:.6f}: "
                f"{self._pending()}"
            )

    def _may_be_woken(self) -> bool:
        """Return whether a socket (besides the loop's own pipe) or a thread could still wake the loop."""
        return len(self._patient_selector.get_map()) > 1 or threading.active_count() > 1

    def _deadlock(self) -> str:
        return f"nothing can happen any more at virtual second {self._now:.6f}: {self._pending()}"

    def _pending(self) -> str:
        tasks = sorted(asyncio.all_tasks(self), key=lambda task: task.get_name())
        words = [f"{task.get_name()} waits in {_place(task.get_coro())}" for task in tasks[:TASKS_NAMED_MAX]]
        if len(tasks) > TASKS_NAMED_MAX:
            words.append(f"{len(tasks) - TASKS_NAMED_MAX} more tasks wait")
        words += [f"thread call {call.name} runs" for call in self._thread_calls]
        words.append(f"{len(self._patient_selector.get_map()) - 1} sockets are open")
        return "; ".join(words)


def _place(coroutine: Any) -> str:
    """Return where a suspended coroutine stands, following what it awaits."""
    while getattr(getattr(coroutine, "cr_await", None), "cr_frame", None) is not None:
        coroutine = coroutine.cr_await
    frame = getattr(coroutine, "cr_frame", None)
    name = getattr(coroutine, "__qualname__", repr(coroutine))
    return name if frame is None else f"{name} (line {frame.f_lineno})"


def run_virtual(
    main: Coroutine[Any, Any, T],
    *,
    stall_s: float = 2.0,
    max_wall_s: float | None = None,
    debug: bool | None = None,
) -> T:
    """Run `main` on a new VirtualLoop as asyncio.run does: return its result, cancel what is left, close.

    `main` finds the loop, and its tally, by asyncio.get_running_loop(). The garbage collector is left alone.
    """
    with asyncio.Runner(
        debug=debug, loop_factory=lambda: VirtualLoop(stall_s=stall_s, max_wall_s=max_wall_s)
    ) as runner:
        return runner.run(main)
