"""Config -> ImagePlan: what is built, and what keeps TensorFlow importable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit import catalog, names
from envkit.certificates import certificates
from envkit.config import requirement_lines
from envkit.model.plan import Base, ImagePlan
from envkit.resolve.mounts import inside

if TYPE_CHECKING:
    from envkit.config import Config
    from envkit.errors import Problem
    from envkit.model.facts import Facts
    from envkit.model.found import FoundImage
    from envkit.model.plan import State


def image(
    config: Config, project: str, facts: Facts, base: FoundImage | None, state: State | None, problems: list[Problem],
    *, gpu: bool = False,
) -> ImagePlan | None:
    """Decide what goes into the image; what is wrong is added to `problems`."""
    if config.base != "debian":
        problems.append(config.problem("base", "this version builds on `debian` alone; write `base: debian`"))
    try:
        release = catalog.release(config.tensorflow)
    except catalog.UnknownRelease as error:
        problems.append(config.problem("tensorflow", str(error)))
        return None
    return ImagePlan(
        base=_base(release.suite, base, state),
        suite=catalog.suite(release.suite),
        release=release,
        gpu=gpu,
        apt=tuple(sorted(set(config.apt))),
        python=_python(config, project, facts, problems),
        ca=_ca(config, facts, problems),
        index=config.build.index or "",
        mirror=config.build.mirror or "",
    )


def _base(suite: str, found: FoundImage | None, state: State | None) -> Base:
    """Take what was looked up; else what the last build stood on, so that an unchanged plan needs no look."""
    if found is not None:
        return Base("debian", found.ref, found.id, found.labels.get(names.ORIGIN, "engine"))
    if state is not None and state.base_id:
        return Base("debian", state.base_ref, state.base_id, state.base_origin)
    return Base("debian", names.base_ref(suite), "", "")


def _python(config: Config, project: str, facts: Facts, problems: list[Problem]) -> tuple[str, ...]:
    if isinstance(config.python, tuple):
        return config.python
    path = config.python.requirements
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
