"""Collect what an engine reports about an environment, for comparison with what envkit made of it.

No program of the container runs for it: the engine itself reads its records and the files.
"""

from __future__ import annotations

import tarfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import docker.errors

from envkit.backends.docker import create_options
from envkit.backends.docker.sdk_errors import translate_errors
from envkit.errors import EngineError
from envkit.model.backend import FileEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from envkit.backends.docker.client import Engine
    from envkit.model.run import RunPlan

ARCHIVE_BYTES_MAX = 64 << 20
FILE_BYTES_MAX = 1 << 20


def container_request(engine: Engine, run: RunPlan, ref: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return the request that creates the container of a plan."""
    options = create_options.container(engine.api, run, ref, labels)
    for name in ("name", "use_config_proxy"):  # parameters of the call, not of the container
        del options[name]
    request: dict[str, Any] = engine.api.create_container_config(**options)
    return request


def planned_inspection(
    engine: Engine, request: Mapping[str, Any], image: str, name: str, labels: Mapping[str, str]
) -> dict[str, Any]:
    """Create a container from a request without starting it, and return the engine's inspection of it.

    So every default of this engine is the same in both inspections that the audit compares.

    Args:
        engine: Engine to use.
        request: Request that creates the container.
        image: Id of its image.
        name: Name of the temporary container.
        labels: Labels of the temporary container, instead of those of the request.
    """
    api: Any = engine.api
    with translate_errors("creating a container for comparison"):
        config = {**request, "Image": image, "Labels": dict(labels)}
        container_id = api.create_container_from_config(config, name)["Id"]
        try:
            return dict(api.inspect_container(container_id))
        finally:
            with suppress(docker.errors.NotFound):
                api.remove_container(container_id, force=True)


def describe_surroundings(engine: Engine, container: str, network: str, images: Iterable[str]) -> dict[str, Any]:
    """Return the network, the changed files and the images of a container.

    Args:
        engine: Engine to use.
        container: Name of the container.
        network: Name of its network, or empty.
        images: Ids of images to describe; a missing one is left out.
    """
    api: Any = engine.api
    with translate_errors(f"inspecting the surroundings of {container}"):
        return {
            "network": _call_or_none(lambda: api.inspect_network(network)) if network else None,
            "changes": [(str(change["Path"]), int(change["Kind"])) for change in api.diff(container) or ()],
            "images": {image: found for image in images if image and (found := _describe_image(api, image))},
        }


def read_files(engine: Engine, container: str, path: str) -> tuple[FileEntry, ...]:
    """Return the regular files and folders below a path of a container, as its processes see them.

    Args:
        engine: Engine to use.
        container: Name of the container.
        path: Absolute path; a missing one has no files.

    Raises:
        EngineError: The files cannot be read, or are too large.
    """
    with translate_errors(f"reading {path} of {container}"):
        try:
            chunks, _ = engine.api.get_archive(container, path)
        except docker.errors.NotFound:
            return ()
        parent = path.rsplit("/", 1)[0]
        try:
            return tuple(_unpack(_Stream(chunks), parent))
        except tarfile.TarError as error:  # it is larger than the limit, or changed while the engine read it
            raise EngineError(
                f"{path} of {container} cannot be read completely: {error}", code="engine-request-failed"
            ) from error


def _describe_image(api: Any, image: str) -> dict[str, Any] | None:
    inspection = _call_or_none(lambda: api.inspect_image(image))
    if inspection is None:
        return None
    history = _call_or_none(lambda: api.history(image)) or []
    return {
        "config": inspection.get("Config") or {},
        "layers": (inspection.get("RootFS") or {}).get("Layers") or [],
        "history": [str(step.get("CreatedBy") or "") for step in reversed(history)],
    }


def _call_or_none(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except docker.errors.NotFound:
        return None


def _unpack(stream: _Stream, parent: str) -> Iterable[FileEntry]:
    with tarfile.open(fileobj=stream, mode="r|") as tar:  # type: ignore[call-overload]
        for member in tar:
            path = f"{parent}/{member.name}".rstrip("/")
            if member.isdir():
                yield FileEntry(path, None, member.mode, member.uid, member.gid)
            elif member.isreg():
                file = tar.extractfile(member)
                content = file.read(FILE_BYTES_MAX) if file else b""
                yield FileEntry(path, content, member.mode, member.uid, member.gid)


class _Stream:
    """File object over the chunks of an answer, which ends after a limit."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks, self.buffer, self.size = iter(chunks), b"", 0

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes."""
        while len(self.buffer) < size and self.size < ARCHIVE_BYTES_MAX:
            chunk = next(self.chunks, b"")
            if not chunk:
                break
            self.buffer += chunk
            self.size += len(chunk)
        result, self.buffer = self.buffer[:size], self.buffer[size:]
        return result
