"""The rules of `explain`: each real message gets its layer and fault."""

from __future__ import annotations

from envkit.checks.gpu import codes
from envkit.checks.gpu.engine_errors import GPU_ERRORS
from envkit.checks.log.explanation import Explanation, Fault, explain_lines
from envkit.checks.log.rule import LAYERS
from envkit.checks.log.rules import HARMLESS, RULES
from envkit.checks.log.text_lines import split_lines
from tests.support.log_samples import SAMPLES


def explain(text: str) -> Explanation:
    return explain_lines(split_lines([text.encode()], "utf-8"))


def find_reason(text: str) -> Fault:
    reason = explain(text).reason
    assert reason, text
    return reason


def test_real_messages_get_their_layer_and_fault() -> None:
    for sample in SAMPLES:
        reason = find_reason(sample.text)
        assert (reason.layer, reason.fault) == (sample.layer, sample.fault), sample.text
        assert reason.lines, sample.text


def test_every_rule_has_a_cause_a_hint_and_a_known_layer() -> None:
    for rule in RULES:
        assert rule.cause, rule.fault
        assert rule.hint, rule.fault
        assert rule.layer in LAYERS, rule.fault


def test_every_rule_can_be_searched_for_by_literals() -> None:
    for rule in (*RULES, *HARMLESS):
        assert rule.literals, rule.regex.pattern


def test_harmless_lines_are_never_the_reason() -> None:
    lines = (
        "I cuda_gpu_executor.cc:981] successful NUMA node read from SysFS had negative value (-1), but there",
        "E cuda_dnn.cc:9261] Unable to register cuDNN factory: Attempting to register factory for plugin cuDNN when",
        "W tensorflow/compiler/tf2tensorrt/utils/py_utils.cc:38] TF-TRT Warning: Could not find TensorRT",
        "W dso_loader.cc:64] Could not load dynamic library 'libnvinfer.so.7'; dlerror: libnvinfer.so.7: cannot open",
        "W gpu_host_allocator.h:46] could not allocate pinned host memory of size: 4294",
        "I cpu_feature_guard.cc:182] This TensorFlow binary is optimized to use available CPU instructions: AVX2 FMA",
    )
    explanation = explain("\n".join(lines))
    assert explanation.reason is None
    assert len(explanation.harmless) == 5
    assert find_reason("\n".join((*lines, "OSError: [Errno 28] No space left on device"))).fault == "disk-full"


def test_the_first_layer_wins_and_the_others_are_listed() -> None:
    text = "No module named 'keras'\nTemporary failure in name resolution\nOSError: No space left on device"
    explanation = explain(text)
    assert find_reason(text).fault == "disk-full"
    assert [fault.fault for fault in explanation.others] == ["name-resolution-failed", "image/keras"]


def test_a_named_cause_outweighs_a_notice_of_an_earlier_layer() -> None:
    text = "W dso_loader.cc:64] Could not load dynamic library 'libcudart.so.11.0'; dlerror: x\nNo module named 'keras'"
    explanation = explain(text)
    assert find_reason(text).fault == "image/keras"
    assert explanation.others[0].fault == "gpu/libraries-missing"


def test_a_general_rule_counts_only_without_another() -> None:
    text = "docker: Error response from daemon: failed to create task\nBind for 0.0.0.0:1: port is already allocated"
    assert find_reason(text).fault == "port-taken"
    assert explain(text).others == ()


def test_a_wrapped_message_is_recognized() -> None:
    reason = find_reason('docker: Error: could not select\n    device driver "" with capabilities: [[gpu]].')
    assert reason.fault == "gpu-refused/hook-missing"
    assert reason.lines[0].number == 1


def test_a_line_shows_its_number_and_three_lines_at_most() -> None:
    reason = find_reason("ok\n" + "".join(f"{number}: No space left on device\n" for number in range(9)))
    assert [line.number for line in reason.lines] == [2, 3, 4]


def test_every_code_of_the_driver_that_names_a_cause_is_recognized() -> None:
    for number, code in codes.CUDA.items():
        if code.check or code.hint:
            assert find_reason(f"failed call to cuInit: {code.name}: {code.text}").hint, code.name
            assert find_reason(f"cuInit answers {number} {code.name}").hint, code.name


def test_every_refusal_of_the_engine_keeps_its_cause() -> None:
    for name, pattern in GPU_ERRORS.items():
        if name != "unknown":
            assert any(rule.regex is pattern.regex and rule.cause == pattern.cause for rule in RULES), name
