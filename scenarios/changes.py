"""A scenario with some of its keys changed: what remedies, causes and what-ifs are made of.

A change goes the way of a file: its values are set (`scenarios.settings` tells how paths are written) and all is
checked anew, so what no file may say cannot be asked for either. What was asked for on top, as a profile, is asked for
again.

>>> from scenarios.reading import HERE, load_scenario
>>> quiet = load_scenario(HERE / "quiet_tuesday.yaml")
>>> changed(quiet, {"teams.chat_desk.agents": "+2"}).agents["chat_desk"][1]
(32400.0, 18)
"""

from __future__ import annotations

from collections.abc import Mapping

from scenarios.faults import Fault, FaultsFoundError
from scenarios.reading import LoadedScenario, with_settings
from scenarios.settings import SETTING


def changed(loaded: LoadedScenario, settings: Mapping[str, object]) -> LoadedScenario:
    """Return a scenario with other values at some of its keys, by path; see `scenarios.settings`.

    Its hash is another one, unless every value is as it was. Profiles cannot be changed while one is played.

    Raises:
        FaultsFoundError: every setting that leads nowhere, and every fault of what comes out; each names the setting.
        ProfileError: a profile or a recorded log that was asked for cannot be played any more.
    """
    if loaded.profile is not None and loaded.profile.stages:
        for path in settings:
            if path.split(".")[0] == "profiles":
                expected = "another key: the profile that is played was read already"
                raise FaultsFoundError([Fault(SETTING + path, 0, "profiles", "told", expected)])
    other = with_settings(loaded, settings)
    assert loaded.document is not None
    assert other.document is not None
    if other.document.values == loaded.document.values:
        return loaded
    for again in loaded.since:
        other = again(other)
    return other
