"""Images: imported, built and removed through the engine's API."""

from __future__ import annotations

import io
import re
import tarfile
from typing import TYPE_CHECKING, Any

import docker.errors

from envkit.engines.connect import patient
from envkit.engines.failure import translated
from envkit.errors import BuildFailed
from envkit.model.report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from envkit.engines.connect import Engine
    from envkit.model.plan import Artifact

    Say = Callable[[Progress], None]

LINES_KEPT = 25
# The engine's builder paints what a step prints on stderr, in pieces that end with the line or do not.
COLOUR = re.compile(r"\x1b\[[0-9;]*m", re.ASCII)
STEP = re.compile(r"Step (\d+)/(\d+) : (.*)", re.ASCII)


def import_tar(engine: Engine, tar: Path, ref: str, labels: Mapping[str, str]) -> None:
    """Make an image of a root file system in a tar file.

    Raises:
        BuildFailed: The engine would not take it.
    """
    repository, tag = ref.rsplit(":", 1)
    changes = [f"LABEL {key}={value}" for key, value in sorted(labels.items())]
    with translated("importing the root file system", BuildFailed), patient(engine):
        answer = engine.api.import_image_from_file(str(tar), repository=repository, tag=tag, changes=changes)
    if '"error"' in str(answer):
        raise BuildFailed(f"importing the root file system failed: {str(answer)[:400]}")


def build(
    engine: Engine, context: tuple[Artifact, ...], ref: str, labels: Mapping[str, str],
    proxies: Mapping[str, str], say: Say,
) -> None:
    """Build an image from a context in memory; the proxy reaches it as the engine's own build arguments.

    Those are the names the engine keeps out of the image's history, so a proxy's credentials stay out of it.

    Raises:
        BuildFailed: A step failed: the last lines it printed say why.
    """
    arguments = {**proxies, **{name.upper(): value for name, value in proxies.items()}}
    last: list[str] = []
    with translated("building the image", BuildFailed), patient(engine):
        events = engine.api.build(
            fileobj=pack(context), custom_context=True, encoding=None, tag=ref, rm=True, forcerm=True, decode=True,
            labels=dict(labels), buildargs=arguments,
        )
        for event in events:
            _tell(event, last, say, secrets=proxies.values())


def remove(engine: Engine, ref: str) -> bool:
    """Remove an image; returns whether it is gone, which a container that uses it prevents."""
    try:
        engine.api.remove_image(ref, force=False)
    except docker.errors.ImageNotFound:
        return True
    except docker.errors.APIError:
        return False
    return True


def pack(context: Iterable[Artifact]) -> io.BytesIO:
    """Pack a build context; equal contexts give equal bytes, so that the engine's cache is hit."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for artifact in sorted(context, key=lambda one: one.path):
            content = artifact.text.encode()
            entry = tarfile.TarInfo(artifact.path)
            entry.size, entry.mode = len(content), artifact.mode
            tar.addfile(entry, io.BytesIO(content))
    packed.seek(0)
    return packed


def _tell(event: Mapping[str, Any], last: list[str], say: Say, *, secrets: Iterable[str]) -> None:
    if "error" in event:
        raise BuildFailed(_failed(str(event["error"]), last), mend=_mend("\n".join([*last, str(event["error"])])))
    for line in str(event.get("stream", "")).splitlines():
        text = COLOUR.sub("", line).rstrip()
        for secret in secrets:
            text = text.replace(secret, "(proxy)")
        if not text:
            continue
        del last[:-LINES_KEPT]
        last.append(text)
        step = STEP.fullmatch(text)
        shown = f"step {step[1]} of {step[2]}: {step[3][:100]}" if step else text[:200]
        say(Progress("build", shown, detail=step is None))


def _failed(error: str, last: list[str]) -> str:
    return "building the image failed: " + error.strip() + "".join(f"\n    {line[:300]}" for line in last[-LINES_KEPT:])


def _mend(text: str) -> str:
    if "no space left on device" in text or "No space left on device" in text:
        return "free disk space where the engine keeps its images (envkit prune), then repeat the command"
    if "Temporary failure" in text or "Could not resolve" in text or "dns error" in text:
        return "the build could not look up a name: check the network, or set build.proxy in envkit.yaml"
    if "certificate" in text.lower() or "UnknownIssuer" in text:
        return "the build does not trust the network's certificate: name your CA file as build.ca in envkit.yaml"
    if "No solution found" in text or "unsatisfiable" in text:
        return "take the package out of python: in envkit.yaml, or ask for a version that TensorFlow can live with"
    if "Unable to locate package" in text or "has no installation candidate" in text:
        return "correct the name under apt: in envkit.yaml"
    return "the last lines above say what failed; --verbose shows all of them"
