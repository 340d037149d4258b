"""Serves a small social network, with the brand's account in it, on the test session's socket."""

import os

import uvicorn
from mastodon_mock.app import create_app
from mastodon_mock.config import MastodonMockConfig, SeedAccount, SeedConfig
from session_socket import session_socket


def main() -> None:
    """Serve until the process is stopped; everything is kept in memory."""
    listener = session_socket()
    brand = SeedAccount(username="brand", display_name="The brand", access_token=os.environ["SOCIAL_BRAND_TOKEN"])
    site = create_app(MastodonMockConfig(seed=SeedConfig(accounts=[brand])))
    uvicorn.Server(uvicorn.Config(site, log_level="warning", loop="asyncio")).run(sockets=[listener])


if __name__ == "__main__":
    main()
