"""The example that `make up` starts."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any

import pytest

from envkit import config

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def notebook(root: Path) -> dict[str, Any]:
    text = (root / "examples/quickstart/train.ipynb").read_text()
    notebook: dict[str, Any] = json.loads(text)
    return notebook


def test_the_notebook_is_of_a_format_with_cell_ids(notebook: dict[str, Any]) -> None:
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)


def test_the_notebook_is_committed_without_results(notebook: dict[str, Any]) -> None:
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"]] == []


def test_the_notebook_writes_where_tensorboard_reads(root: Path, notebook: dict[str, Any]) -> None:
    source = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    folders = {ast.unparse(call.args[0]) for call in calls if ast.unparse(call.func).endswith(".TensorBoard")}
    example = config.load((root / "examples/quickstart/envkit.yaml").read_text())
    assert folders == {repr(example.tensorboard.logdir)}


def test_the_quickstart_takes_what_can_be_had(root: Path) -> None:
    example = config.load((root / "examples/quickstart/envkit.yaml").read_text())
    assert (example.base, example.gpu) == ("auto", "auto")
