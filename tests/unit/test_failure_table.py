"""The failure table is complete."""

from __future__ import annotations

from envkit.checks.check import CHECKS
from tests import failures

ENGINE_ROWS = {
    *range(5, 23),
    *range(45, 55),
}  # errors of an engine or NVIDIA's toolkit are not checks: `up` fails with them
NUMBERS = [row.number for row in failures.ROWS]


def test_every_row_is_covered_by_a_test() -> None:
    assert NUMBERS[4:] == [str(number) for number in range(1, len(NUMBERS) - 3)]
    assert set(NUMBERS) == {entry.number for entry in failures.collect_evidence()}


def test_every_row_but_engine_errors_has_a_check() -> None:
    for entry in failures.collect_evidence():
        assert entry.checks <= CHECKS.keys(), entry
        assert entry.checks or int(entry.number) in ENGINE_ROWS, entry


def test_recorded_and_reproduced_faults_have_the_same_check() -> None:
    reproduced = [entry for entry in failures.collect_evidence() if entry.method == failures.REPRODUCED]
    for recorded in failures.collect_evidence():
        if recorded.method == failures.RECORDED:
            checks = [entry.checks for entry in reproduced if entry.number == recorded.number]
            assert recorded.checks & frozenset().union(*checks), recorded
