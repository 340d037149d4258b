"""Lays the chat out and serves it on the bound socket whose descriptor is the only argument.

The socket comes from the test session, so no other process can take the port in between. Standard input is
a pipe from the session: when the session is gone, however it went, the pipe closes and so does the desk.
"""

import os
import socket
import sys
import threading
from typing import Any

import django
import uvicorn


def close_with_the_session() -> None:
    """Wait for the end of standard input, then end this process."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(0)


def application() -> Any:
    """Lay the tables out, and return the site, which serves the packages' own scripts and styles too."""
    django.setup()
    from django.contrib.auth import get_user_model
    from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
    from django.core.asgi import get_asgi_application
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    get_user_model().objects.create_user(
        os.environ["CHAT_AGENT_USER"], password=os.environ["CHAT_AGENT_PASSWORD"], first_name="Robin", is_staff=True
    )
    return ASGIStaticFilesHandler(get_asgi_application())


def main() -> None:
    """Serve until the process is stopped."""
    threading.Thread(target=close_with_the_session, daemon=True).start()
    listener = socket.socket(fileno=int(sys.argv[1]))
    config = uvicorn.Config(application(), log_level="warning", lifespan="off", loop="asyncio")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
