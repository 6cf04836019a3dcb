"""The image of a workspace, as it was decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from envkit.model.release import Release, Suite


@dataclass(frozen=True, slots=True)
class Base:
    """The image a workspace is built on.

    Attributes:
        kind: `debian`, TensorFlow's `official` image, or another `image`.
        ref: Reference the engine knows it by.
        id: The engine's id of it, or empty while it still has to be made.
        origin: Where it came from: `mmdebstrap`, `debootstrap` or `engine`.
    """

    kind: Literal["debian", "official", "image"]
    ref: str
    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that something in the workspace runs on.

    Attributes:
        version: Such as `3.9`.
        path: Where it is.
        origin: `image`: the base has it; `apt`: its system's own; `borrowed`: an older Debian's; `managed`: uv's.
    """

    version: str
    path: str
    origin: Literal["image", "apt", "borrowed", "managed"]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a workspace is laid over an image that was made for something else.

    Attributes:
        kernel: What TensorFlow runs on.
        server: What JupyterLab runs on.
        has_release: Whether the image brings the TensorFlow release that is wanted.
        lock: Which lock the server is installed from: the oldest Python it is for, such as `3.11`.
        python_mirror: Where managed Pythons come from, or empty for uv's own place.
    """

    kernel: Interpreter
    server: Interpreter
    has_release: bool
    lock: str
    python_mirror: str = ""


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """Everything that goes into the image, and nothing that does not.

    Attributes:
        base: What it starts from.
        suite: The base's system, a Debian suite unless there is a layout.
        release: TensorFlow release.
        gpu: Whether the GPU build of TensorFlow is installed.
        apt: Debian packages the user adds, validated.
        python: Requirements the user adds, validated, one each.
        ca: Extra CA certificates in PEM, or empty.
        index: URL of a Python package index instead of the default, or empty.
        mirror: URL of a Debian mirror instead of the default, or empty.
        private_index: Whether that index asks for a login, which the steps that install from it are handed.
        layout: How it lies over a base that envkit did not make and is not Debian's own; else None.
    """

    base: Base
    suite: Suite
    release: Release
    gpu: bool = False
    apt: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    ca: str = ""
    index: str = ""
    mirror: str = ""
    private_index: bool = False
    layout: Layout | None = None

    @property
    def kernel_python(self) -> str:
        """Version of the Python that TensorFlow runs on, such as `3.9`."""
        return self.layout.kernel.version if self.layout else self.release.python
