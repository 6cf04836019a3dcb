"""Protocols that every backend implements. Code above `backends` knows only these and the values in `model`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from envkit.model.activity import Activity
    from envkit.model.artifact import Artifact
    from envkit.model.backend import (
        BuilderRequest,
        Capabilities,
        EngineDetails,
        FileEntry,
        ImageDates,
        PortPublisher,
        PullProblem,
        RunResult,
        UnusedResource,
    )
    from envkit.model.engine_state import ActualState, BindInfo, ContainerInfo, ImageInfo
    from envkit.model.facts import Account, EngineFacts
    from envkit.model.report import Progress
    from envkit.model.run import Gpus, RunPlan

    ProgressCallback = Callable[[Progress], None]


class FastBackend(Protocol):
    """Operations that need no client library, because its import takes longer than they do.

    An unexpected answer counts as no answer. The caller then uses `Backend`, which raises the error.
    """

    def running_container(self, name: str) -> ContainerInfo | None:
        """Return a running container; None if it does not run or the backend cannot be asked directly."""

    def is_running(self, name: str, labels: Mapping[str, str], network: str) -> bool:
        """Check whether a container runs with these labels, of which missing ones are empty, in a network."""

    def owns_port(self, name: str, port: int) -> bool:
        """Check whether a container runs and holds a loopback port, so that requests to it reach envkit.

        Port 0 means that JupyterLab listens on a socket only.
        """

    def measure_activity(self, name: str) -> Activity | None:
        """Measure what a container has done so far; None without an answer."""

    def run_raw(self, name: str, argv: Sequence[str]) -> int | None:
        """Connect a program's stdin and stdout to the caller's; return its exit code, or None if it did not start.

        Raises:
            EngineUnavailable: The connection was lost.
            ExecError: The program could not be started, or the connection was closed before it finished.
        """


class Backend(Protocol):
    """A connected backend.

    Every operation may raise `EngineError`, or `EngineUnavailable` if the connection is lost. Removing a resource that
    does not exist does nothing, and inspecting one returns None.
    """

    @property
    def endpoint(self) -> str:
        """Selected address; of a remote engine, its SSH address."""

    @property
    def capabilities(self) -> Capabilities:
        """What this backend can do."""

    # Facts

    def facts(self) -> EngineFacts:
        """Query version, platform and features."""

    def details(self) -> EngineDetails:
        """Query details that only a report shows."""

    def refuse_unsupported(self, facts: EngineFacts, machine: str) -> None:
        """Refuse an engine on which envkit cannot lock down or build a workspace.

        Args:
            facts: Facts of this backend.
            machine: Architecture of this host.

        Raises:
            PreconditionError: The engine is not supported.
        """

    # Inspect

    def container(self, name: str) -> ContainerInfo | None:
        """Inspect one container by name or id."""

    def image(self, ref: str) -> ImageInfo | None:
        """Inspect one image by reference."""

    def actual_state(self, name: str, volumes: Iterable[str]) -> ActualState:
        """Inspect all resources of an environment except its images."""

    def environment_containers(self, owner: int | None) -> list[ContainerInfo]:
        """List the containers of one owner's environments, or of all owners'."""

    def resource_labels(self, owner: int) -> tuple[Mapping[str, str], ...]:
        """Return the labels of all resources of one owner's environments."""

    def other_binds(self, owner: int, project: str, name: str) -> tuple[BindInfo, ...]:
        """Return the host paths that containers of all other environments mount."""

    def image_sizes(self) -> Mapping[str, int]:
        """Return the size in bytes of each image that envkit built, by id."""

    def has_gpus(self, name: str) -> bool:
        """Check whether a container has GPUs."""

    def port_publisher(self, port: int) -> PortPublisher | None:
        """Find the running container that publishes a loopback port."""

    # Steps

    def create_container(self, run: RunPlan, ref: str, labels: Mapping[str, str]) -> None:
        """Create the container of a plan.

        Raises:
            StartFailed: A setting was refused.
        """

    def start_container(self, name: str) -> None:
        """Start a container; if that fails, remove it.

        Raises:
            PortTaken: Another process took its port meanwhile.
            GpuRefused: The requested GPUs are not available.
            StartFailed: The start failed for another reason.
        """

    def unpause_container(self, name: str) -> None:
        """Resume a paused container."""

    def remove_container(self, name: str) -> None:
        """Stop and remove a container."""

    def create_network(self, run: RunPlan, labels: Mapping[str, str]) -> None:
        """Create the network of a plan.

        Raises:
            SubnetTaken: Another network took its subnet meanwhile.
        """

    def remove_network(self, name: str) -> None:
        """Remove a network."""

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Create a named volume."""

    def remove_volume(self, name: str) -> None:
        """Remove a volume with its contents."""

    def prepare_volumes(
        self,
        volumes: Mapping[str, tuple[str, ...]],
        owner: Account,
        ref: str,
        helper: str,
        labels: Mapping[str, str],
    ) -> None:
        """Set the owner of the root folders of volumes, and create folders in them; their contents are kept.

        Args:
            volumes: Volume names, each with the folders to create in it, outermost first.
            owner: Owner of the folders.
            ref: An image that the engine has; no program of it runs.
            helper: Name of a temporary container that may mount the volumes meanwhile.
            labels: Labels of that container.
        """

    def upload(
        self, volume: str, entries: Iterable[FileEntry], ref: str, helper: str, labels: Mapping[str, str]
    ) -> None:
        """Store files and folders in a volume: a folder keeps its contents, and a file replaces what has its name.

        Args:
            volume: Volume name.
            entries: Files and folders in order; the path `.` is the root folder of the volume.
            ref: An image that the engine has; no program of it runs.
            helper: Name of a temporary container that may mount the volume meanwhile.
            labels: Labels of that container.
        """

    # Images

    def check_builder(self, request: BuilderRequest) -> None:
        """Check that a suitable builder is available.

        Raises:
            PreconditionError: None is.
        """

    def build_image(
        self,
        request: BuilderRequest,
        context: tuple[Artifact, ...],
        ref: str,
        labels: Mapping[str, str],
        proxies: Mapping[str, str],
        login: str,
        on_progress: ProgressCallback,
        *,
        no_cache: bool = False,
    ) -> str:
        """Build an image from a build context in memory; return the builder, in words.

        Args:
            request: Requirements on the builder.
            context: Build context.
            ref: Reference of the image.
            labels: Labels of the image.
            proxies: Proxies for the build steps; the image does not store them.
            login: Netrc text for the steps that request it, or empty; the image does not store it.
            on_progress: Callback for progress.
            no_cache: Whether to ignore the build cache.

        Raises:
            BuildFailed: A step failed; the message holds its last lines.
            PreconditionError: No suitable builder is available.
        """

    def import_image(self, tar_path: Path, ref: str, labels: Mapping[str, str]) -> None:
        """Create an image from a root file system in a tar file.

        Raises:
            BuildFailed: The file was rejected.
        """

    def check_image(self, ref: str) -> PullProblem | None:
        """Check whether a registry offers an image; return the problem, or None.

        Raises:
            BuildFailed: The caller's credentials for that registry cannot be read.
        """

    def pull_image(self, ref: str, on_progress: ProgressCallback) -> None:
        """Pull an image and report the progress.

        Raises:
            BuildFailed: The image cannot be pulled; no incomplete image is kept.
        """

    def describe_image(self, image: str, name: str, labels: Mapping[str, str]) -> str | None:
        """Run the inspection script in an image and return its output; None if the image has no shell.

        Args:
            image: Id of the image.
            name: Name of the temporary container; a stale one with this name and these labels is removed first.
            labels: Labels of that container.

        Raises:
            BuildFailed: The inspection failed or exceeded its time limit.
        """

    def remove_image(self, ref: str) -> bool:
        """Remove an image; return False if it is still there, for example because a container uses it."""

    # Programs in a running container

    def run_script(
        self,
        container: str,
        argv: Sequence[str],
        text: str,
        on_line: Callable[[str], None],
        *,
        limit_s: float,
        env: Mapping[str, str] | None = None,
        user: str = "",
    ) -> int:
        """Run a program with a text on its stdin, pass each line of its stdout to `on_line`, return its exit code.

        The program runs as `user`, a `UID:GID`, or as the container's user.

        Raises:
            TimeLimitExceeded: The program took longer than `limit_s` seconds and was ended.
        """

    def run_attached(
        self,
        container: str,
        argv: Sequence[str],
        *,
        tty: bool,
        workdir: str | None = None,
        env: Mapping[str, str] | None = None,
        folder: str = "",
    ) -> int:
        """Run a program on the caller's stdin, stdout, stderr and terminal; return its exit code.

        Args:
            container: Name of the container.
            argv: Program and arguments.
            tty: Whether the program uses the caller's terminal.
            workdir: Working folder that is part of the image, or None.
            env: Environment variables to set.
            folder: Working folder that is not part of the image, or empty.

        Raises:
            ExecError: The program could not be started.
        """

    def run_raw(self, container: str, argv: Sequence[str]) -> int:
        """Connect a program's stdin and stdout to the caller's, byte for byte; return its exit code.

        Raises:
            ExecError: The program could not be started.
        """

    def logs(self, name: str, *, lines: int | None = None, follow: bool = False) -> Iterator[bytes]:
        """Yield the output of a container in chunks."""

    # Temporary containers

    def run_once(
        self,
        image: str,
        argv: Sequence[str],
        text: str,
        on_line: Callable[[str], None],
        *,
        name: str,
        labels: Mapping[str, str],
        limit_s: float,
        gpus: Gpus | None = None,
        network: str = "none",
        user: str = "",
        through_entrypoint: bool = False,
    ) -> RunResult:
        """Run a program of an untrusted image in a temporary container, without privileges or access to the host.

        Args:
            image: Id of the image.
            argv: Program and arguments.
            text: Text for stdin.
            on_line: Callback for each line of stdout.
            name: Name of the container.
            labels: Labels of the container.
            limit_s: Time limit in seconds.
            gpus: GPU request, or None.
            network: Name of the container's network.
            user: `UID:GID` of the program, or empty for the image's user.
            through_entrypoint: Whether the image's entrypoint receives the program; otherwise it is ignored.

        Raises:
            ProgramNotFound: The image does not contain the program.
            StartFailed: The container cannot be created or started.
        """

    def lifetime_labels(self, limit_s: float) -> dict[str, str]:
        """Return the labels of a container that this process waits for, `limit_s` seconds at most."""

    def remove_abandoned(self, owner: int) -> list[str]:
        """Remove a user's temporary containers that no process waits for; return what was removed."""

    def remove_by_prefix(self, owner: int, prefix: str) -> list[str]:
        """Remove a user's containers whose names start with a prefix; return what was removed."""

    # Prune

    def find_unused(
        self,
        owner: int,
        environment_names: Collection[str],
        kept_bases: Collection[str],
        kept_images: Collection[str],
    ) -> tuple[UnusedResource, ...]:
        """Find unused resources of a user, in the order in which they can be removed; nothing is changed.

        Args:
            owner: User id.
            environment_names: Container names of existing environments, running or down.
            kept_bases: Ids of base images that environments use.
            kept_images: References of images that environments need to start again.
        """

    def reclaimable_bytes(self, resources: Sequence[UnusedResource]) -> int:
        """Estimate how many bytes the removal of resources frees; an upper bound."""

    def remove_unused(
        self, resources: Sequence[UnusedResource], on_progress: ProgressCallback
    ) -> tuple[list[str], int]:
        """Remove unused resources; return what was removed and how many bytes that freed."""

    # Audit

    def raw_inspection(self, container: str) -> dict[str, Any]:
        """Return everything that the engine reports about a container, in its own format."""

    def image_dates(self, container: str, base: str) -> ImageDates:
        """Return the dates of a container's image; `base` is the id of its base image, or empty."""

    def find_leaks(self, container: str, secret: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Search what the engine reports about a container and its image for a secret.

        Returns:
            The sources that hold the secret, and the sources that could not be read.
        """

    def container_request(self, run: RunPlan, ref: str, labels: Mapping[str, str]) -> dict[str, Any]:
        """Return the request that creates the container of a plan, in the engine's format."""

    def planned_inspection(
        self, request: Mapping[str, Any], image: str, name: str, labels: Mapping[str, str]
    ) -> dict[str, Any]:
        """Create a container without starting it, return the engine's inspection of it, and remove it.

        Args:
            request: Request that creates the container.
            image: Id of its image.
            name: Name of the temporary container.
            labels: Labels of the temporary container, instead of those of the request.
        """

    def describe_surroundings(self, container: str, network: str, images: Iterable[str]) -> dict[str, Any]:
        """Return the network, the changed files and the images of a container, in the engine's format.

        Args:
            container: Name of the container.
            network: Name of its network, or empty.
            images: Ids of images to describe; a missing one is left out.
        """

    def read_files(self, container: str, path: str) -> tuple[FileEntry, ...]:
        """Return the regular files and the folders below a path of a container, read by the engine itself."""
