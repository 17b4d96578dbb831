"""The two ways in which a YAML document is built: as Go reads scalars, and strictly."""

import re
from typing import Any

import yaml

# libyaml's parser where there is one, a tenth of the time. What it is known to die of is building from too many levels, which are counted before.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class GoLoader(Loader):  # type: ignore[misc]  # either has the same methods
    """The safe loader with Go's idea of a scalar: what YAML 1.1 takes for a date, 60-based or infinite is a text."""


GoLoader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in entries
        if tag.rpartition(":")[2] in ("bool", "null", "merge")
    ]
    for first, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
GoLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"[-+]?(?:0b[01]+|0x[0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$"),
    list("-+0123456789"),
)
GoLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)$"),
    list("-+0123456789"),
)


class StrictLoader(Loader):  # type: ignore[misc]  # either has the same methods
    """The safe loader, and a key twice in a mapping is an error instead of the last one winning."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, "a key stands twice", key.start_mark
                    )
                seen.add(key.value)
        built: dict[Any, Any] = super().construct_mapping(node, deep)
        return built
