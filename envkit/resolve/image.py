"""Plan the image of a config, and reject packages that conflict with TensorFlow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkit import catalog, naming
from envkit.config import requirement_lines
from envkit.model.image import Base, ImagePlan, Layout
from envkit.model.release import Suite
from envkit.pem import certificates
from envkit.problem import Problem
from envkit.resolve import base_layout, package_conflicts
from envkit.resolve.path_policy import is_inside

if TYPE_CHECKING:
    from envkit.config import Config
    from envkit.model.engine_state import ActualState, ForeignBase, ImageInfo
    from envkit.model.facts import Facts
    from envkit.model.release import Release
    from envkit.model.state import State

ERRORS_SHOWN = 20  # of a requirements file


def plan_image(
    config: Config,
    project: str,
    facts: Facts,
    actual: ActualState,
    state: State | None,
    problems: list[Problem],
    *,
    gpu: bool = False,
) -> ImagePlan:
    """Plan the image; errors in the config are added to `problems`."""
    release = catalog.release(config.tensorflow)
    plan = ImagePlan(
        base=_debian_base(release.suite, actual.base, state),
        suite=catalog.suite(release.suite),
        release=release,
        gpu=gpu,
        apt=tuple(sorted(set(config.apt))),
        python=_python_requirements(config, project, facts, release, problems),
        ca=_ca_bundle(config, facts, problems),
        index=config.build.index or "",
        mirror=config.build.mirror or "",
        private_index=config.build.netrc is not None,
    )
    return _apply_foreign_base(plan, actual.foreign_base, config, problems) if actual.foreign_base else plan


def _apply_foreign_base(
    plan: ImagePlan, foreign_base: ForeignBase, config: Config, problems: list[Problem]
) -> ImagePlan:
    """Plan the workspace on a foreign base image."""
    system = base_layout.detect_system(foreign_base.contents)
    layout: Layout | base_layout.UnsuitableImage | Suite = system
    if isinstance(system, Suite):
        layout = base_layout.choose_layout(
            foreign_base.contents, system, plan.release, python_mirror=foreign_base.python_mirror
        )
    if isinstance(layout, base_layout.UnsuitableImage):
        message = f"{foreign_base.ref}: {layout.reason}; {layout.hint}"
        problems.append(config.problem("base", message, code="base-unsuitable"))
    if not isinstance(layout, Layout) or not isinstance(system, Suite):
        return plan
    base = Base(foreign_base.kind, foreign_base.ref, foreign_base.id, "engine")
    if plan.gpu and not layout.has_release:
        message = (
            f"{foreign_base.ref} contains no TensorFlow {plan.release.version} for GPUs; use base: debian, or gpu: off"
        )
        problems.append(config.problem("base", message, code="base-image-without-gpu"))
    return replace(plan, base=base, suite=system, layout=layout)


def _debian_base(suite: str, base_image: ImageInfo | None, state: State | None) -> Base:
    """Return the inspected base, or else that of the last build, so that an unchanged plan needs no inspection."""
    if base_image is not None:
        return Base("debian", base_image.ref, base_image.id, base_image.labels.get(naming.ORIGIN, "engine"))
    if state is not None and state.base_id and state.base_ref in naming.base_refs(suite):
        return Base("debian", state.base_ref, state.base_id, state.base_origin)
    return Base("debian", naming.base_ref(suite), "", "")


def _python_requirements(
    config: Config, project: str, facts: Facts, release: Release, problems: list[Problem]
) -> tuple[str, ...]:
    declared = config.python
    requirements = (
        declared
        if isinstance(declared, tuple)
        else _read_requirements(declared.requirements, config, project, facts, problems)
    )
    for index, requirement in enumerate(requirements):
        if not (reason := package_conflicts.conflict_reason(requirement, release)):
            continue
        if isinstance(declared, tuple):
            problems.append(config.problem(f"python[{index}]", reason, code="package-conflict"))
        else:
            message = f"{declared.requirements}: {reason}"
            problems.append(config.problem("python.requirements", message, code="package-conflict"))
    return tuple(requirement for requirement in requirements if not package_conflicts.means_release(requirement))


def _read_requirements(
    path: str, config: Config, project: str, facts: Facts, problems: list[Problem]
) -> tuple[str, ...]:
    real_path, text = facts.real_paths.get(path), facts.texts.get(path)
    if encoding := facts.encodings.get(path):
        message = f"{path} is encoded in {encoding}; convert it to UTF-8: iconv -f {encoding} -t UTF-8 OLD > NEW"
        problems.append(config.problem("python.requirements", message, code="requirements-unreadable"))
        return ()
    if real_path is None or text is None:
        message = f"{path} does not exist or is not readable text; create it, or list the packages under python:"
        problems.append(config.problem("python.requirements", message, code="requirements-unreadable"))
        return ()
    if not is_inside(real_path, project):
        message = f"{path} is outside the project folder; keep the requirements in the project"
        problems.append(config.problem("python.requirements", message, code="requirements-outside-project"))
        return ()
    lines, errors = requirement_lines(text)
    problems += [
        Problem(path, number, "", message, "requirements-invalid") for number, message in errors[:ERRORS_SHOWN]
    ]
    if len(errors) > ERRORS_SHOWN:
        message = f"{len(errors) - ERRORS_SHOWN} more lines are not valid; fix these first"
        problems.append(Problem(path, errors[ERRORS_SHOWN][0], "", message, "requirements-invalid"))
    return lines


def _ca_bundle(config: Config, facts: Facts, problems: list[Problem]) -> str:
    ca_path = config.build.ca
    if ca_path in {"auto", "off"}:
        return facts.ca
    text = facts.texts.get(ca_path)
    if text is None or not certificates(text):
        message = f"{ca_path} does not exist or contains no PEM certificate"
        problems.append(config.problem("build.ca", message, code="ca-file-invalid"))
        return ""
    return text
