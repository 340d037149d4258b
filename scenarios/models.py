"""From a checked file to a typed model: every fault at once, each with its line.

Holds what all our file kinds share: the strict base model, and the turning of pydantic's errors into `Fault`s that say
what would be right. Checks that need two places of a file (does this team exist?) are handed in as a function over the
plain values, so that they run even where other places are wrong.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, RootModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML

from scenarios.faults import Fault, FaultsFoundError, nearest, one_of
from scenarios.yaml_reader import MISSING, UNKNOWN_KEY, Document, Key, read_file

Model = TypeVar("Model", bound=BaseModel)
References = Callable[[Document], Iterable[Fault]]


class Strict(BaseModel):
    """Base of all our file models: unknown keys are faults, nothing is converted silently, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def read_model(path: Path, model: type[Model], references: References | None = None) -> Model:
    """Read a YAML file into `model`.

    Raises:
        FaultsFoundError: with every fault of the file, the model's and those `references` finds.
    """
    return check_model(read_file(path), model, references)


def check_model(document: Document, model: type[Model], references: References | None = None) -> Model:
    """Turn a read document into `model`; see `read_model`."""
    if not isinstance(document.values, dict):
        raise FaultsFoundError([document.fault((), document.values, f"keys and values ({_keys_of(model)})")])
    faults: list[Fault] = []
    checked: Model | None = None
    try:
        checked = model.model_validate(document.values)
    except ValidationError as error:
        details = error.errors(include_url=False)
        faults += [
            _fault(document, model, detail) for detail in details if not _is_echo(document, model, detail, details)
        ]
    if references is not None:
        told = {(fault.line, fault.key) for fault in faults}
        faults += [fault for fault in references(document) if (fault.line, fault.key) not in told]
    faults = _joined(faults)
    if faults or checked is None:
        raise FaultsFoundError(faults)
    return checked


def _joined(faults: Iterable[Fault]) -> list[Fault]:
    """Join what alternatives say of one value: whoever reads it has one thing to change."""
    expected: dict[tuple[int, str, str], list[str]] = {}
    first: dict[tuple[int, str, str], Fault] = {}
    for fault in faults:
        place = (fault.line, fault.key, fault.found)
        first.setdefault(place, fault)
        expected.setdefault(place, []).append(fault.expected)
    return [replace(first[place], expected=", or ".join(dict.fromkeys(said))) for place, said in expected.items()]


def _is_echo(document: Document, model: type[BaseModel], detail: ErrorDetails, details: Iterable[ErrorDetails]) -> bool:
    """Say whether a missing key is only the other side of a misspelt one beside it: one slip, one line."""
    if detail["type"] != "missing":
        return False
    key, _ = _locate(document.values, detail)
    beside = [_locate(document.values, other)[0] for other in details if other["type"] == "extra_forbidden"]
    known = _fields_at(model, key[:-1], document.values)
    return any(other[:-1] == key[:-1] and nearest(known, other[-1]) == key[-1] for other in beside)


def _fault(document: Document, model: type[BaseModel], detail: ErrorDetails) -> Fault:
    key, value = _locate(document.values, detail)
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing" and isinstance(key[-1] if key else None, int):
        return document.fault(key, value, "a pair [share, seconds]")
    if kind == "missing":
        return document.fault(key, MISSING, _meaning(model, key))
    if kind == "extra_forbidden":
        known = sorted(_fields_at(model, key[:-1], document.values))
        others = [] if nearest(known, str(key[-1])) else _elsewhere(model, str(key[-1]))
        there = f"{' or '.join(others)}, or " if others else ""
        return document.fault(key, UNKNOWN_KEY, there + one_of(known, key[-1]))
    if kind == "union_tag_not_found":
        return document.fault((*key, "law"), MISSING, one_of(_tags(context)))
    if kind == "union_tag_invalid":
        return document.fault((*key, "law"), context["tag"], one_of(_tags(context), context["tag"]))
    return document.fault(key, value, _expected(kind, context, detail["msg"], value))


_LAWS = (
    "exponential, deterministic, uniform, triangular, lognormal, weibull, gamma, erlang, hyperexponential, phase_type, "
    "empirical"
)
"""The one union with a tag in our files: of a missing tag pydantic does not say which there are."""


def _tags(context: dict[str, Any]) -> list[str]:
    return [tag.strip(" '") for tag in str(context.get("expected_tags", _LAWS)).split(",")]


