"""The verb for churn models: fit-churn."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.exits import Exit, UsageError
from commands.terminal import print_json, say

if TYPE_CHECKING:
    from results.churn_check import ChurnCheck
    from scenarios.churn import ChurnModel, Form
    from simulator.churn_table import Asked, CustomerTable

UNIT_DAYS = {"day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}


def fit_churn(asked: argparse.Namespace) -> int:
    """Fit a churn model to a table of customers, test it on customers it has not seen, and write it as a file."""
    from scenarios.churn import DAYS_MOST

    if asked.table is None:
        if asked.model is None:
            raise UsageError("name a table of customers and --left COLUMN; or --model alone, to have a model described")
        return _described(asked, _model_named(asked.model))
    if asked.left is None:
        raise UsageError("say which column tells who left: --left COLUMN (1 or 0, yes or no), or --left COLUMN=WORD")
    if asked.over is not None and not 0 < asked.over <= DAYS_MOST:
        raise UsageError(f"--over {asked.over:g}: a number of days, more than 0 and at most {DAYS_MOST:,}")
    if asked.model is not None:
        return _held_against(asked, _model_named(asked.model))
    return _fitted(asked)


def _fitted(asked: argparse.Namespace) -> int:
    from results.churn_page import write_churn_page
    from results.runs import new_folder
    from scenarios.churn import write_churn
    from simulator.churn_checks import check_fitted
    from simulator.churn_table import read_customers
    from simulator.fit_churn import fit_churn as fit

    form: Form = asked.form or ("hazard" if asked.after else "logistic")
    table = read_customers(asked.table, _asked(asked))
    name = _name(asked.table)
    curved = asked.curved[0] if asked.curved in (["auto"], ["none"]) else asked.curved or "auto"
    fitted = fit(table, form, name, curved, asked.over)
    check = check_fitted(fitted)
    folder = _new(new_folder(name, "fit-churn", asked.out))
    write_churn(folder / "churn.yaml", fitted.model)
    write_churn_page(fitted.model, check, folder / "churn.html")
    _write_predictions(folder / "predictions.csv", table, fitted.predicted)
    _tell(asked, fitted.model, check, folder)
    return Exit.AGREES


def _held_against(asked: argparse.Namespace, model: ChurnModel) -> int:
    """Test a model on a table it was not fitted to."""
    from results.churn import ChurnTableError, leaving
    from results.churn_page import write_churn_page
    from results.runs import new_folder
    from simulator.churn_checks import check_elsewhere
    from simulator.churn_table import read_customers
    from simulator.fit_churn import cells_of

    if model.form == "hazard" and not asked.after:
        raise UsageError(f"{model.churn} is a hazard: say after how long customers left: --after COLUMN")
    columns = tuple(dict.fromkeys(str(one.column) for one in model.columns))
    table = read_customers(asked.table, _asked(asked, columns))
    try:
        check = check_elsewhere(model, table)
    except ChurnTableError as error:
        raise UsageError(f"{asked.table}: {error}") from None
    folder = _new(new_folder(_name(asked.table), "fit-churn", asked.out))
    write_churn_page(model, check, folder / "churn.html")
    _write_predictions(folder / "predictions.csv", table, leaving(model, cells_of(table)))
    _tell(asked, model, check, folder)
    return {"calibrated": Exit.AGREES, "not calibrated": Exit.DIFFERS, "cannot tell": Exit.CANNOT_TELL}[check.verdict]


def _described(asked: argparse.Namespace, model: ChurnModel) -> int:
    from results.churn import describe
    from scenarios.churn import withheld_money

    if asked.json:
        print_json({"model": model.model_dump(mode="json", exclude_none=True), "withheld": withheld_money(model)})
        return Exit.AGREES
    print("\n".join(describe(model)))
    if why := withheld_money(model):
        say(why)
    return Exit.AGREES


def _asked(asked: argparse.Namespace, columns: tuple[str, ...] | None = None) -> Asked:
    from simulator.churn_table import Asked, asked_terms

    wanted = columns
    if columns is None and asked.columns:
        wanted = () if asked.columns == ["none"] else tuple(asked.columns)
    return Asked(asked.left, asked.after, UNIT_DAYS[asked.unit], asked_terms(asked.terms), wanted)


def _model_named(name: str) -> ChurnModel:
    from scenarios.churn import read_churn
    from scenarios.reading import churn_file

    return read_churn(churn_file(name) or Path(name))


def _name(path: Path) -> str:
    """Return a model's name, from its table's."""
    plain = re.sub(r"[^a-z0-9]+", "_", path.name.split(".")[0].lower()).strip("_")[:30]
    return plain if plain[:1].isalpha() else f"churn_{plain}".rstrip("_")


def _new(folder: Path) -> Path:
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder}: holds something already; name another place with -o")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write_predictions(path: Path, table: CustomerTable, shares: Any) -> None:
    import pandas as pd

    told = pd.DataFrame({"line": table.lines, "left": table.left.astype(int), "predicted": shares})
    told.to_csv(path, index=False, float_format="%.6g")


def _tell(asked: argparse.Namespace, model: ChurnModel, check: ChurnCheck, folder: Path) -> None:
    from results.churn_words import check_text
    from scenarios.churn import withheld_money

    if asked.json:
        told = model.model_dump(mode="json", exclude_none=True)
        print_json({"run": str(folder), "check": check.as_json(), "model": told, "withheld": withheld_money(model)})
        return
    for line in check_text(model, check):
        print(line)
    for note in model.fitted.notes if model.fitted else ():
        say(f"note: {note}")
    print(
        f"\n{folder / 'churn.html'}"
        + ("" if asked.model else f"; in a scenario: churn: {{model: {folder}/churn.yaml}}")
    )
