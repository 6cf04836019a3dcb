"""Config -> ImagePlan: what is built, and what keeps TensorFlow importable."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envkit import catalog, names
from envkit.certificates import certificates
from envkit.config import requirement_lines
from envkit.model.image import Base, ImagePlan, Layout
from envkit.model.release import Suite
from envkit.resolve import bases, beside
from envkit.resolve.mounts import inside

if TYPE_CHECKING:
    from envkit.config import Config
    from envkit.errors import Problem
    from envkit.model.facts import Facts
    from envkit.model.found import Found, FoundImage, Ground
    from envkit.model.release import Release
    from envkit.model.state import State


def image(
    config: Config, project: str, facts: Facts, found: Found, state: State | None, problems: list[Problem],
    *, gpu: bool = False,
) -> ImagePlan:
    """Decide what goes into the image; what is wrong is added to `problems`."""
    release = catalog.release(config.tensorflow)
    plan = ImagePlan(
        base=_base(release.suite, found.base, state),
        suite=catalog.suite(release.suite),
        release=release,
        gpu=gpu,
        apt=tuple(sorted(set(config.apt))),
        python=_python(config, project, facts, release, problems),
        ca=_ca(config, facts, problems),
        index=config.build.index or "",
        mirror=config.build.mirror or "",
        private_index=config.build.netrc is not None,
    )
    return _over(plan, found.ground, config, problems) if found.ground else plan


def _over(plan: ImagePlan, ground: Ground, config: Config, problems: list[Problem]) -> ImagePlan:
    """Lay a workspace over an image that somebody else made."""
    system = bases.system_of(ground.inside)
    chosen: Layout | bases.Unsuitable | Suite = system
    if isinstance(system, Suite):
        chosen = bases.layout(ground.inside, system, plan.release, managed=ground.managed)
    if isinstance(chosen, bases.Unsuitable):
        problems.append(config.problem("base", f"{ground.ref}: {chosen.reason}; {chosen.mend}"))
    if not isinstance(chosen, Layout) or not isinstance(system, Suite):
        return plan
    base = Base(ground.kind, ground.ref, ground.id, "engine")
    if plan.gpu and not chosen.has_release:
        message = f"{ground.ref} brings no TensorFlow {plan.release.version} for GPUs; write base: debian, or gpu: off"
        problems.append(config.problem("base", message))
    return replace(plan, base=base, suite=system, layout=chosen)


def _base(suite: str, found: FoundImage | None, state: State | None) -> Base:
    """Take what was looked up; else what the last build stood on, so that an unchanged plan needs no look."""
    if found is not None:
        return Base("debian", found.ref, found.id, found.labels.get(names.ORIGIN, "engine"))
    if state is not None and state.base_id and state.base_ref in names.base_refs(suite):
        return Base("debian", state.base_ref, state.base_id, state.base_origin)
    return Base("debian", names.base_ref(suite), "", "")


def _python(
    config: Config, project: str, facts: Facts, release: Release, problems: list[Problem]
) -> tuple[str, ...]:
    listed = config.python
    asked = listed if isinstance(listed, tuple) else _in_file(listed.requirements, config, project, facts, problems)
    for number, one in enumerate(asked):
        if not (why := beside.refused(one, release)):
            continue
        if isinstance(listed, tuple):
            problems.append(config.problem(f"python[{number}]", why))
        else:
            problems.append(config.problem("python.requirements", f"{listed.requirements}: {why}"))
    return asked


def _in_file(path: str, config: Config, project: str, facts: Facts, problems: list[Problem]) -> tuple[str, ...]:
    real, text = facts.real_paths.get(path), facts.texts.get(path)
    if real is None or text is None:
        message = f"{path} is not there or cannot be read as text; create it, or list the packages under python:"
        problems.append(config.problem("python.requirements", message))
        return ()
    if not inside(real, project):
        message = f"{path} leads out of the project folder; keep the requirements in the project"
        problems.append(config.problem("python.requirements", message))
        return ()
    lines, wrong = requirement_lines(text)
    problems += [config.problem("python.requirements", f"{path}:{number}: {message}") for number, message in wrong]
    return lines


def _ca(config: Config, facts: Facts, problems: list[Problem]) -> str:
    wanted = config.build.ca
    if wanted in {"auto", "off"}:
        return facts.ca
    text = facts.texts.get(wanted)
    if text is None or not certificates(text):
        problems.append(config.problem("build.ca", f"{wanted} is not there or holds no PEM certificate"))
        return ""
    return text