def _expected(kind: str, context: dict[str, Any], message: str, value: object) -> str:
    match kind:
        case "literal_error" | "enum":
            words = [word.strip(" '") for word in str(context["expected"]).replace(" or ", ",").split(",")]
            return one_of(words, value)
        case "greater_than_equal":
            return f"at least {_number(context['ge'])}"
        case "greater_than":
            return f"more than {_number(context['gt'])}"
        case "less_than_equal":
            return f"at most {_number(context['le'])}"
        case "less_than":
            return f"less than {_number(context['lt'])}"
        case "int_type" | "int_from_float" | "int_parsing":
            return "a whole number"
        case "float_type" | "float_parsing":
            return "a number"
        case "finite_number":
            return "a finite number"
        case "string_type":
            return "text (in quotes where it looks like a number or a date)"
        case "bool_type" | "bool_parsing":
            return "true or false"
        case "dict_type" | "model_type":
            return "a mapping of keys"
        case "model_attributes_type":
            return "a law, such as {law: exponential, mean_s: 300}"
        case "list_type":
            return "a list"
        case "tuple_type":
            return "a pair [share, seconds]"
        case "string_pattern_mismatch":
            return _PATTERNS.get(context["pattern"], f"text that matches {context['pattern']}")
        case "too_short" | "string_too_short":
            least = context["min_length"]
            said = "some text" if least == 1 else f"at least {least} characters"
            return said if kind.startswith("string") else f"{least} or more of them"
        case "too_long" | "string_too_long":
            return f"at most {context['max_length']} {'characters' if kind.startswith('string') else 'of them'}"
        case "value_error":
            return str(context["error"])
    return message


_PATTERNS = {
    "^[a-z][a-z0-9_]{0,39}$": "a name: lower-case letters, digits and _, a letter first, at most 40",
    "^/": "a path that begins with /",
}


def _number(value: Any) -> str:
    """Write a bound in full: 4294967296, not 4.29497e+09."""
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def _locate(values: Any, detail: ErrorDetails) -> tuple[Key, Any]:
    """Follow pydantic's location through the plain values, leaving out the tags of unions it adds.

    A fault of a mapping's key is a fault of the key: that is what was found.
    """
    location = detail["loc"]
    key: Key = ()
    here = values
    for position, part in enumerate(location):
        last = position == len(location) - 1
        inside = (isinstance(here, dict) and part in here) or (
            isinstance(here, list | tuple) and isinstance(part, int) and part < len(here)
        )
        if inside:
            key, here = (*key, part), here[part]
        elif last and isinstance(here, dict) and detail["type"] == "missing":
            key, here = (*key, part), MISSING
    return key, key[-1] if location and location[-1] == "[key]" else here


def _fields_at(model: type[BaseModel], key: Key, values: Any) -> set[str]:
    """Return the field names of the model(s) that stand at `key`."""
    kinds: list[Any] = [model]
    for part in key:
        below: list[Any] = []
        for kind in kinds:
            below += _step(kind, part)
        kinds = below
        values = values[part]
    models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    if len(models) > 1 and isinstance(values, dict) and "law" in values:
        models = [kind for kind in models if values["law"] in typing.get_args(kind.model_fields["law"].annotation)]
    return {field.alias or name for kind in models for name, field in kind.model_fields.items()}


def _elsewhere(model: type[BaseModel], name: str) -> list[str]:
    """Return where in the sections of a file a key of this name may stand: somebody looked in the wrong one."""
    found = []
    for section in model.model_fields:
        for kind in _step(model, section):
            inside = [kind] if isinstance(kind, type) else _step(kind, 0)
            if len(inside) != 1:  # one of several, such as laws: their keys say nothing without the others
                continue
            names = {field.alias or key for key, field in getattr(inside[0], "model_fields", {}).items()}
            if name in names:
                which = "" if inside == [kind] else "[…]" if typing.get_origin(kind) is list else ".NAME"
                found.append(f"{section}{which}.{name}")
    return sorted(set(found))


def _step(kind: Any, part: str | int) -> list[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if issubclass(kind, RootModel):
            return [found for root in _unfold(kind.model_fields["root"].annotation) for found in _step(root, part)]
        found = [f for name, f in kind.model_fields.items() if (f.alias or name) == part]
        return _unfold(found[0].annotation) if found else []
    arguments = typing.get_args(kind)
    return _unfold(arguments[-1]) if arguments else []


def _unfold(kind: Any) -> list[Any]:
    """Return the alternatives of an annotation, without Annotated, unions and None."""
    if typing.get_origin(kind) is Annotated:
        return _unfold(typing.get_args(kind)[0])
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return [found for one in typing.get_args(kind) if one is not type(None) for found in _unfold(one)]
    return [kind]


def _keys_of(model: type[BaseModel]) -> str:
    return ", ".join([field.alias or name for name, field in model.model_fields.items()][:4]) + " …"


def _meaning(model: type[BaseModel], key: Key) -> str:
    kinds: list[Any] = [model]
    for part in key[:-1]:
        kinds = [found for kind in kinds for found in _step(kind, part)]
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for name, field in kind.model_fields.items():
                if (field.alias or name) == key[-1] and field.description:
                    return f"a value ({field.description})"
    return "a value"


def write_model(path: Path, model: BaseModel) -> None:
    """Write a model as a YAML file that `read_model` reads again."""
    writer = YAML()
    writer.default_flow_style = False
    with path.open("w", encoding="utf-8") as out:
        writer.dump(model.model_dump(mode="json", exclude_none=True, by_alias=True), out)
