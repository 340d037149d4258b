"""Which Chromium is on this machine? Standard library only, so that set-up can ask before anything is installed.

Run as a script it prints what it found, and exits 1 where there is none.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

SYSTEM_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Looked for in this order where Playwright has not brought its own."""


def system_browsers() -> list[str]:
    """Return the system's browsers that Playwright can drive."""
    return [path for name in SYSTEM_BROWSERS if (path := shutil.which(name)) is not None]


def playwrights_own() -> list[str]:
    """Return the folders of browsers that `playwright install` has brought."""
    asked = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    folder = Path(asked) if asked and asked != "0" else Path.home() / ".cache" / "ms-playwright"
    return [str(path) for path in sorted(folder.glob("chromium*")) if path.is_dir()]


if __name__ == "__main__":
    found = [*playwrights_own(), *system_browsers()]
    sys.stdout.write("\n".join(found) + "\n" if found else "no Chromium found\n")
    sys.exit(0 if found else 1)
