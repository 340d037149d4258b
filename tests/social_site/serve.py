"""Serves a small social network, with the brand's account in it, on the bound socket whose descriptor is the argument.

The socket comes from the test session, so no other process can take the port in between. Standard input is
a pipe from the session: when the session is gone, however it went, the pipe closes and so does the network.
"""

import os
import socket
import sys
import threading

import uvicorn
from mastodon_mock.app import create_app
from mastodon_mock.config import MastodonMockConfig, SeedAccount, SeedConfig


def close_with_the_session() -> None:
    """Wait for the end of standard input, then end this process."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(0)


def main() -> None:
    """Serve until the process is stopped; everything is kept in memory."""
    threading.Thread(target=close_with_the_session, daemon=True).start()
    brand = SeedAccount(username="brand", display_name="The brand", access_token=os.environ["SOCIAL_BRAND_TOKEN"])
    site = create_app(MastodonMockConfig(seed=SeedConfig(accounts=[brand])))
    listener = socket.socket(fileno=int(sys.argv[1]))
    uvicorn.Server(uvicorn.Config(site, log_level="warning", loop="asyncio")).run(sockets=[listener])


if __name__ == "__main__":
    main()
