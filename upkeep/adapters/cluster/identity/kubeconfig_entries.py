"""The clusters, users and contexts of a kubeconfig: which fields they have, and of which type.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from upkeep.adapters.formats import yaml_text
from upkeep.errors import BadInput, Malformed
from upkeep.files import read_bounded
from upkeep.masking import mask

MOST_BYTES = 16 * 1024 * 1024
_KINDS: dict[str, tuple[type, str]] = {
    "text": (str, "a text in quotes"),
    "flag": (bool, "true or false"),
    "texts": (list, "a list of texts"),
    "mapping": (dict, "a mapping"),
    "lists": (dict, "a mapping of lists of texts"),
}
CLUSTER = {
    "server": "text",
    "tls-server-name": "text",
    "insecure-skip-tls-verify": "flag",
    "certificate-authority": "text",
    "certificate-authority-data": "text",
    "proxy-url": "text",
    "disable-compression": "flag",
}
USER = {
    "client-certificate": "text",
    "client-certificate-data": "text",
    "client-key": "text",
    "client-key-data": "text",
    "token": "text",
    "tokenFile": "text",
    "as": "text",
    "as-uid": "text",
    "as-groups": "texts",
    "as-user-extra": "lists",
    "username": "text",
    "password": "text",
    "auth-provider": "mapping",
    "exec": "mapping",
}
CONTEXT = {"cluster": "text", "user": "text", "namespace": "text"}
EXEC = {
    "command": "text",
    "args": "texts",
    "apiVersion": "text",
    "installHint": "text",
    "provideClusterInfo": "flag",
    "interactiveMode": "text",
}


class Entry(Struct, frozen=True):
    """A named cluster, user or context.

    :ivar where: the file and the entry, for messages.
    :ivar folder: what relative paths are relative to.
    """

    fields: Mapping[str, Any]
    where: str
    folder: Path

    def text(self, key: str) -> str:
        """Return a text; empty where it is not given."""
        return str(self.fields.get(key) or "")

    def flag(self, key: str) -> bool:
        """Return a switch; off where it is not given."""
        return bool(self.fields.get(key))

    def file(self, key: str) -> str:
        """Return the content of the file that a key names.

        :raises BadInput: it cannot be read, or is not text.
        """
        path = self.folder / self.text(key)
        try:
            return read_bounded(path, most_bytes=MOST_BYTES).decode()
        except FileNotFoundError:
            # The token itself may have been written there.
            shown = mask(str(path)) if set("/.") & set(self.text(key)) else "as given"
            raise BadInput(f"{self.where}: {key} {shown} does not exist") from None
        except UnicodeDecodeError:
            raise BadInput(f"{self.where}: {key} {path} is not text") from None
        except OSError as error:
            raise BadInput(f"{self.where}: {key} {path} cannot be read: {error.strerror}") from None

    def refused(self, sentences: str) -> BadInput:
        """Return the refusal of this entry."""
        return BadInput(f"{self.where}: {sentences}")


class Merged(Struct, frozen=True):
    """Several kubeconfigs as one: of each name the first file's entry, and the first context set."""

    contexts: Mapping[str, Entry]
    users: Mapping[str, Entry]
    clusters: Mapping[str, Entry]
    current: str


def merged(paths: list[str]) -> Merged:
    """Return the entries of the files, as kubectl merges them.

    Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/

    :raises BadInput: a file cannot be read, or is no kubeconfig.
    """
    contexts: dict[str, Entry] = {}
    users: dict[str, Entry] = {}
    clusters: dict[str, Entry] = {}
    current, empty = "", 0
    for path in paths:
        document = _document(path)
        empty += not document
        named = document.get("current-context")
        if named is not None and not isinstance(named, str):
            raise BadInput(f"kubeconfig {path}: current-context must be a text in quotes")
        current = current or named or ""
        for kind, fields, found in (
            ("context", CONTEXT, contexts),
            ("user", USER, users),
            ("cluster", CLUSTER, clusters),
        ):
            for name, entry in _entries(document, kind, path, fields):
                found.setdefault(name, entry)
    if empty == len(paths):
        raise BadInput(f"kubeconfig {':'.join(paths)} holds no configuration")
    return Merged(contexts, users, clusters, current)


def _entries(
    document: dict[str, Any], kind: str, path: str, fields: Mapping[str, str]
) -> Iterator[tuple[str, Entry]]:
    """Yield the named entries of a kind, checked.

    :raises BadInput: they are no list of named mappings, or a name stands twice.
    """
    entries = document.get(f"{kind}s")
    if entries is None:
        return
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in entries
    ):
        raise BadInput(f"kubeconfig {path}: {kind}s must be a list of entries with a name each")
    seen = set()
    for entry in entries:
        name, value = entry["name"], entry.get(kind)
        where = f"kubeconfig {path}, {kind} {name}"
        if name in seen:
            raise BadInput(f"{where}: the name stands twice. Remove one of them")
        seen.add(name)
        if value is not None and not isinstance(value, dict):
            raise BadInput(f"kubeconfig {path}: {kind} {name} must be a mapping")
        folder = Path(path).expanduser().absolute().parent
        yield name, Entry(checked(value or {}, fields, where=where), where, folder)


def checked(
    value: Mapping[str, Any], fields: Mapping[str, str], *, where: str
) -> Mapping[str, Any]:
    """Return a mapping whose known fields have their types; null is as good as absent.

    :raises BadInput: a field of another type. The message never shows its value.
    """
    for key, kind in fields.items():
        given = value.get(key)
        expected, words = _KINDS[kind]
        lists = [given] if kind == "texts" else []
        if kind == "lists" and isinstance(given, dict):
            lists = list(given.values())
        if given is not None and (
            not isinstance(given, expected)
            or not all(
                isinstance(some, list) and all(isinstance(one, str) for one in some)
                for some in lists
            )
        ):
            raise BadInput(f"{where}: {key} must be {words}")
    return value


def _document(path: str) -> dict[str, Any]:
    """Return what a file holds; nothing for an empty one.

    :raises BadInput: it cannot be read, or holds something else.
    """
    try:
        text = read_bounded(Path(path).expanduser(), most_bytes=MOST_BYTES).decode("utf-8-sig")
        document = yaml_text.as_go(text, name=f"kubeconfig {path}", most_bytes=MOST_BYTES)
    except OSError as error:
        raise BadInput(f"kubeconfig {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"kubeconfig {path} is not UTF-8") from None
    except Malformed as error:
        raise BadInput(error.message) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise BadInput(f"kubeconfig {path} holds no configuration")
    if document.get("apiVersion") not in (None, "v1") or document.get("kind") not in (
        None,
        "Config",
    ):
        raise BadInput(f"kubeconfig {path} must say apiVersion: v1 and kind: Config")
    return document
