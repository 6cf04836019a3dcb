"""Requirements that conflict with TensorFlow are refused before the build; all others are accepted."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from envkit import catalog
from envkit.model.release import Bound
from envkit.resolve.package_conflicts import conflict_reason, means_release
from tests.support.plan_samples import PROJECT
from tests.unit.test_resolve import FACTS, plan, problems

RELEASE = catalog.release("2.9.0")
VERSIONS = [".".join(map(str, parts)) for parts in product(range(4), range(3), range(3))]
CLAUSES = st.builds(
    lambda operator, version: operator + version,
    st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "~="]),
    st.sampled_from([version for version in VERSIONS if version != "0.0.0"]),
) | st.sampled_from(["==1.*", "!=1.*", "==2.1.*", "!=2.0.*", "===1.2.0"])
SPECIFIERS = st.lists(CLAUSES, max_size=3).map(",".join)
SET_RELEASE = "set the release with tensorflow:"
OTHER_BUILD = "another build of TensorFlow"


def test_a_conflicting_requirement_is_refused_with_a_hint() -> None:
    for requirement, reason in [
        ("tensorflow==2.8", SET_RELEASE),
        ("TensorFlow>=2.10", SET_RELEASE),
        ("tensorflow_cpu<2.9", SET_RELEASE),
        ("tensorflow_gpu==2.10", SET_RELEASE),
        ("tensorflow[and-cuda]>=2.14", SET_RELEASE),
        ("tensorflow-cpu==2.8; python_version >= '3'", SET_RELEASE),
        ("TF.nightly>2", OTHER_BUILD),
        ("intel-tensorflow[all]", OTHER_BUILD),
        ("tensorflow-gpu==2.8; sys_platform == 'linux'", SET_RELEASE),
        ("tf-nightly-gpu; python_version < '3.10'", OTHER_BUILD),
        ("protobuf>=4", "which needs protobuf>=3.19.6,<3.21 ("),
        ("protobuf==3.18.*", "use a version in that range, or none"),
        ("numpy~=2.0", "which needs numpy>=1.20,<1.24 ("),
        ("numpy[extra] > 1.24", "which needs numpy>=1.20,<1.24 ("),
    ]:
        assert reason in conflict_reason(requirement, RELEASE), requirement


def test_a_compatible_requirement_is_accepted() -> None:
    for requirement in (
        "tensorflow",
        "tensorflow==2.9.*",
        "tensorflow-cpu==2.9.0",
        "tensorflow>=2.8",
        "protobuf",
        "protobuf<4",
        "tensorflow-gpu==2.9.0",
        "tensorflow[and-cuda]==2.9.0",
        "protobuf==3.20.1",
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
    ):
        assert conflict_reason(requirement, RELEASE) == "", requirement


@given(SPECIFIERS, SPECIFIERS)
def test_a_satisfiable_requirement_is_never_refused(specifier: str, bound: str) -> None:
    combined = SpecifierSet(",".join(filter(None, (specifier, bound))))
    if any(combined.contains(version) for version in VERSIONS):
        release = replace(RELEASE, bounds=(Bound("some", bound, "reason"),))
        assert conflict_reason(f"some{specifier}", release) == ""


def test_names_of_the_release_count_as_installed() -> None:
    names = (
        "tensorflow==2.9.0",
        "tensorflow-gpu",
        "Tensorflow_Intel>=2.9",
        "tensorflow-macos; sys_platform == 'darwin'",
    )
    hashed = "tensorflow==2.9.0 --hash=sha256:" + "0" * 64
    for requirement in (*names, hashed, "tensorflow[and-cuda]"):
        assert means_release(requirement), requirement
        assert conflict_reason(requirement, RELEASE) == "", requirement
    listed = ", ".join(f'"{name}"' for name in (*names, hashed, "tensorflow-text"))
    assert plan(f"gpu: off\npython: [{listed}]\n").image.python == ("tensorflow-text",)


def test_a_conflict_is_reported_with_its_line_or_file() -> None:
    (problem,) = problems("gpu: off\npython:\n  - pandas\n  - protobuf>=4\n")
    assert (problem.line, problem.key, problem.code) == (4, "python[1]", "package-conflict")
    facts = replace(FACTS, real_paths={"r.txt": f"{PROJECT}/r.txt"}, texts={"r.txt": "pandas\nprotobuf>=4\n"})
    (problem,) = problems("gpu: off\npython: {requirements: r.txt}\n", facts)
    assert (problem.line, problem.key, problem.code) == (2, "python.requirements", "package-conflict")
    assert problem.message.startswith("r.txt: protobuf>=4 ")
