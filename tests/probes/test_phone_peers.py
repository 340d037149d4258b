import asyncio
import contextlib
import json
import random
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from probes.channels.contract import Surroundings
from probes.channels.phone import PhoneCall
from probes.clock import Clock
from probes.desk.desk import LOOPBACK, charter_for, target_for
from probes.guard import Guard, guarding
from probes.journeys import Open, Seen
from probes.rtp import encoded
from probes.speech import Pcm, hold_music, voiced_tone, write_wav
from scenarios.charter import AllowedHost
from scenarios.target_phone import Phone
from tests.probes.helpdesk_fixture import require_packages
from tests.probes.test_phone_channel import CALLER, kinds

HERE = Path(__file__).parent
PORTS_EACH = 100
CONTROL = 60
STARTED_S_MOST = 20.0
ENDED_S_MOST = 30.0
SPEECH = voiced_tone("welcome to our desk")
INSTALL_SIPP = "SIPp is missing; install with: apt-get install sip-tester"


@dataclass
class RealPeer:
    """A SIP stack that nobody here wrote, in a process of its own."""

    port: int
    process: "subprocess.Popen[str]"
    folder: Path

    @property
    def rtp(self) -> list[int]:
        """The ports from which it speaks, first and last."""
        return [self.port + 2, self.port + 40]

    def call(self, until_s: float, **phone: object) -> tuple[list[Seen], PhoneCall]:
        """Call it with the guard on, whose hook sees every datagram of ours, and return what was seen."""
        allow = [AllowedHost(host=LOOPBACK, ports=[9, self.port, "{}-{}".format(*self.rtp)])]
        guard = Guard(charter_for(9).model_copy(update={"allow": allow}))
        told = {
            "uri": f"sip:support@{LOOPBACK}:{self.port}",
            "caller": "sip:anna@127.0.0.1",
            "recognise": False,
            **phone,
        }
        target = target_for(9).model_copy(update={"phone": Phone.model_validate(told)})

        async def play() -> tuple[list[Seen], PhoneCall]:
            loop = asyncio.get_running_loop()
            session = PhoneCall(Surroundings(target, guard, Clock(loop, loop.time())), CALLER)
            seen: list[Seen] = []
            with guarding(guard):
                try:
                    await session.open(Open("s", "t"))
                    while not seen or seen[-1].kind not in ("nothing", "closed", "busy", "error"):
                        seen.append(await session.next_seen(until_s))
                    await session.leave()
                finally:
                    await session.close()
            return [one for one in seen if one.kind not in ("connected", "pressed")], session

        return asyncio.run(play())


def free_block() -> int:
    """Return the first of a hundred ports that nobody uses: a real stack cannot be handed a bound socket.

    Below those that the system gives away by itself, and those of our own callers.
    """
    blocks = range(12_000, 20_000, PORTS_EACH)
    for first in random.sample(blocks, len(blocks)):
        with contextlib.ExitStack() as stack:
            try:
                for port in (0, *range(2, 10), CONTROL):
                    stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind((LOOPBACK, first + port))
            except OSError:
                continue
            return first
    raise AssertionError("no free port")


@contextlib.contextmanager
def running(command: list[str], port: int, folder: Path, ready: bool) -> Iterator[RealPeer]:
    """Run a peer; `ready`: it says so on its first line, else it has bound its port by then."""
    out = subprocess.PIPE if ready else subprocess.DEVNULL
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.DEVNULL, text=True
    )
    try:
        if ready:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["what"] == "ready"
        else:
            wait_until_bound(port, process)
        yield RealPeer(port, process, folder)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def wait_until_bound(port: int, process: "subprocess.Popen[str]") -> None:
    """Return once a port is taken."""
    for _ in range(int(STARTED_S_MOST / 0.05)):
        assert process.poll() is None, "the peer ended before it was called"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            try:
                sock.bind((LOOPBACK, port))
            except OSError:
                return
        threading.Event().wait(0.05)
    raise AssertionError(f"nobody took port {port}")


@contextlib.contextmanager
def sipp(scenario: str, folder: Path) -> Iterator[RealPeer]:
    """Have SIPp answer one call as one of our scenarios says."""
    program = shutil.which("sipp")
    if program is None:
        pytest.fail(INSTALL_SIPP, pytrace=False)
    for name, pcm in (("speech", SPEECH), ("music", hold_music())):
        (folder / f"{name}.ulaw").write_bytes(b"".join(encoded(pcm, 0)))
    port = free_block()
    command = [
        program, "-sf", str(HERE / "sipp" / f"{scenario}.xml"), "-i", LOOPBACK, "-mi", LOOPBACK, "-p", str(port),
        "-mp", str(port + 2), "-m", "1", "-nostdin", "-timeout", "20s",
        "-timeout_error", "-trace_err", "-cp", str(port + CONTROL),
    ]  # fmt: skip
    with running(command, port, folder, ready=False) as peer:
        yield peer


