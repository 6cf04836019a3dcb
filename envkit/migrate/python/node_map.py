"""What is known of each node of a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Mapping, ValuesView

    import libcst as cst

T = TypeVar("T")
D = TypeVar("D")


class NodeMap(Generic[T]):
    """A mapping from nodes; they are told apart by which they are, as LibCST does, and asked for nothing.

    A dictionary of nodes would call each one's `__hash__` for every look. Who keeps this keeps the tree too: what was
    a node's number may be another's when that is gone.
    """

    __slots__ = ("_found",)

    def __init__(self, mapping: Mapping[int, T]) -> None:
        self._found = mapping

    def __getitem__(self, node: cst.CSTNode) -> T:
        try:
            return self._found[id(node)]
        except KeyError:
            raise KeyError(node) from None

    @overload
    def get(self, node: cst.CSTNode) -> T | None: ...

    @overload
    def get(self, node: cst.CSTNode, default: D) -> T | D: ...

    def get(self, node: cst.CSTNode, default: D | None = None) -> T | D | None:
        """Return what is known of the node, or the other value."""
        return self._found.get(id(node), default)

    def __contains__(self, node: cst.CSTNode) -> bool:
        return id(node) in self._found

    def values(self) -> ValuesView[T]:
        """All that is known."""
        return self._found.values()
