"""Every error of envkit has a code, and the table of codes is complete, correct and free of unused entries."""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from envkit import errors
from envkit.backends.docker import build_log
from envkit.error_codes import ERRORS
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = ROOT / "envkit"
KEBAB_CASE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")  # most codes have two words or more
NO_CODE_NEEDED = {"ConfigError"}  # its code is always config-invalid
# Modules that choose a code before they raise, and their strings of the same form that are not codes.
CHOOSING_MODULES: dict[str, set[str]] = {
    "backends/docker/client.py": {"api-version", "nvidia-container-runtime-hook"},
    "backends/docker/registry.py": set(),
    "backends/docker/sdk_errors.py": set(),
    "cli/error_handler.py": {"ssh-config", "ssh-proxy"},
    "config/config.py": set(),
    "config/error_messages.py": set(),
    "config/yaml_reader.py": set(),
    "errors.py": set(),  # re-raises other errors as ExecError
    "observe/readiness.py": set(),
    "resolve/secrets.py": set(),
    "ssh_tunnel.py": set(),
}


@cache
def trees() -> dict[str, ast.Module]:
    paths = (path for path in PACKAGE.rglob("*.py") if path.name != "error_codes.py")
    return {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths}


@cache
def error_classes() -> dict[str, type[errors.EnvkitError]]:
    """Return EnvkitError and all its subclasses by name."""
    for module, tree in trees().items():
        bases = [base for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for base in node.bases]
        if any(ast.unparse(base) in vars(errors) for base in bases):
            import_module(f"envkit.{module.removesuffix('.py').replace('/', '.')}".removesuffix(".__init__"))
    return {error_class.__name__: error_class for error_class in subclasses(errors.EnvkitError)}


def subclasses(base: type[errors.EnvkitError]) -> Iterator[type[errors.EnvkitError]]:
    yield base
    for error_class in base.__subclasses__():
        yield from subclasses(error_class)


def calls() -> Iterator[tuple[str, str, dict[str | None, ast.expr]]]:
    """Yield the module, the called name and the keywords of each call."""
    for module, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                keywords = {keyword.arg: keyword.value for keyword in node.keywords}
                yield f"{module}:{node.lineno}", ast.unparse(node.func).rpartition(".")[2], keywords


def strings(tree: ast.AST) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_error_is_raised_with_a_code() -> None:
    for place, name, keywords in calls():
        if name in error_classes().keys() - NO_CODE_NEEDED:
            assert "code" in keywords, f"{place}: {name} without code="


def test_every_code_is_in_the_table() -> None:
    for place, name, keywords in calls():
        code = keywords.get("code")
        if isinstance(code, ast.Constant):
            assert code.value in ERRORS, f"{place}: {code.value!r}"
        elif code is not None and name in error_classes():
            assert place.partition(":")[0] in {*CHOOSING_MODULES, "backends/docker/build_log.py"}, (
                f"{place}: {ast.unparse(code)}"
            )
    for module, other_strings in CHOOSING_MODULES.items():
        candidates = {text for text in strings(trees()[module]) if KEBAB_CASE.fullmatch(text)}
        assert candidates - ERRORS.keys() == other_strings, module
    rules = (*build_log.FAILURE_RULES, build_log.COMPONENT_RULE, build_log.SCRIPT_RULE)
    assert {rule.code for rule in rules} <= ERRORS.keys()


def test_every_entry_is_used() -> None:
    used = {text for tree in trees().values() for text in strings(tree)}
    assert ERRORS.keys() - used == set()


def test_the_class_of_an_error_gives_the_exit_code_of_its_entry() -> None:
    for place, name, keywords in calls():
        code, error_class = keywords.get("code"), error_classes().get(name)
        # ExecError replaces other errors and their exit codes.
        if isinstance(code, ast.Constant) and error_class and error_class is not errors.ExecError:
            assert ERRORS[str(code.value)].exit_code is error_class.exit_code, f"{place}: {code.value!r}"


def test_entries_are_well_formed_and_sorted() -> None:
    assert list(ERRORS) == sorted(ERRORS)
    for code, entry in ERRORS.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code), code
        assert re.fullmatch(r"[A-Za-z].*[^.]\.", entry.cause), code
        assert ". " not in entry.cause, code
        assert entry.hint, code
        assert not entry.hint.endswith("."), code
