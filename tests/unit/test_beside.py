"""A requirement that no version meets beside TensorFlow is refused before anything is built, and no other is."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from envkit import catalog
from envkit.model.release import Bound
from envkit.resolve.package_conflicts import conflict_reason
from tests.unit.test_resolve import FACTS, PROJECT, problems

RELEASE = catalog.release("2.9.0")
GRID = [".".join(map(str, parts)) for parts in product(range(4), range(3), range(3))]
CLAUSES = st.builds(
    lambda operator, version: operator + version,
    st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "~="]),
    st.sampled_from([one for one in GRID if one != "0.0.0"]),
) | st.sampled_from(["==1.*", "!=1.*", "==2.1.*", "!=2.0.*", "===1.2.0"])
SPECIFIERS = st.lists(CLAUSES, max_size=3).map(",".join)


@pytest.mark.parametrize(
    ("requirement", "says"),
    [
        ("tensorflow==2.8", "choose the release by tensorflow:"),
        ("TensorFlow>=2.10", "choose the release by tensorflow:"),
        ("tensorflow_cpu<2.9", "choose the release by tensorflow:"),
        (
            "tensorflow-gpu",
            "another build of TensorFlow, for the same place; leave it out here, and choose the release by",
        ),
        ("tensorflow_gpu==2.9.0", "choose the release by tensorflow:"),
        ("TF.nightly>2", "another build of TensorFlow"),
        ("intel-tensorflow[all]", "another build of TensorFlow"),
        ("tensorflow-gpu==2.8; sys_platform == 'linux'", "another build of TensorFlow"),
        ("tensorflow-gpu; python_version < '3.10'", "another build of TensorFlow"),
        ("protobuf>=4", "which needs protobuf>=3.19.6,<3.20 ("),
        ("protobuf==3.20.*", "ask for one of these, or for no version"),
        ("numpy~=2.0", "which needs numpy>=1.20,<1.24 ("),
        ("numpy[extra] > 1.24", "which needs numpy>=1.20,<1.24 ("),
    ],
)
def test_what_cannot_be_is_refused_with_the_hint(requirement: str, says: str) -> None:
    assert says in conflict_reason(requirement, RELEASE)


@pytest.mark.parametrize(
    "requirement",
    [
        "tensorflow",
        "tensorflow==2.9.*",
        "tensorflow-cpu==2.9.0",
        "tensorflow>=2.8",
        "protobuf",
        "protobuf<4",
        "tensorflow-gpu; python_version < '3'",
        "tensorflow-macos; sys_platform == 'darwin'",
        "tensorflow-text",
        "tensorflow-io",
        "protobuf==3.19.6",
        "protobuf>3.19.6",
        "numpy!=1.21.0",
        "numpy<2",
        "pandas>=99",
        "tensorflow-datasets==4.9",
        "numpy>1.22.4,!=1.22.*",
        "protobuf>=4; python_version > '3.99'",
        "tensorflow==2.8; platform_machine == 'ppc64'",
        "numpy>=1.23,!=1.23.0",
    ],
)
def test_what_can_be_is_not(requirement: str) -> None:
    assert conflict_reason(requirement, RELEASE) == ""


@given(SPECIFIERS, SPECIFIERS)
def test_nothing_is_refused_that_a_version_meets(asked: str, bound: str) -> None:
    both = SpecifierSet(",".join(one for one in (asked, bound) if one))
    if any(both.contains(version) for version in GRID):
        assert conflict_reason(f"some{asked}", replace(RELEASE, bounds=(Bound("some", bound, "why"),))) == ""


def test_it_is_told_with_its_line_or_its_file() -> None:
    (told,) = problems("gpu: off\npython:\n  - pandas\n  - protobuf>=4\n")
    assert told.startswith("envkit.yaml:4 python[1]: protobuf>=4 cannot be installed beside TensorFlow 2.9.0, ")
    facts = replace(FACTS, real_paths={"r.txt": f"{PROJECT}/r.txt"}, texts={"r.txt": "pandas\nprotobuf>=4\n"})
    (told,) = problems("gpu: off\npython: {requirements: r.txt}\n", facts)
    assert told.startswith("envkit.yaml:2 python.requirements: r.txt: protobuf>=4 cannot be installed beside ")
