"""A flat list of paths grown into folders, each with the bytes below it."""

from __future__ import annotations

from pipeline.lean_dataclasses import dataclass
from pipeline.output.document import Leaf, Tree
from pipeline.output.number_format import show_bytes

_OPEN_UP_TO = 12


@dataclass(frozen=True)
class TreeNode:
    """A folder or a file.

    Attributes:
        name: its own name; chains of folders with one entry are one node, `usr/lib`.
        size: of all below it, as text.
        open: whether the folder should be shown open at first.
    """

    name: str
    size: str
    bytes: int
    children: tuple[TreeNode, ...] = ()
    effect: str = ""
    note: str = ""
    open: bool = False


def grow(tree: Tree) -> TreeNode:
    """The root of a tree, biggest entries first."""
    return _node("", [(leaf.path.strip("/").split("/"), leaf) for leaf in tree.leaves])


def _node(name: str, entries: list[tuple[list[str], Leaf]]) -> TreeNode:
    groups: dict[str, list[tuple[list[str], Leaf]]] = {}
    children = []
    for parts, leaf in entries:
        if len(parts) == 1:
            children.append(
                TreeNode(parts[0], show_bytes(leaf.size), leaf.size, (), leaf.effect, leaf.note)
            )
        else:
            groups.setdefault(parts[0], []).append((parts[1:], leaf))
    children += [_shortened(_node(folder, inner)) for folder, inner in groups.items()]
    children.sort(key=lambda child: (-child.bytes, child.name))
    total = sum(child.bytes for child in children)
    return TreeNode(
        name, show_bytes(total), total, tuple(children), open=len(children) <= _OPEN_UP_TO
    )


def _shortened(node: TreeNode) -> TreeNode:
    """A folder that only holds a folder, joined with it."""
    if len(node.children) == 1 and node.children[0].children:
        only = node.children[0]
        return TreeNode(
            f"{node.name}/{only.name}", only.size, only.bytes, only.children, open=only.open
        )
    return node
