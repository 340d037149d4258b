"""What Locust's command line asks of a crowd; light, for hosts that load little else of ours."""

from __future__ import annotations

from typing import Any

NEEDED = ("scenario", "target_file", "charter")


def missing_in(options: Any) -> str:
    """Return the options that Locust's command line lacks for a crowd, in words."""
    return ", ".join("--" + name.replace("_", "-") for name in NEEDED if not getattr(options, name))


def asked_of(options: Any) -> dict[str, Any]:
    """Return what Locust's command line asks the crowd to play, as `Assignment` takes it."""
    return {
        "scenario": options.scenario,
        "target": options.target_file,
        "charter": options.charter,
        "seed": int(options.seed) if options.seed else None,
        "profile": options.load_profile or None,
        "factor": options.factor or None,
        "starts": getattr(options, "from") or None,
        "lasts_s": getattr(options, "for") or None,
        "replay": options.load_replay or None,
    }


def exports_of(options: Any) -> dict[str, Any]:
    """Return what Locust's command line asks to be given to other tools: files by name, and `telemetry`."""
    return {name: getattr(options, f"load_{name}") for name in ("junit", "csv", "prometheus", "telemetry")}
