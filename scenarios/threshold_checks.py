"""What thresholds say of the rest of a scenario file: is there such a metric, channel and stage?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scenarios.faults import Fault, one_of
from scenarios.metric_names import a_metric
from scenarios.thresholds import ABORT_NAMES, RESPONSE_NAMES, THRESHOLD_NAMES
from scenarios.yaml_reader import MISSING, Document


def threshold_faults(document: Document, channels: list[str]) -> Iterator[Fault]:
    """Yield what is wrong between thresholds and the places they name; tolerant of what is wrong in itself."""
    stages = _stages(document.values.get("profiles"))
    told = document.values.get("thresholds")
    for i, item in enumerate(told if isinstance(told, list) else []):
        if isinstance(item, dict):
            yield from _places(document, i, item, channels, stages)
            if isinstance(item.get("metric"), str):
                yield from _words(document, i, item)


def _stages(profiles: Any) -> dict[str, bool]:
    """Return the stages of all profiles, and whether each counts in any: a warm-up does not."""
    told = profiles.values() if isinstance(profiles, dict) else []
    listed = [one.get("stages") for one in told if isinstance(one, dict)]
    each = [stage for stages in listed if isinstance(stages, list) for stage in stages if isinstance(stage, dict)]
    found: dict[str, bool] = {}
    for stage in (stage for stage in each if "stage" in stage):
        name = str(stage["stage"])
        found[name] = found.get(name, False) or not stage.get("warm_up")
    return found


def _places(
    document: Document, i: int, item: dict[str, Any], channels: list[str], stages: dict[str, bool]
) -> Iterator[Fault]:
    channel, stage = item.get("channel"), item.get("stage")
    if channel is not None and channel not in channels:
        yield document.fault(("thresholds", i, "channel"), channel, one_of(channels, str(channel)))
    if stage is not None and stage not in stages:
        expected = one_of(list(stages), str(stage)) if stages else "no stage: the scenario has no profiles"
        yield document.fault(("thresholds", i, "stage"), stage, expected)
    elif item.get("abort") and stage is not None and not stages[stage]:
        yield document.fault(("thresholds", i, "abort"), True, f"no abort with {stage}: a warm-up ends no run")


def _words(document: Document, i: int, item: dict[str, Any]) -> Iterator[Fault]:
    metric = item["metric"]
    if metric not in THRESHOLD_NAMES:
        yield document.fault(("thresholds", i, "metric"), metric, a_metric(THRESHOLD_NAMES, metric))
        return
    if THRESHOLD_NAMES[metric].needs_within_s and item.get("within_s") is None:
        yield document.fault(("thresholds", i, "within_s"), MISSING, f"the T of {metric}, in seconds")
    elif not THRESHOLD_NAMES[metric].needs_within_s and "within_s" in item:
        yield document.fault(("thresholds", i, "within_s"), item["within_s"], f"no within_s with {metric}")
    if item.get("abort") and metric not in ABORT_NAMES:
        may = ", ".join(sorted(ABORT_NAMES))
        yield document.fault(("thresholds", i, "abort"), True, f"no abort with {metric}; what may end a run: {may}")
    for word in ("step", "measured"):
        if word in item and metric not in RESPONSE_NAMES:
            yield document.fault(("thresholds", i, word), item[word], f"no {word} with {metric}: it is of contacts")
