"""The table of `status` fits the terminal, and says all in a pipe."""

from __future__ import annotations

import os

import pytest

from envkit.cli.output.status_table import format_table
from envkit.commands.status import Environments, Row

OWN = os.getuid()
COMPUTES = "TensorFlow 2.9.0 computes on the CPU"
LACKS = "not proven: gpu/driver-missing"
ROWS = Environments(
    (
        Row(
            "vision", OWN, "running", "http://127.0.0.1:8888/lab", 2_080_000_000, "/home/ada/projects/vision", COMPUTES
        ),
        Row("speech-to-text", OWN, "down", project="/home/ada/projects/speech", verdict=LACKS),
    )
)
WHOLE = [
    "NAME            STATUS   JUPYTERLAB                 IMAGE    PROJECT                    PROVEN",
    "vision          running  http://127.0.0.1:8888/lab  2.08 GB  /home/ada/projects/vision  " + COMPUTES,
    "speech-to-text  down     -                          -        /home/ada/projects/speech  " + LACKS,
]


def test_a_pipe_gets_all_of_it() -> None:
    assert format_table(ROWS).splitlines() == WHOLE


@pytest.mark.proves("the table of `envkit status` fits the terminal", "real")
@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (124, WHOLE),
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
    ],
)
def test_on_a_terminal_what_matters_least_goes_first(width: int, shown: list[str]) -> None:
    assert format_table(ROWS, width).splitlines() == shown


@pytest.mark.parametrize("width", range(52, 200, 7))
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, format_table(ROWS, width).splitlines())) <= width


def test_whose_folder_is_gone_is_told_with_the_command_that_removes_it() -> None:
    gone = Row("old", OWN, "down", project="/p", hint="envkit down --volumes --name old")
    assert format_table(Environments((gone,)), 80).splitlines()[-2:] == [
        "the folder of old is gone; this removes what is left:",
        "  envkit down --volumes --name old",
    ]
