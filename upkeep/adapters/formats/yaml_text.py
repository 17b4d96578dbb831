"""YAML of the cluster as untrusted input: refused before anything is built from it when it is too large, too deep or too clever.

An event pass counts first (libyaml's own loader segfaults at 50,000 levels); then the safe loader builds. Messages say where, never what:
the values may be secrets.
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from upkeep.adapters.formats.yaml_loaders import GoLoader, Loader, StrictLoader
from upkeep.adapters.wire.text import printable
from upkeep.errors import Malformed

MOST_BYTES = 1024 * 1024  # what etcd takes for one object
MOST_DEPTH = 32
MOST_NODES = 100_000
MOST_ALIASES = 100
Path = tuple[str | int, ...]
# Words without a quote, and quoted punctuation that the parser missed: ',' or ']'.
_HARMLESS = re.compile(r"(?:[^']|'[^\w\s']{1,2}')*")
_MARK = re.compile(r"^(?:---|\.\.\.)(?=\s|$)", re.MULTILINE)


def load(text: str, *, name: str, most_bytes: int = MOST_BYTES, exact: bool = False) -> Any:
    """The document, its strings printable.

    :param name: what it is, for messages: ``ConfigMap/x key destinations.yaml``.
    :param exact: its strings are left as they are: it holds values that are compared or sent, and never shown.
    :param most_bytes: of its text, where it may hold more than one object.
    :raises Malformed: not YAML, more than one document, a key twice, or over a limit.
    """
    return load_with_lines(text, name=name, most_bytes=most_bytes, exact=exact)[0]


def load_with_lines(
    text: str, *, name: str, most_bytes: int = MOST_BYTES, exact: bool = False
) -> tuple[Any, dict[Path, int]]:
    """The document, and the line (from 1) on which the thing at each path of keys and positions begins.

    :raises Malformed: as ``load``.
    """
    if len(text.encode(errors="replace")) > most_bytes:
        raise Malformed(f"{name} is larger than {most_bytes} bytes", source=name)
    try:
        _count(text, name)
        loader = StrictLoader(text)
        try:
            node = loader.get_single_node()
            if node is not None and _expanded(node, {}) > MOST_NODES:
                raise Malformed(
                    f"{name} has more than {MOST_NODES} nodes when its aliases are followed, or one that holds itself",
                    source=name,
                )
            if node is not None and not exact:
                _make_printable(node, set())
            lines = dict(_lines(node, (), set())) if node is not None else {}
            return (loader.construct_document(node) if node is not None else None), lines
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise Malformed(
            f"{name}{where} is not valid YAML: {_problem(error.problem or 'syntax')}", source=name
        ) from None
    except (
        yaml.YAMLError,
        ValueError,
        RecursionError,
    ):  # of a scalar that is nearly a date, a number or base64
        raise Malformed(f"{name} is not valid YAML", source=name) from None


def _problem(said: str) -> str:
    """The parser's words up to the first that it quotes from the document."""
    found = _HARMLESS.match(said)
    return found[0].strip() if found else ""


def texts(text: str, *, name: str, most_bytes: int, most_nodes: int = MOST_NODES) -> Any:
    """The document with every scalar as the text that stands there, for documents that are large and whose writer was Go: nothing becomes a number or
    a date on the way (``version: 0.10``), and of a key that stands twice the last one wins, as there.

    :raises Malformed: not YAML, more than one document, or over a limit.
    """
    events = _counted(text, name, most_nodes=most_nodes)
    return _guarded(lambda: _texts(events, name), text, name=name, most_bytes=most_bytes)


def as_go(text: str, *, name: str, most_bytes: int) -> Any:
    """The document as a program in Go reads it into JSON: numbers, truth and null are what they are, dates and 10:30 stay texts, and of a key that
    stands twice the last one wins.

    :raises Malformed: as ``texts``.
    """

    def build() -> Any:
        _count(text, name)
        return yaml.load(text, Loader=GoLoader)  # noqa: S506 - a SafeLoader with fewer kinds of scalars

    return _guarded(build, text, name=name, most_bytes=most_bytes)


def _guarded(build: Callable[[], Any], text: str, *, name: str, most_bytes: int) -> Any:
    """What is built from a text that is not too large; what stands in its way is ``Malformed``."""
    if len(text.encode(errors="replace")) > most_bytes:
        raise Malformed(f"{name} is larger than {most_bytes} bytes", source=name)
    try:
        return build()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Malformed(
            f"{name}{f', line {mark.line + 1}' if mark else ''} is not valid YAML", source=name
        ) from None
    except (
        ValueError,
        TypeError,
        RecursionError,
    ):  # a key that is a mapping, a character that is none
        raise Malformed(f"{name} is not valid YAML", source=name) from None


