"""A kubeconfig as text that is changed in a few places, while its comments, order and unknown fields stay.

Works on YAML's own nodes: no value passes through Python, where `1e3`, `yes` or a time would become something else. A
change is made in the lines that it concerns; where they are too unusual for that (one line of JSON, say), the whole
file is written anew from its nodes, which keeps all but the comments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SECTIONS = {"clusters": "cluster", "users": "user", "contexts": "context"}
"""The lists of a kubeconfig, and what an entry of each calls its content."""

WIDE = 1 << 30
Content = dict[str, object]


class NoKubeconfigError(ValueError):
    """The text is YAML but no kubeconfig, or no YAML; the message says why."""


@dataclass(slots=True)
class Entry:
    """An entry of one of the lists. `node` is its place in the text."""

    section: str
    name: str
    node: yaml.MappingNode = field(repr=False)

    @property
    def content(self) -> yaml.MappingNode | None:
        """What it holds below `cluster`, `user` or `context`."""
        found = child(self.node, SECTIONS[self.section])
        return found if isinstance(found, yaml.MappingNode) else None


@dataclass(frozen=True, slots=True)
class _Edit:
    """Lines from `start` up to `end` become `text`."""

    start: int
    end: int
    text: str


class KubeconfigText:
    """The text of a kubeconfig. Raises `NoKubeconfigError` where it is none; "" is an empty one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = _root(text)
        kind = child(self.root, "kind")
        if kind is not None and _scalar(kind) != "Config":
            raise NoKubeconfigError("its kind is not Config")
        for section in SECTIONS:
            self._items(section)

    def entries(self) -> Iterator[Entry]:
        """Every entry of the three lists."""
        for section in SECTIONS:
            for node in self._items(section):
                yield Entry(section, _scalar(child(node, "name")), node)

    @property
    def current(self) -> str:
        """The current context's name, "" where there is none."""
        return _scalar(child(self.root, "current-context"))

    def put(
        self, section: str, name: str, content: Mapping[str, object], old: Entry | None
    ) -> KubeconfigText:
        """With an entry's fields set to these (all its others stay), or with a new entry. `name` is a new one's."""
        kind = SECTIONS[section]
        if old is None:
            new: Content = {"name": name, kind: dict(content)}
            return self._changed(self._append(section, new), self._appended(section, new))
        node = _updated(old, kind, content)
        if _shape(node) == _shape(old.node):
            return self
        items = [node if each is old.node else each for each in self._items(section)]
        wanted = self._with(section, items)
        return self._changed(self._replace(old.node, node), wanted)

    def without(self, entry: Entry) -> KubeconfigText:
        """Without one entry."""
        items = [each for each in self._items(entry.section) if each is not entry.node]
        edit = self._replace(entry.node, None) if items else None
        return self._changed(edit, self._with(entry.section, items))

    def with_current(self, name: str) -> KubeconfigText:
        """With another current context."""
        node = child(self.root, "current-context")
        line = f"current-context: {yaml.safe_dump(name, width=WIDE).splitlines()[0]}\n"
        if node is None:
            edit: _Edit | None = self._at_end(line)
        else:
            start = node.start_mark.line
            edit = _Edit(start, start + 1, line)
        return self._changed(edit, _set(self.root, "current-context", _node(name)))

    # --- the nodes ----------------------------------------------------------------------------------------------

    def _items(self, section: str) -> list[yaml.MappingNode]:
        node = child(self.root, section)
        if node is None or (isinstance(node, yaml.ScalarNode) and node.value in {"", "null", "~"}):
            return []
        if not isinstance(node, yaml.SequenceNode) or not all(
            isinstance(each, yaml.MappingNode) for each in node.value
        ):
            raise NoKubeconfigError(f"{section} is no list of entries")
        return cast("list[yaml.MappingNode]", node.value)

    def _with(self, section: str, items: list[yaml.MappingNode]) -> yaml.MappingNode:
        old = child(self.root, section)
        flow = bool(old.flow_style) if isinstance(old, yaml.SequenceNode) and old.value else False
        return _set(self.root, section, yaml.SequenceNode("tag:yaml.org,2002:seq", items, flow_style=flow))

    def _appended(self, section: str, entry: Content) -> yaml.MappingNode:
        return self._with(section, [*self._items(section), cast("yaml.MappingNode", _node(entry))])

    # --- the lines ----------------------------------------------------------------------------------------------

    def _append(self, section: str, entry: Content) -> _Edit | None:
        items = self._items(section)
        if items:
            end, indent = _last_line(items[-1]) + 1, items[-1].start_mark.column - 2
            return _Edit(end, end, _lines(entry, indent)) if indent >= 0 else None
        if child(self.root, section) is None:
            head = "" if self.text.strip() else "apiVersion: v1\nkind: Config\n"
            return self._at_end(f"{head}{section}:\n{_lines(entry, 0)}")
        return None

    def _replace(self, old: yaml.MappingNode, new: yaml.MappingNode | None) -> _Edit | None:
        indent = old.start_mark.column - 2
        if indent < 0:
            return None
        text = (
            ""
            if new is None
            else _indented(_written(yaml.SequenceNode("tag:yaml.org,2002:seq", [new])), indent)
        )
        return _Edit(old.start_mark.line, _last_line(old) + 1, text)

    def _at_end(self, text: str) -> _Edit:
        count = len(self.text.splitlines())
        return _Edit(count, count, text)

    def _changed(self, edit: _Edit | None, wanted: yaml.MappingNode) -> KubeconfigText:
        """The text with `edit`, where that is just what is wanted; else all of it written anew."""
        if not self.text.strip():
            wanted = _set(_set(wanted, "apiVersion", _node("v1")), "kind", _node("Config"))
        if edit is not None:
            lines = self.text.splitlines(keepends=True)
            if lines and not lines[-1].endswith("\n"):
                lines[-1] += "\n"
            text = "".join([*lines[: edit.start], edit.text, *lines[edit.end :]])
            try:
                if _shape(_root(text)) == _shape(wanted):
                    return KubeconfigText(text)
            except NoKubeconfigError:
                pass
        return KubeconfigText(_written(wanted))