def went_well(peer: RealPeer) -> None:
    """Fail, with what SIPp says, when its side of the call did not go as its scenario wants."""
    code = peer.process.wait(ENDED_S_MOST)
    errors = "".join(path.read_text() for path in peer.folder.glob("*errors.log"))
    assert code == 0, errors


def test_a_menu_of_baresip_is_gone_through(tmp_path: Path) -> None:
    """Without it our caller might only understand our own desk."""
    require_packages("baresip")
    prompts: dict[str, Pcm] = {"menu": voiced_tone("welcome please press one"), "thanks": voiced_tone("thank you")}
    for name, pcm in prompts.items():
        write_wav(tmp_path / f"{name}.wav", pcm.tobytes())
    port = free_block()
    command = [sys.executable, str(HERE / "baresip_ivr.py"), str(port), str(port + 2)]
    command += [str(tmp_path / f"{name}.wav") for name in prompts]
    with running(command, port, tmp_path, ready=True) as peer:
        told, session = peer.call(15.0, menu=[{"keys": "1"}], hearing={"gap_s": 0.3})
        assert peer.process.stdin is not None
        assert peer.process.stdout is not None
        peer.process.stdin.close()
        said = {line["what"]: line for line in map(json.loads, peer.process.stdout.read().splitlines())}
    assert kinds(told) == ["accepted", "automatic", "automatic", "closed"]
    assert said["key"]["key"] == "1"
    assert session.entered_s is not None
    first, second = told[1], told[2]
    assert first.seen_by_s < session.entered_s < second.seen_by_s
    ringing_s = said["rang"]["wall_s"] - told[0].seen_by_s
    for seen, what in ((told[3], "hung_up"),):
        assert seen.seen_by_s + ringing_s == pytest.approx(said[what]["wall_s"], abs=0.6)


def test_sipp_passes_us_on_and_hangs_up(tmp_path: Path) -> None:
    """Without it a transfer by re-INVITE might only work between our own two ends."""
    with sipp("passes_on", tmp_path) as peer:
        told, _ = peer.call(
            15.0,
            signs=[
                {"sees": "taken", "header": "X-Agent", "text": r"(?P<team>\w+)/(?P<agent>\w+)"},
                {"sees": "transfer", "methods": ["INVITE"], "header": "X-Team", "text": r"(?P<team>\w+)"},
            ],
            voices=[{"speaker": "human", "taken": True}, {"speaker": "human", "after": "speech"}],
        )
        went_well(peer)
    assert kinds(told) == ["accepted", "taken", "human", "transfer", "human", "closed"]
    assert (told[1].team, told[1].agent, told[3].team) == ("first_line", "Robin", "second_line")
    assert told[1].seen_by_s - told[0].seen_by_s == pytest.approx(0.3, abs=0.6)
    assert told[4].seen_by_s > told[3].seen_by_s


def test_sipp_is_busy(tmp_path: Path) -> None:
    """Without it nobody would notice that a refusal is not confirmed as other stacks want it."""
    with sipp("busy", tmp_path) as peer:
        told, _ = peer.call(5.0)
        went_well(peer)
    assert kinds(told) == ["busy"]
    assert told[0].text == "All lines are taken"


def test_sipp_is_hung_up_on_through_its_proxy(tmp_path: Path) -> None:
    """Without it our goodbye could go past the proxy that wants to see it, and the line stay taken."""
    with sipp("hung_up_on", tmp_path) as peer:
        told, session = peer.call(2.0)
        went_well(peer)
    assert kinds(told) == ["accepted", "nothing"]
    assert [stretch.kind for stretch in session.voices.heard] == ["music"]


def test_a_call_to_a_dead_line_ends_at_once(tmp_path: Path) -> None:
    """Without it a PBX that is down would cost every caller the whole deadline."""
    peer = RealPeer(free_block(), None, tmp_path)  # type: ignore[arg-type]  # nobody is there
    told, _ = peer.call(5.0)
    assert kinds(told) == ["error"]
    assert "nobody listens" in told[0].text
    assert told[0].seen_by_s < 1.0
