"""Thresholds of a load test: what must hold of a measured run, per stage, channel and step.

Goals are of the operation and can be simulated; thresholds are of what was measured under load: how long each step was
without an answer, and how many contacts failed or were never begun.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from scenarios.metric_names import METRIC_NAMES, MetricName
from scenarios.models import Strict

PERCENTS = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99_9": 99.9}

_TIME = "time from a step to the first answer to it, scenario seconds"
_LOG = "the contact log"

RESPONSE_NAMES: dict[str, MetricName] = {
    **{
        f"response_s_{name}": MetricName("s", False, f"{percent:g}th percentile of the {_TIME}", _LOG)
        for name, percent in PERCENTS.items()
    },
    "response_s_max": MetricName("s", False, f"longest {_TIME}", _LOG),
    "unanswered_share": MetricName("share", False, "steps that nothing answered before the next / steps", _LOG),
}

SHARE_NAMES: dict[str, MetricName] = {
    "error_share": MetricName("share", False, "contacts that the desk failed (target_error) / begun", _LOG),
    "drop_share": MetricName("share", False, "contacts that our generator never began (unstarted) / planned", _LOG),
    "failed_share": MetricName("share", False, "contacts that failed by our own fault / begun", _LOG),
    "withheld_share": MetricName("share", False, "contacts that the charter forbade / planned", _LOG),
}

ABORT_NAMES = RESPONSE_NAMES | SHARE_NAMES
"""What is counted while a run plays, so that it can end one: times and shares, of which luck can be told."""

THRESHOLD_NAMES = RESPONSE_NAMES | SHARE_NAMES | METRIC_NAMES


class Threshold(Strict):
    """A figure of a measured run that must be kept."""

    metric: str = Field(description="which figure: of responses, a share of contacts, or one that a gate may name")
    stage: str | None = Field(None, description="only this stage of the profile; all but warm-up where left out")
    channel: str | None = Field(None, description="only this channel; all where left out")
    step: Literal["open", "say", "ask", "retell", "press", "search", "attach"] | None = Field(
        None, description="only answers to this; all steps where left out"
    )
    measured: Literal["intended", "actual"] = Field(
        "intended", description="from when the step was meant, or from when it was done"
    )
    within_s: Annotated[float, Field(gt=0)] | None = Field(
        None, description="the T of a service level or of an excess, in seconds"
    )
    at_least: float | None = Field(None, description="kept from here up")
    at_most: float | None = Field(None, description="kept up to here")

    abort: bool = Field(False, description="end the run as soon as it is broken for sure, whatever is yet to come")

    @model_validator(mode="after")
    def _one_bound(self) -> Threshold:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("either at_least or at_most")
        return self

    def is_kept_by(self, value: float) -> bool:
        """Say whether a value keeps it."""
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0.0)
