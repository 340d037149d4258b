"""What every desk does that runs in a process of its own: it serves on the test session's socket, and ends with it.

The socket comes bound from the session, so no other process can take the port in between. Standard input is a pipe from
the session: when the session is gone, however it went, the pipe closes and so does the desk.
"""

import os
import socket
import sys
import threading


def session_socket() -> socket.socket:
    """Return the socket whose descriptor is the only argument, and from now on end with the session."""
    threading.Thread(target=_close_with_the_session, daemon=True).start()
    return socket.socket(fileno=int(sys.argv[1]))


def _close_with_the_session() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(0)
