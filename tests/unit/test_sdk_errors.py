"""Errors of the engine are recognized in their whole text, and shortened only for display."""

from __future__ import annotations

import docker.errors
import pytest

from envkit.backends.docker.sdk_errors import TEXT_MAX, translate_errors
from envkit.errors import ExitCode, GpuRefused, StartFailed

HOOK = f"error running hook: exec command: [/usr/bin/nvidia-container-cli --pid=9165 {'/overlay2' * 100}]"
REASON = "nvidia-container-cli: requirement error: unsatisfied condition: cuda>=11.2, please update your driver"


def test_the_reason_of_a_long_error_is_recognized_and_shown() -> None:
    with pytest.raises(GpuRefused) as error, translate_errors("starting x", StartFailed):
        raise docker.errors.APIError("500 Server Error", explanation=f"{HOOK}\n{REASON}: unknown")
    assert error.value.exit_code is ExitCode.GPU
    assert "450.80.02" in error.value.hint
    assert "error running hook" in str(error.value)
    assert "cuda>=11.2" in str(error.value)
    assert len(str(error.value)) < 2 * TEXT_MAX
