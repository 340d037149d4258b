import ast
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from commands.table import VERBS, command_parser

TOP = Path(__file__).resolve().parent.parent
README = (TOP / "README.md").read_text()


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], capture_output=True, text=True, cwd=TOP, check=True)
    return [TOP / name for name in listed.stdout.split()]


def test_each_test_says_what_would_be_lost_without_it() -> None:
    """Without it the suite would grow tests that nobody dares to remove or can explain."""
    silent = [
        f"{path.name}: {node.name}"
        for path in tracked("tests/**test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_no_test_sleeps() -> None:
    """Without it the suite would be slow where the machine is fast, and fail where it is slow."""
    sleeps = re.compile(r"\b(time|asyncio)\.sleep\((?!0\))")
    tests = [path for path in tracked("tests/**.py") if "benchmarks" not in path.parts]  # they measure time
    found = {path.name for path in tests if sleeps.search(path.read_text())}
    assert found - {"test_virtual_loop.py"} == set()  # there it is virtual time that passes


def test_no_file_names_a_place_of_one_machine() -> None:
    """Without it a command in the docs would work on one machine only."""
    machine = re.compile(r"/(?:work|root|home)/[a-z]")
    found = [
        path.name
        for path in tracked("*.py", "*.md", "*.yaml", "*.toml", "Makefile", ".ci/run")
        if machine.search(path.read_text())
    ]
    assert [name for name in found if name != Path(__file__).name] == []


def readme_commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.S)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if "testdrive " in line]


@pytest.mark.parametrize("command", readme_commands())
def test_the_readmes_commands_are_understood(command: str) -> None:
    """Without it the front door could show commands that the command line no longer knows."""
    words = shlex.split(command)
    assert words[0].rsplit("/", 1)[-1] == "testdrive"
    asked = command_parser().parse_args(words[1:])
    for word in words[1:]:
        if word.startswith("scenarios/"):
            assert list(TOP.glob(word)), word
    assert asked.run


def test_the_readme_names_every_verb() -> None:
    """Without it a verb could be there and nobody would find it."""
    for verb in VERBS:
        assert f"`{verb}`" in README, verb