def child(mapping: yaml.Node, key: str) -> yaml.Node | None:
    """The value of `key` in a mapping; None without one."""
    if not isinstance(mapping, yaml.MappingNode):
        return None
    return next((value for name, value in mapping.value if _scalar(name) == key), None)


def text_of(mapping: yaml.Node | None, *path: str) -> str:
    """The scalar at `path` below a mapping, "" without one."""
    for key in path:
        mapping = None if mapping is None else child(mapping, key)
    return _scalar(mapping)


def _root(text: str) -> yaml.MappingNode:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise NoKubeconfigError(
            f"it is no YAML{'' if mark is None else f' (line {mark.line + 1})'}"
        ) from None
    if node is None:
        return yaml.MappingNode("tag:yaml.org,2002:map", [], flow_style=False)
    if not isinstance(node, yaml.MappingNode):
        raise NoKubeconfigError("it is no mapping")
    return node


def _scalar(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _node(value: object) -> yaml.Node:
    node = yaml.compose(yaml.safe_dump(value, sort_keys=False, width=WIDE), Loader=yaml.SafeLoader)
    if node is None:
        raise NoKubeconfigError("nothing to write")
    return node


def _set(mapping: yaml.MappingNode, key: str, value: yaml.Node) -> yaml.MappingNode:
    """A copy of `mapping` with `key` set, in its place or at the end."""
    pairs = [(name, value if _scalar(name) == key else old) for name, old in mapping.value]
    if child(mapping, key) is None:
        pairs.append((_node(key), value))
    return yaml.MappingNode(mapping.tag, pairs, mapping.start_mark, mapping.end_mark, mapping.flow_style)


def _updated(entry: Entry, kind: str, content: Mapping[str, object]) -> yaml.MappingNode:
    held = entry.content or yaml.MappingNode("tag:yaml.org,2002:map", [], flow_style=False)
    for key, value in content.items():
        held = _set(held, key, _node(value))
    return _set(entry.node, kind, held)


def _last_line(node: yaml.Node) -> int:
    """The last line with something of `node` on it (YAML's own end mark is after the comments that follow)."""
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return max(_last_line(value) for pair in node.value for value in pair)
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        return max(_last_line(each) for each in node.value)
    block = isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}
    return int(node.end_mark.line) - (1 if block else 0)


def _lines(entry: Content, indent: int) -> str:
    return _indented(_written(_node([entry])), indent)


def _written(node: yaml.Node) -> str:
    text: str = yaml.serialize(node, Dumper=yaml.SafeDumper, width=WIDE, allow_unicode=True)
    return text


def _indented(text: str, indent: int) -> str:
    return "".join(f"{' ' * indent}{line}" for line in text.splitlines(keepends=True))


def _shape(node: yaml.Node) -> object:
    """What a node says, without where it stands; the order of a mapping's keys says nothing."""
    if isinstance(node, yaml.MappingNode):
        return node.tag, sorted(((_scalar(key), _shape(value)) for key, value in node.value), key=repr)
    if isinstance(node, yaml.SequenceNode):
        return node.tag, [_shape(each) for each in node.value]
    return node.tag, node.value