def _texts(events: Iterator[yaml.Event], name: str) -> Any:
    """The document of the events, in one pass and without recursion: a loader takes twenty times as long for an index of some megabytes.

    What an alias names must have ended before it, so that nothing holds itself.
    """
    whole: list[Any] = []
    # What is open: the list or mapping, its anchor, and for a mapping the key that waits for its value.
    opened: list[tuple[Any, str | None, list[str]]] = [(whole, None, [])]
    anchored: dict[str, Any] = {}

    def put(value: Any) -> None:
        inside, _, waiting = opened[-1]
        if isinstance(inside, list):
            inside.append(value)
        elif waiting:
            inside[waiting.pop()] = value
        elif isinstance(value, str):
            waiting.append(value)
        else:
            raise Malformed(f"{name} has a key that is no text{_at(event)}", source=name)

    for event in events:
        if isinstance(event, yaml.ScalarEvent):
            value = printable(event.value)
            if event.anchor:
                anchored[event.anchor] = value
            put(value)
        elif isinstance(event, yaml.CollectionStartEvent):
            opened.append(
                ([] if isinstance(event, yaml.SequenceStartEvent) else {}, event.anchor, [])
            )
        elif isinstance(event, yaml.CollectionEndEvent):
            value, anchor, _ = opened.pop()
            if anchor:
                anchored[anchor] = value
            put(value)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchored:
                raise Malformed(
                    f"{name} has an alias of something that is not there, or holds it{_at(event)}",
                    source=name,
                )
            put(anchored[event.anchor])
    return whole[0] if whole else None


def _at(event: yaml.Event) -> str:
    return f", line {event.start_mark.line + 1}" if event.start_mark else ""


def _make_printable(node: yaml.Node, seen: set[int]) -> None:
    """Passes every scalar of the document through the gate, once: an alias is the node that it names."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        node.value = printable(node.value)
    elif isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            _make_printable(entry, seen)
    else:
        for pair in node.value:
            for entry in pair:
                _make_printable(entry, seen)


def _expanded(node: yaml.Node, sizes: dict[int, float]) -> float:
    """Return the number of nodes with every alias followed; infinite where one holds itself."""
    if id(node) not in sizes:
        sizes[id(node)] = math.inf  # what is met again below itself
        children = node.value if isinstance(node, yaml.CollectionNode) else []
        parts = [
            part for child in children for part in (child if isinstance(child, tuple) else (child,))
        ]
        sizes[id(node)] = 1 + sum(_expanded(part, sizes) for part in parts)
    return sizes[id(node)]


def _lines(
    node: yaml.Node, path: Path, seen: set[int], *, line: int | None = None
) -> Iterator[tuple[Path, int]]:
    """Each thing once: the target of an alias counts where it is written. A key's line is the key's, not its value's."""
    yield path, (node.start_mark.line if line is None else line) + 1
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield from _lines(value, (*path, key.value), seen, line=key.start_mark.line)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield from _lines(value, (*path, position), seen)


def _count(text: str, name: str) -> None:
    for _ in _counted(text, name, most_nodes=MOST_NODES):
        pass


def _counted(text: str, name: str, *, most_nodes: int) -> Iterator[yaml.Event]:
    """Yield the events of the document, up to the limits; ``nodes`` follow every alias."""
    depth = nodes = aliases = documents = 0
    # How many nodes stand behind each anchor, and inside of what is open now.
    anchored: dict[str, int] = {}
    opened: list[tuple[str | None, int]] = []
    for event in yaml.parse(text, Loader=Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(
            event, yaml.CollectionEndEvent
        )
        if isinstance(event, yaml.AliasEvent):
            aliases += 1
            nodes += anchored.get(event.anchor or "", 1)
        elif isinstance(event, yaml.NodeEvent):
            nodes += 1
            if isinstance(event, yaml.CollectionStartEvent):
                opened.append((event.anchor, nodes))
            elif event.anchor:
                anchored[event.anchor] = 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor:
                anchored[anchor] = nodes - before + 1
        documents += isinstance(event, yaml.DocumentStartEvent)
        for value, most, what in (
            (depth, MOST_DEPTH, "levels deep"),
            (nodes, most_nodes, f"nodes{' when its aliases are followed' * (aliases > 0)}"),
            (aliases, MOST_ALIASES, "aliases"),
            (documents, 1, "document"),
        ):
            if value > most:
                raise Malformed(f"{name} has more than {most} {what}{_at(event)}", source=name)
        yield event


def split(text: str) -> list[str]:
    """The documents of a stream as texts, blank ones left out. At the beginning of a line the marks stand for themselves, whatever is around
    them (YAML 1.2, 9.1.2: no scalar may hold one there).
    """
    return [part for part in _MARK.split(text) if part.strip()]
