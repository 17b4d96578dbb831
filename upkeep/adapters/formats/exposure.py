"""Credentials in plain sight, reduced to where they stand and what they look like before anything else sees the text.

Source: controls.md, secrets-guarded; what counts as a credential: ``upkeep.domain.credentials``.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from upkeep.domain.credentials import credential, credentials
from upkeep.records.access import Exposure

Raw = Mapping[str, Any]
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MOST_LINES = 5


def of_config_map(raw: Raw) -> tuple[Exposure, ...]:
    """What looks like a credential in the data and annotations of a ConfigMap.

    :raises KeyError, TypeError, AttributeError: it is not as the API describes it.
    """
    name = f"ConfigMap/{raw['metadata']['name']}"
    found = list(_of_data(name, raw))
    return (*found, *_of_annotations(name, raw["metadata"], found, _of_data))


def of_deployment(raw: Raw) -> tuple[Exposure, ...]:
    """What looks like a credential in the pod template and the annotations of a Deployment.

    :raises KeyError, TypeError, AttributeError: it is not as the API describes it.
    """
    name = f"Deployment/{raw['metadata']['name']}"
    found = list(_of_template(name, raw))
    return (*found, *_of_annotations(name, raw["metadata"], found, _of_template))


def _of_data(name: str, raw: Raw) -> Iterator[Exposure]:
    for key, value in (raw.get("data") or {}).items():
        yield from _of_value(name, f"key {key}", key, value)
    for key, value in (raw.get("binaryData") or {}).items():
        try:
            text = base64.b64decode(value, validate=True).decode(errors="replace")
        except ValueError:  # binascii.Error is one, and a letter beyond ASCII another
            raise TypeError("binaryData is not base64") from None
        yield from _of_text(name, f"key {key}", text)


def _of_template(name: str, raw: Raw) -> Iterator[Exposure]:
    template = raw["spec"]["template"]
    for field in ("initContainers", "containers"):
        for container in template["spec"].get(field) or []:
            own = f"of container {container['name']}"
            for entry in container.get("env") or []:
                if entry.get("value"):
                    yield from _of_value(
                        name, f"env {entry['name']} {own}", entry["name"], entry["value"]
                    )
            words = [*(container.get("command") or []), *(container.get("args") or [])]
            shapes = [shape for _, shape in credentials("\n".join(words))]
            # The value of a flag may be the next word.
            shapes += [
                credential(flag, value)
                for flag, value in pairwise(words)
                if re.fullmatch(r"--?[\w-]+", flag)
            ]
            yield from (
                Exposure(name, f"command {own}", shape)
                for shape in dict.fromkeys(filter(None, shapes))
            )
    for key, value in ((template.get("metadata") or {}).get("annotations") or {}).items():
        yield from _of_text(name, f"annotation {key} of the pod template", value)


def _of_annotations(
    name: str, metadata: Raw, known: list[Exposure], read: Callable[[str, Raw], Iterator[Exposure]]
) -> Iterator[Exposure]:
    """Of kubectl's annotation only what the object itself does not hold any more: it repeats the rest."""
    for key, value in (metadata.get("annotations") or {}).items():
        if key != LAST_APPLIED:
            yield from _of_text(name, f"annotation {key}", value)
            continue
        there = {(one.place, one.shape) for one in known}
        try:
            repeated = list(read(name, json.loads(value)))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            yield from _of_text(name, f"annotation {key}", value)
            continue
        for one in repeated:
            if (one.place, one.shape) not in there:
                yield Exposure(name, f"annotation {key}: {one.place}", one.shape)


def _of_value(name: str, place: str, key: str, value: str) -> Iterator[Exposure]:
    """A text, or the value of a name that tells what it is."""
    found = list(_of_text(name, place, value))
    if not found and "\n" not in value.strip() and (shape := credential(key, value)):
        found = [Exposure(name, place, shape)]
    yield from found


def _of_text(name: str, place: str, text: str) -> Iterator[Exposure]:
    lines: dict[str, list[int]] = {}
    for line, shape in credentials(text):
        lines.setdefault(shape, []).append(line)
    single = "\n" not in text.strip()
    for shape, numbers in lines.items():
        yield Exposure(name, place, shape, () if single else tuple(numbers[:MOST_LINES]))
