import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from scenarios.faults import FaultsFoundError
from scenarios.metric_names import ALL_NAMES, METRIC_NAMES
from scenarios.reading import HERE, load_scenario
from scenarios.schema import json_schemas, schema_path, schema_text
from scenarios.yaml_reader import read_file

BAD_FILES = Path(__file__).resolve().parents[1] / "bad_files"
KINDS = {
    ".": "scenario",
    "journeys": "journey",
    "personas": "persona",
    "programmes": "programme",
    "targets": "target",
    "charters": "charter",
    "churn_models": "churn",
    "beliefs": "churn",
    "labour": "labour",
}
SHIPPED = [
    (path, kind) for folder, kind in KINDS.items() for path in sorted((HERE / folder).glob("*.yaml")) if path.is_file()
]


def _faults(kind, path):
    return list(Draft202012Validator(json_schemas()[kind]).iter_errors(read_file(path).values))


@pytest.mark.parametrize(
    "kind", ["scenario", "journey", "persona", "programme", "target", "charter", "churn", "labour"]
)
def test_the_schema_files_are_current(kind):
    """Without it editors would complete keys that the reader refuses. `python -m scenarios.schema` writes them."""
    assert schema_path(kind).read_text() == schema_text(json_schemas()[kind])


@pytest.mark.parametrize(("path", "kind"), SHIPPED, ids=lambda part: getattr(part, "name", part))
def test_every_shipped_file_is_valid_and_points_at_its_schema(path, kind):
    """Without it an editor would underline our own examples."""
    assert _faults(kind, path) == []
    pointer = path.read_text().splitlines()[0]
    if pointer.startswith("# yaml-language-server: $schema="):
        assert (path.parent / pointer.split("=", 1)[1]).resolve() == schema_path(kind)
    else:
        assert kind == "scenario" or "schema" not in pointer


@pytest.mark.parametrize(
    "kind", ["scenario", "journey", "persona", "programme", "target", "charter", "churn", "labour"]
)
def test_every_key_says_what_it_means(kind):
    """Without it completion would offer names that one has to look up elsewhere."""
    schema = json_schemas()[kind]
    Draft202012Validator.check_schema(schema)
    for name, part in {kind: schema, **schema.get("$defs", {})}.items():
        assert part["description"], name
        for key, value in part.get("properties", {}).items():
            assert key == "law" or value.get("description"), f"{name}.{key}"


def test_keys_are_those_of_the_file_not_of_the_code():
    """Without it transfers would be completed with from_team, which is a fault."""
    transfer = json_schemas()["scenario"]["$defs"]["Transfer"]
    assert {"from", "to"} <= set(transfer["properties"])
    assert {"from", "to"} <= set(transfer["required"])
    assert "from_team" not in transfer["properties"]


def test_metrics_are_completed_by_name():
    """Without it a gate's metric would be free text until the check."""
    schema = json_schemas()["scenario"]
    for part, known in (("Goal", ALL_NAMES), ("Gate", METRIC_NAMES)):
        assert schema["$defs"][part]["properties"]["metric"]["enum"] == sorted(known)


@pytest.mark.parametrize(
    "name",
    ["unknown_key", "key_by_its_field_name", "law_unknown", "undefined_metric", "unknown_channel", "too_many_gates"],
)
def test_the_editor_sees_the_slips_a_schema_can_see(name):
    """Without it the schema could be so wide that it underlines nothing."""
    path = BAD_FILES / f"{name}.yaml"
    assert _faults("scenario", path)
    with pytest.raises(FaultsFoundError):
        load_scenario(path)


def test_the_schema_files_are_plain_json():
    """Without it a half-written file would be offered to editors."""
    assert all(json.loads(schema_path(kind).read_text())["$schema"] for kind in json_schemas())
