"""From a checked file to a typed model: every fault at once, each with its line.

Holds what all our file kinds share: the strict base model, and the turning of pydantic's errors into `Fault`s that say
what would be right. Checks that need two places of a file (does this team exist?) are handed in as a function over the
plain values, so that they run even where other places are wrong.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, RootModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML

from scenarios.faults import Fault, FaultsFoundError, one_of
from scenarios.yaml_reader import MISSING, Document, Key, read_file

Model = TypeVar("Model", bound=BaseModel)
References = Callable[[Document], Iterable[Fault]]


class Strict(BaseModel):
    """Base of all our file models: unknown keys are faults, nothing is converted silently, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def read_model(path: Path, model: type[Model], references: References | None = None) -> Model:
    """Read a YAML file into `model`.

    Raises:
        FaultsFoundError: with every fault of the file, the model's and those `references` finds.
    """
    return check_model(read_file(path), model, references)


def check_model(document: Document, model: type[Model], references: References | None = None) -> Model:
    """Turn a read document into `model`; see `read_model`."""
    if not isinstance(document.values, dict):
        raise FaultsFoundError([document.fault((), document.values, f"a mapping of keys ({model.__name__})")])
    faults: list[Fault] = []
    checked: Model | None = None
    try:
        checked = model.model_validate(document.values)
    except ValidationError as error:
        faults += [_fault(document, model, detail) for detail in error.errors(include_url=False)]
    if references is not None:
        told = {(fault.line, fault.key) for fault in faults}
        faults += [fault for fault in references(document) if (fault.line, fault.key) not in told]
    if faults or checked is None:
        raise FaultsFoundError(faults)
    return checked


def _fault(document: Document, model: type[BaseModel], detail: ErrorDetails) -> Fault:
    key, value = _locate(document.values, detail["loc"])
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return document.fault(key, MISSING, f"a value ({_meaning(model, key)})")
    if kind == "extra_forbidden":
        known = sorted(_fields_at(model, key[:-1], document.values))
        return document.fault(key, value, f"no such key; {one_of(known, key[-1])}")
    if kind == "union_tag_not_found":
        return document.fault((*key, "law"), MISSING, one_of(_tags(context)))
    if kind == "union_tag_invalid":
        return document.fault((*key, "law"), context["tag"], one_of(_tags(context), context["tag"]))
    return document.fault(key, value, _expected(kind, context, detail["msg"], value))


def _tags(context: dict[str, Any]) -> list[str]:
    listed = context.get("expected_tags", "'exponential', 'deterministic', 'uniform', 'lognormal', 'empirical'")
    return [tag.strip(" '") for tag in str(listed).split(",")]


def _expected(kind: str, context: dict[str, Any], message: str, value: object) -> str:
    match kind:
        case "literal_error" | "enum":
            words = [word.strip(" '") for word in str(context["expected"]).replace(" or ", ",").split(",")]
            return one_of(words, value)
        case "greater_than_equal":
            return f"at least {context['ge']:g}"
        case "greater_than":
            return f"more than {context['gt']:g}"
        case "less_than_equal":
            return f"at most {context['le']:g}"
        case "int_type" | "int_from_float" | "int_parsing":
            return "a whole number"
        case "float_type" | "float_parsing" | "finite_number":
            return "a number"
        case "string_type":
            return "text (in quotes where it looks like a number or a date)"
        case "bool_type" | "bool_parsing":
            return "true or false"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "a mapping of keys"
        case "list_type" | "tuple_type":
            return "a list"
        case "string_pattern_mismatch":
            return f"text like {context['pattern']}"
        case "too_short" | "too_long":
            return message.replace("after validation, ", "")
        case "value_error":
            return str(context["error"])
    return message


def _locate(values: Any, location: tuple[int | str, ...]) -> tuple[Key, Any]:
    """Follow pydantic's location through the plain values, leaving out the tags of unions it adds."""
    key: Key = ()
    here = values
    for position, part in enumerate(location):
        last = position == len(location) - 1
        inside = (isinstance(here, dict) and part in here) or (
            isinstance(here, list | tuple) and isinstance(part, int) and part < len(here)
        )
        if inside:
            key, here = (*key, part), here[part]
        elif last and isinstance(here, dict) and part != "[key]":
            key, here = (*key, part), MISSING
    return key, here


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


def _meaning(model: type[BaseModel], key: Key) -> str:
    kinds: list[Any] = [model]
    for part in key[:-1]:
        kinds = [found for kind in kinds for found in _step(kind, part)]
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for name, field in kind.model_fields.items():
                if (field.alias or name) == key[-1] and field.description:
                    return field.description
    return "it must be given"


def write_model(path: Path, model: BaseModel) -> None:
    """Write a model as a YAML file that `read_model` reads again."""
    writer = YAML()
    writer.default_flow_style = False
    with path.open("w", encoding="utf-8") as out:
        writer.dump(model.model_dump(mode="json", exclude_none=True, by_alias=True), out)
