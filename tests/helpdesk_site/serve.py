"""Lays the desk out and serves it on the bound socket whose descriptor is the only argument.

The socket comes from the test session, so no other process can take the port in between. Standard input is
a pipe from the session: when the session is gone, however it went, the pipe closes and so does the desk.
"""

import os
import socket
import sys
import threading

import django
import waitress
from helpdesk_site.setup_desk import lay_out


def close_with_the_session() -> None:
    """Wait for the end of standard input, then end this process."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(0)


def main() -> None:
    """Lay the desk out, then serve it until the process is stopped."""
    threading.Thread(target=close_with_the_session, daemon=True).start()
    listener = socket.socket(fileno=int(sys.argv[1]))
    host, port = listener.getsockname()
    django.setup()
    lay_out(f"{host}:{port}")
    from helpdesk_site.wsgi import application

    waitress.serve(application, sockets=[listener], threads=6)


if __name__ == "__main__":
    main()
