"""The image of a workspace, as planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from envkit.model.release import Release, Suite


@dataclass(frozen=True, slots=True)
class Base:
    """The base image of a workspace.

    Attributes:
        kind: `debian`, TensorFlow's `official` image, or another `image`.
        ref: Its reference.
        id: The engine's id, or empty before it is built.
        origin: Its origin: `mmdebstrap`, `debootstrap` or `engine`.
    """

    kind: Literal["debian", "official", "image"]
    ref: str
    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python interpreter of the workspace.

    Attributes:
        version: Minor version, such as `3.9`.
        path: Its path in the image.
        origin: `image`: in the base; `apt`: its system's package; `borrowed`: an older Debian's; `managed`: uv's.
    """

    version: str
    path: str
    origin: Literal["image", "apt", "borrowed", "managed"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Layout of a workspace on a foreign base image.

    Attributes:
        kernel: Interpreter of TensorFlow.
        server: Interpreter of JupyterLab.
        has_release: Whether the image contains the requested TensorFlow release.
        lock: Lock file of the server, named for the oldest Python it supports, such as `3.11`.
        python_mirror: URL of managed Pythons, or empty for uv's default.
    """

    kernel: Interpreter
    server: Interpreter
    has_release: bool
    lock: str
    python_mirror: str = ""


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """Everything that goes into the image, and nothing else.

    Attributes:
        base: Its base image.
        suite: System of the base: a Debian suite unless `layout` is set.
        release: TensorFlow release.
        gpu: Whether to install the GPU build of TensorFlow.
        apt: Debian packages that the user adds, validated.
        python: Requirements that the user adds, validated.
        ca: Extra CA certificates in PEM, or empty.
        index: URL of the Python package index, or empty for the default.
        mirror: URL of the Debian mirror, or empty for the default.
        private_index: Whether that index needs a login, which the installing build steps receive.
        layout: Layout on a foreign base image, or None on Debian.
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
