"""Lays the desk out and serves it on the test session's socket."""

import django
import waitress
from helpdesk_site.setup_desk import lay_out
from session_socket import session_socket


def main() -> None:
    """Lay the desk out, then serve it until the process is stopped."""
    listener = session_socket()
    host, port = listener.getsockname()
    django.setup()
    lay_out(f"{host}:{port}")
    from helpdesk_site.wsgi import application

    waitress.serve(application, sockets=[listener], threads=6)


if __name__ == "__main__":
    main()
