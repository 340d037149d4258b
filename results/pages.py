"""How a page is made from its template: the same for all, and every text escaped unless it was drawn here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup


def environment() -> Environment:
    """Return what templates are read with: the folder they lie in, and how texts are written."""
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["breakable"] = lambda text: Markup("_<wbr>").join(str(text).split("_"))
    found.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    return found


def render(template: str, page: Mapping[str, Any]) -> str:
    """Return a page; what its template names and `page` has not is an error."""
    return environment().get_template(template).render(page)


def title_of(*runs: Mapping[str, Any]) -> str:
    """Return what the first run that has a title calls itself, from the facts of runs."""
    found = [str(facts[key]) for facts in runs for key in ("title", "scenario") if facts.get(key)]
    return found[0] if found else str(runs[0]["run_id"])
