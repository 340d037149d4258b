"""JSON Schemas of our file kinds, so that editors complete them and underline slips while one types.

Generated from the models and kept beside the scenarios, where the first line of each file points at them
(`# yaml-language-server: $schema=scenario.schema.json`). `python -m scenarios.schema` writes them anew; a test fails
while they are not current. A schema cannot say everything: `testdrive check` has the last word.

>>> sorted(json_schemas())
['charter', 'churn', 'journey', 'labour', 'persona', 'programme', 'scenario', 'scorecard', 'state', 'target']
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from scenarios.charter import Charter
from scenarios.churn import ChurnModel
from scenarios.journey import Journey
from scenarios.labour import LabourRules
from scenarios.metric_names import ALL_NAMES, METRIC_NAMES
from scenarios.opening import State
from scenarios.persona import PersonaKind
from scenarios.programme import Programme
from scenarios.reading import HERE
from scenarios.scenario import Scenario
from scenarios.scorecard import Scorecard
from scenarios.target import Target
from scenarios.thresholds import THRESHOLD_NAMES

_MODELS: dict[str, type[BaseModel]] = {
    "scenario": Scenario,
    "journey": Journey,
    "persona": PersonaKind,
    "scorecard": Scorecard,
    "programme": Programme,
    "target": Target,
    "charter": Charter,
    "state": State,
    "churn": ChurnModel,
    "labour": LabourRules,
}

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of each kind of file, by kind."""
    schemas = {}
    for kind, model in _MODELS.items():
        schema = {"$schema": _DRAFT, **model.model_json_schema(by_alias=True)}
        for name, part in schema.get("$defs", {}).items():
            if "metric" in part.get("properties", {}):
                known = {"Gate": METRIC_NAMES, "Threshold": THRESHOLD_NAMES}.get(name, ALL_NAMES)
                part["properties"]["metric"] |= {
                    "enum": sorted(known),
                    "markdownEnumDescriptions": [known[metric].meaning for metric in sorted(known)],
                }
        schemas[kind] = schema
    return schemas


def schema_path(kind: str) -> Path:
    """Return where a kind's schema lies."""
    return HERE / f"{kind}.schema.json"


def schema_text(schema: dict[str, Any]) -> str:
    """Write a schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas() -> None:
    """Write all schemas beside the scenarios."""
    for kind, schema in json_schemas().items():
        schema_path(kind).write_text(schema_text(schema), encoding="utf-8")


if __name__ == "__main__":
    write_schemas()
