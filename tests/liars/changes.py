"""Changes: an answer made stale, partial, foreign, empty or cut, for lies of any source."""

import copy
import json
from collections.abc import Callable
from typing import Any

from tests.liars.playing import Lie, Told

OTHER_UID = "00000000-1111-4222-8333-444444444444"


def of_json(change: Callable[[Any], Any]) -> Callable[[Told], bytes]:
    """Return a change of a JSON document; what it returns, or what it has changed in place."""

    def changed(told: Told) -> bytes:
        document = json.loads(told.body)
        result = change(document)
        return json.dumps(document if result is None else result).encode()

    return changed


def of_items(change: Callable[[dict[str, Any]], None]) -> Callable[[Told], bytes]:
    """Return a change of each object of a list, or of a single object."""

    def changed(document: Any) -> None:
        for item in document.get("items", [document]):
            change(item)

    return of_json(changed)


def cut(told: Told) -> bytes:
    """Return the first half of an answer that is JSON: a proxy closed without an error."""
    return told.body[: len(told.body) // 2]


def nothing(told: Told) -> bytes:
    """Return an empty body."""
    return b""


def older(told: Told) -> bytes:
    """Return what the source said before the fault: the answer of the healthy cluster."""
    return told.healthy or told.body


def says_more(document: dict[str, Any]) -> None:
    """Drop the objects, and say that one remains."""
    document["items"] = []
    document["metadata"] = document.get("metadata", {}) | {"remainingItemCount": 1}


def goes_on(document: dict[str, Any]) -> None:
    """Drop the objects, and promise a next page, for ever."""
    document["items"] = []
    document["metadata"] = document.get("metadata", {}) | {"continue": "again"}


def elsewhere(document: dict[str, Any]) -> None:
    """Let the objects be of another namespace."""
    for item in document["items"]:
        item["metadata"]["namespace"] = "another"


def doubled(document: dict[str, Any]) -> None:
    """Give the first object in place of every other."""
    document["items"] = [copy.deepcopy(document["items"][0]) for _ in range(2)]


def another_kind(document: dict[str, Any]) -> None:
    """Let the list be one of another kind, with nothing in it."""
    document["kind"], document["apiVersion"], document["items"] = "LeaseList", "v1", []


def unlisted(document: dict[str, Any]) -> None:
    """Drop the items altogether."""
    del document["items"]


def of_a_list(*, elsewhere_too: bool = True) -> tuple[Lie, ...]:
    """Return the lies that any list of the Kubernetes API can tell."""
    lies = [
        Lie("early end", "the body ends in its middle", cut),
        Lie("partial", "no object, and `remainingItemCount: 1`", of_json(says_more)),
        Lie("partial", "no object, and a `continue` token on every page", of_json(goes_on)),
        Lie("foreign", "an empty list of another kind", of_json(another_kind)),
        Lie("empty", "a list without `items`", of_json(unlisted)),
        Lie("empty", "an empty body with status 200", nothing),
    ]
    if elsewhere_too:
        lies.append(Lie("foreign", "the objects of another namespace", of_json(elsewhere)))
    return tuple(lies)
