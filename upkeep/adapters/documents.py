"""YAML of the cluster as untrusted input: refused before anything is built from it when it is too large, too deep or too clever.

An event pass counts first (libyaml's own loader segfaults at 50,000 levels); then the safe loader builds. Messages say where, never what:
the values may be secrets.
"""

from typing import Any

import yaml

from upkeep.errors import Malformed

MOST_BYTES = 1024 * 1024  # what etcd takes for one object
MOST_DEPTH = 32
MOST_NODES = 100_000
MOST_ALIASES = 100


class _StrictLoader(yaml.SafeLoader):
    """The safe loader, and a key twice in a mapping is an error instead of the last one winning."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, "a key stands twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def load(text: str, *, name: str) -> Any:
    """The document.

    :param name: what it is, for messages: ``ConfigMap/x key destinations.yaml``.
    :raises Malformed: not YAML, more than one document, a key twice, or over a limit.
    """
    if len(text.encode()) > MOST_BYTES:
        raise Malformed(f"{name} is larger than {MOST_BYTES} bytes", source=name)
    try:
        _count(text, name)
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader with one more refusal
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise Malformed(f"{name}{where} is not valid YAML: {(error.problem or 'syntax').split(chr(39))[0].strip()}", source=name) from None
    except yaml.YAMLError:
        raise Malformed(f"{name} is not valid YAML", source=name) from None


def _count(text: str, name: str) -> None:
    depth = nodes = aliases = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        nodes += isinstance(event, yaml.NodeEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        for value, most, what in (
            (depth, MOST_DEPTH, "levels deep"),
            (nodes, MOST_NODES, "nodes"),
            (aliases, MOST_ALIASES, "aliases"),
            (documents, 1, "document"),
        ):
            if value > most:
                raise Malformed(
                    f"{name} has more than {most} {what}, line {event.start_mark.line + 1 if event.start_mark else 1}", source=name
                )
