"""Lays the chat out and serves it on the test session's socket."""

import os
from typing import Any

import django
import uvicorn
from session_socket import session_socket


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
    listener = session_socket()
    config = uvicorn.Config(application(), log_level="warning", lifespan="off", loop="asyncio")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
