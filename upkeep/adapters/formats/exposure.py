"""Credentials in plain text, reduced at once to their place and shape.

``upkeep.domain.access.credentials`` decides what a credential is.
Source: Kubernetes API reference, ConfigMap and PodTemplateSpec (core/v1).
"""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from upkeep.adapters.wire.content import ConfigMapContent
from upkeep.adapters.wire.decoding import convert, decode
from upkeep.adapters.wire.pods import PodTemplate
from upkeep.adapters.wire.workloads import AppliedDeployment, Deployment
from upkeep.domain.access.credentials import credential, credentials
from upkeep.errors import Malformed
from upkeep.records.access import Exposure

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MOST_LINES = 5


def of_config_map(raw: Mapping[str, Any]) -> tuple[Exposure, ...]:
    """Return the credentials in the data and annotations of a ConfigMap.

    :raises Malformed: it is not as the API describes it.
    """
    item = convert(raw, ConfigMapContent, what="ConfigMap")
    name = f"ConfigMap/{item.metadata.name}"
    found = list(_of_data(name, item))

    def applied(name: str, text: str) -> Iterator[Exposure]:
        return _of_data(name, decode(text.encode(), ConfigMapContent))

    return (*found, *_of_annotations(name, item.metadata.annotations, found, applied))


def of_deployment(raw: Deployment | AppliedDeployment) -> tuple[Exposure, ...]:
    """Return the credentials in the pod template and the annotations of a Deployment."""
    name = f"Deployment/{raw.metadata.name}"
    found = list(_of_template(name, raw.spec.template))

    def applied(name: str, text: str) -> Iterator[Exposure]:
        return _of_template(name, decode(text.encode(), AppliedDeployment).spec.template)

    return (*found, *_of_annotations(name, raw.metadata.annotations, found, applied))


def _of_data(name: str, item: ConfigMapContent) -> Iterator[Exposure]:
    for key, value in item.data.items():
        yield from _of_value(name, f"key {key}", key, value)
    for key, value in item.binaryData.items():
        try:
            text = base64.b64decode(value, validate=True).decode(errors="replace")
        except ValueError:  # binascii.Error is one, and a letter beyond ASCII another
            raise Malformed(f"{name}: binaryData is not base64") from None
        yield from _of_text(name, f"key {key}", text)


def _of_template(name: str, template: PodTemplate) -> Iterator[Exposure]:
    for container in (*template.spec.initContainers, *template.spec.containers):
        own = f"of container {container.name}"
        for entry in container.env:
            if entry.value:
                yield from _of_value(name, f"env {entry.name} {own}", entry.name, entry.value)
        words = (*container.command, *container.args)
        shapes = [shape for _, shape in credentials("\n".join(words))]
        # The value of a flag may be the next word.
        shapes += [
            credential(flag, value)
            for flag, value in pairwise(words)
            if re.fullmatch(r"--?[\w-]+", flag)
        ]
        yield from (
            Exposure(name, f"command {own}", shape) for shape in dict.fromkeys(filter(None, shapes))
        )
    for key, value in template.metadata.annotations.items():
        yield from _of_text(name, f"annotation {key} of the pod template", value)


def _of_annotations(
    name: str,
    annotations: Mapping[str, str],
    known: list[Exposure],
    read: Callable[[str, str], Iterator[Exposure]],
) -> Iterator[Exposure]:
    """Yield credentials of annotations; of kubectl's, which repeats the object, only those that the object lacks.

    :param read: what the annotation's text exposes; Malformed where it is no such object.
    """
    for key, value in annotations.items():
        if key != LAST_APPLIED:
            yield from _of_text(name, f"annotation {key}", value)
            continue
        there = {(one.place, one.shape) for one in known}
        try:
            repeated = list(read(name, value))
        except Malformed:
            yield from _of_text(name, f"annotation {key}", value)
            continue
        for one in repeated:
            if (one.place, one.shape) not in there:
                yield Exposure(name, f"annotation {key}: {one.place}", one.shape)


def _of_value(name: str, place: str, key: str, value: str) -> Iterator[Exposure]:
    """Yield the credentials of a value, by its text or by its key's name."""
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
