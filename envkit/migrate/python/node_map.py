"""Map the nodes of a tree to values by identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Mapping, ValuesView

    import libcst as cst

T = TypeVar("T")
D = TypeVar("D")


class NodeMap(Generic[T]):
    """A mapping from nodes to values that compares nodes by identity, as LibCST does.

    It avoids the `__hash__` call per lookup that a dictionary of nodes needs. Keep the tree alive as long as the map:
    the `id` of a deleted node can be reused.
    """

    __slots__ = ("_values",)

    def __init__(self, mapping: Mapping[int, T]) -> None:
        self._values = mapping

    def __getitem__(self, node: cst.CSTNode) -> T:
        try:
            return self._values[id(node)]
        except KeyError:
            raise KeyError(node) from None

    @overload
    def get(self, node: cst.CSTNode) -> T | None: ...

    @overload
    def get(self, node: cst.CSTNode, default: D) -> T | D: ...

    def get(self, node: cst.CSTNode, default: D | None = None) -> T | D | None:
        """Return the value for the node, or the default."""
        return self._values.get(id(node), default)

    def __contains__(self, node: cst.CSTNode) -> bool:
        return id(node) in self._values

    def values(self) -> ValuesView[T]:
        """Return all values."""
        return self._values.values()
