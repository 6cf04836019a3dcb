"""Table of `status`: fitted to a terminal, complete in a pipe."""

from __future__ import annotations

import os

import pytest

from envkit.cli.output.status_table import format_table
from envkit.commands.status import Environments, Row

OWN = os.getuid()
WORKING = "TensorFlow 2.9.0 computes on the CPU"
FAILING = "not proven: gpu/driver-missing"
ENVIRONMENTS = Environments(
    (
        Row("vision", OWN, "running", "http://127.0.0.1:8888/lab", 2_080_000_000, "/home/ada/projects/vision", WORKING),
        Row("speech-to-text", OWN, "down", project="/home/ada/projects/speech", verdict=FAILING),
    )
)
FULL_TABLE = [
    "NAME            STATUS   JUPYTERLAB                 IMAGE    PROJECT                    PROVEN",
    "vision          running  http://127.0.0.1:8888/lab  2.08 GB  /home/ada/projects/vision  " + WORKING,
    "speech-to-text  down     -                          -        /home/ada/projects/speech  " + FAILING,
]


def test_pipe_receives_every_column() -> None:
    assert format_table(ENVIRONMENTS).splitlines() == FULL_TABLE


@pytest.mark.proves("the table of `envkit status` fits the terminal", "real")
def test_terminal_drops_the_least_important_columns_first() -> None:
    for width, lines in (
        (124, FULL_TABLE),
        (
            100,
            [
                "NAME            STATUS   JUPYTERLAB                 PROJECT       PROVEN",
                "vision          running  http://127.0.0.1:8888/lab  …ects/vision  TensorFlow 2.9.0 computes on the …",
                "speech-to-text  down     -                          …ects/speech  not proven: gpu/driver-missing",
            ],
        ),
        (
            80,
            [
                "NAME            STATUS   JUPYTERLAB                 PROVEN",
                "vision          running  http://127.0.0.1:8888/lab  TensorFlow 2.9.0 computes o…",
                "speech-to-text  down     -                          not proven: gpu/driver-miss…",
            ],
        ),
        (
            60,
            [
                "NAME            STATUS   JUPYTERLAB",
                "vision          running  http://127.0.0.1:8888/lab",
                "speech-to-text  down     -",
            ],
        ),
        (20, ["NAME            STATUS", "vision          running", "speech-to-text  down"]),
    ):
        assert format_table(ENVIRONMENTS, width).splitlines() == lines, width


def test_lines_fit_the_width() -> None:
    for width in range(52, 200, 7):
        assert max(map(len, format_table(ENVIRONMENTS, width).splitlines())) <= width


def test_hint_of_a_missing_folder_ends_the_table() -> None:
    row = Row("old", OWN, "down", project="/p", hint="envkit down --name old")
    assert format_table(Environments((row,)), 80).endswith(":\n  envkit down --name old")
