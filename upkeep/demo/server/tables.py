"""Tables: what the API server prints for ``kubectl get``.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
"""

from collections.abc import Iterable
from datetime import datetime

from upkeep.demo.objects.columns import COLUMNS, KNOWN, cell
from upkeep.demo.server.responses import partial
from upkeep.demo.state import Object


def table(plural: str, items: Iterable[Object], meta: Object, now: datetime, *, whole: bool) -> Object:  # fmt: skip
    """Return the Table of objects, each row with its object: ``whole``, or its metadata alone."""
    named = [column.strip().partition("=") for column in COLUMNS[plural].split(", ")]
    columns = [(name, text or KNOWN.get(name, "")) for name, _, text in named]
    definitions = [
        {
            "name": name.removeprefix("*"), "priority": int(name.startswith("*")), "description": "",
            "type": "string", "format": "name" if name.endswith("Name") else "",
        } for name, _ in columns
    ]  # fmt: skip
    rows = [
        {"cells": [cell(item, text, now) for _, text in columns], "object": item if whole else partial(item)}
        for item in items
    ]  # fmt: skip
    head = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta}
    return head | {"columnDefinitions": definitions, "rows": rows}
