"""How processes of one run talk to whoever started them: a line of JSON for each word."""

from __future__ import annotations

import json
import sys
from typing import Any

from probes.crowd.assignment import OtherScenarioError
from probes.crowd.exit_codes import BAD_INPUT, OUR_FAULT, REFUSED, UNREACHABLE
from probes.errand import NothingToPlayError
from probes.guard import RefusedByCharterError
from results.runs import RunError
from scenarios.faults import FaultsFoundError
from scenarios.profiled import ProfileError


def tell(**word: Any) -> None:
    """Say a word to the host."""
    sys.stdout.write(json.dumps(word) + "\n")
    sys.stdout.flush()


def told_failure(error: Exception) -> dict[str, Any]:
    """Return an exit code and words for what went wrong."""
    match error:
        case FaultsFoundError() | RunError() | NothingToPlayError() | ProfileError() | OtherScenarioError():
            return {"code": BAD_INPUT, "why": str(error)}
        case RefusedByCharterError():
            return {"code": REFUSED, "why": f"refused: {error}"}
        case ConnectionError():
            return {"code": UNREACHABLE, "why": f"unreachable: {error}"}
    return {"code": OUR_FAULT, "why": f"our own fault: {type(error).__name__}: {error}"}
