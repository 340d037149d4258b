import asyncio
import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from probes.cleaning import Known, survives
from probes.desk.desk import charter_for
from probes.errand import Players, journey_errand
from probes.playing import play_real
from probes.setting import Access
from results.runs import Run
from scenarios.charter import AllowedHost
from scenarios.secret import SecretMissingError
from scenarios.target import Target
from scenarios.target_login import Login
from tests.probes.helpdesk_fixture import Helpdesk
from tests.probes.test_nothing_leaks import everything

LOOK = """
journey: look
title: Look at a page that only staff may see
channel: faq
questions:
  default: {subject: s, text: t, useful: "."}
steps:
  - open: true
"""


def target(desk: Helpdesk, **changes: object) -> Target:
    """Return how to look at the agents' own page."""
    login = {
        "page": "/login/?next=/dashboard/",
        "fields": [
            {"selector": "#username", "value": desk.staff_user},
            {"selector": "#password", "secret": {"env": "DESK_PASSWORD"}},
        ],
        "submit": "form[role=form] button[type=submit]",
        "ready": "#searchform",
        "refused": ".alert-danger",
    }
    return Target.model_validate(
        {
            "target": "desk_from_inside",
            "title": "The agents' side",
            "base_url": desk.base_url,
            "login": login,
            "faq": {"page": "/tickets/", "answer": "#datatabletabcontents"},
            **changes,
        }
    )


def look(desk: Helpdesk, folder: Path, wanted: Target, contacts: int = 2) -> tuple[Run, pd.DataFrame]:
    """Have a few contacts look at it, with everything recorded."""
    path = folder / "look.yaml"
    path.write_text(LOOK)
    port = int(desk.base_url.rsplit(":", 1)[1])
    charter = charter_for(port).model_copy(update={"allow": [AllowedHost(host="127.0.0.1", ports=[port])]})
    what = journey_errand([str(path)], None, Players(repeats=contacts), 1)
    run = asyncio.run(play_real(what, folder / "run", Access(wanted, charter, in_browser=True, trace=True)))
    return run, run.table("legs")


def sessions(desk: Helpdesk) -> list[str]:
    """Return the keys of all who are or were logged in."""
    with sqlite3.connect(f"file:{desk.folder / 'desk.sqlite3'}?mode=ro", uri=True) as tables:
        return [str(row[0]) for row in tables.execute("select session_key from django_session")]


def test_contacts_are_logged_in_once_and_the_password_is_found_nowhere(
    helpdesk: Helpdesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it pages behind a login could not be shopped, or only by leaving the password in the results."""
    monkeypatch.setenv("DESK_PASSWORD", helpdesk.staff_password)
    before = sessions(helpdesk)
    run, legs = look(helpdesk, tmp_path, target(helpdesk))
    assert list(legs["leg_end"]) == ["contained", "contained"], list(legs["reason"])
    opened = set(sessions(helpdesk)) - set(before)
    assert len(opened) == 1, "one login serves all contacts of a run"
    run, legs = look(
        helpdesk, make(tmp_path / "failing"), target(helpdesk, faq={"page": "/no-such-page/", "answer": "#x"}), 1
    )
    assert list(legs["leg_end"]) == ["target_error"]
    assert (run.folder / "evidence").is_dir()
    known = Known()
    known.learn_secrets(helpdesk.staff_password, *sessions(helpdesk))
    found = [name for folder in (tmp_path, run.folder.parent) for name, data in everything(folder / "run")
             if survives(data, known)]  # fmt: skip
    assert found == []


def test_a_login_that_fails_is_tried_once(helpdesk: Helpdesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a stale password would lock an account, one contact after another."""
    monkeypatch.setenv("DESK_PASSWORD", "not-the-password")
    _, legs = look(helpdesk, tmp_path, target(helpdesk))
    assert set(legs["leg_end"]) == {"target_error"}
    first, second = legs["reason"]
    assert "the login failed: the desk refused it: Your username and password didn't match" in first
    assert second.startswith("not tried again: the login failed")


def test_a_missing_password_is_named_before_anything_is_sent(
    helpdesk: Helpdesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it an empty password would be sent, and the desk blamed for refusing it."""
    monkeypatch.delenv("DESK_PASSWORD", raising=False)
    with pytest.raises(SecretMissingError, match="DESK_PASSWORD"):
        look(helpdesk, tmp_path, target(helpdesk))


def test_a_password_may_stand_in_a_file(tmp_path: Path) -> None:
    """Without it secrets that a machine hands out as files would have to be copied into the environment."""
    file = tmp_path / "password"
    file.write_text("from a file\n")
    field = {"selector": "#password", "secret": {"file": str(file)}}
    login = Login.model_validate({"page": "/login", "fields": [field], "submit": "#in", "ready": "#inside"})
    assert login.secrets() == ["from a file"]


def make(folder: Path) -> Path:
    """Make a folder."""
    folder.mkdir()
    return folder
