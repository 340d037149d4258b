"""A desk in a process of its own, on a free loopback port: started, waited for, and stopped with the test session.

Knows nothing of any desk. What the process prints goes to server.log in its folder, and into the message when it
does not open.
"""

import importlib.util
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

START_S_MOST = 60.0
STOP_S_MOST = 5.0
ANSWER_S_MOST = 20.0
LOOK_AGAIN_S = 0.05

TESTS = Path(__file__).resolve().parent.parent

# A proxy named in the environment must not see, or lose, what is meant for loopback.
without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def require_packages(*names: str) -> None:
    """Fail, with the command that helps, when a package the desk is made of is not installed."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        pytest.fail(f"the test desk needs {', '.join(missing)}; install with: pip install -e '.[test]'", pytrace=False)


def free_port() -> int:
    """Return a port that nobody listens on now, for a server that takes no socket."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def served(module: str, folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Serve a desk, `python -m module DESCRIPTOR` of a bound socket; yield its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with running([module, str(listener.fileno())], folder, environment, base_url, (listener.fileno(),)):
            yield base_url


@contextmanager
def running(
    arguments: list[str], folder: Path, environment: Mapping[str, str], base_url: str, pass_fds: tuple[int, ...] = ()
) -> Iterator[None]:
    """Run `python -m ...` while the block lasts; it is open once `base_url` answers."""
    with (folder / "server.log").open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(TESTS), **environment},
            stdin=subprocess.PIPE,  # its closing tells the desk that we are gone
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=pass_fds,
        )
    try:
        _wait_until_open(server, base_url, folder)
        yield
    finally:
        _stop(server)


def _wait_until_open(server: subprocess.Popen[bytes], base_url: str, folder: Path) -> None:
    deadline_s = time.monotonic() + START_S_MOST
    while server.poll() is None and time.monotonic() < deadline_s:
        try:
            without_proxy.open(base_url, timeout=ANSWER_S_MOST).close()
        except urllib.error.HTTPError as refusal:
            if refusal.code < 500:
                return
            fault = f"answered its first visitor with {refusal}"
            break
        except OSError:  # the port is bound but nobody listens yet
            threading.Event().wait(LOOK_AGAIN_S)
        else:
            return
    else:
        ended = server.returncode is not None
        fault = f"ended with {server.returncode}" if ended else f"did not open within {START_S_MOST:g} s"
    pytest.fail(f"the test desk {fault}. Its output:\n{(folder / 'server.log').read_text()}", pytrace=False)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_S_MOST)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    if server.stdin is not None:
        server.stdin.close()
