"""``upkeep config check FILE…``: the collector's rules on files on disk, before anything is deployed.

Each file is a document of the collector (destinations, teams or workflows, told by its root key) or a ConfigMap or Secret manifest that holds some.
What one file names is looked for in all of them. Variables are checked where ``--env NAME`` says which there are.
Exit codes: 0 no fault, 1 faults (one line each: file, line, what is wrong, what to do), 4 a file that cannot be read or is none of these.
"""

import argparse
import base64
import binascii
from pathlib import Path
from typing import Any

from upkeep.errors import BadInput, Malformed
from upkeep.records import ConfigurationDocument, Environment

SUMMARY = "check the collector's configuration files before they are deployed"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="apply the collector's rules to files", description=__doc__)
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.add_argument(
        "--env", action="append", default=None, metavar="NAME", help="a variable that the container has; repeatable (default: not checked)"
    )


def run(options: argparse.Namespace) -> int:
    """Prints the faults, one a line, and the number of them."""
    from upkeep.judges import configuration as judges

    documents = [document for file in options.files for document in read(file)]
    environment = None if options.env is None else Environment(tuple(options.env))
    found = judges.faults(documents) + ([] if environment is None else judges.unset_variables(documents, environment))
    for fault in found:
        print(f"{fault.message} ({fault.fix})")
    print(f"{len(found)} faults in {len(documents)} documents of {len(options.files)} files")
    return 1 if found else 0


def read(file: Path) -> list[ConfigurationDocument]:
    """The documents of a file.

    :raises BadInput: it cannot be read, is no text, or holds no document of the collector.
    """
    from upkeep.adapters import configuration, documents

    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{file}: is no UTF-8 text; a document, or a ConfigMap or Secret manifest, was expected") from None
    try:
        body: Any = documents.load(text, name=str(file))
    except Malformed:
        # Which kind it was meant to be shows in its name at best; that it is no YAML is said in any case.
        kind = configuration.KINDS.get(file.name, "destinations")
        return [configuration.parse(text, kind=kind, where=str(file))]
    if isinstance(body, dict) and body.get("kind") in ("ConfigMap", "Secret"):
        found = _of_manifest(file, body)
    else:
        kind = configuration.kind_of(text, where=str(file)) or configuration.KINDS.get(file.name, "")
        found = [configuration.parse(text, kind=kind, where=str(file))] if kind else []
    if not found:
        roots = ", ".join(configuration.ROOTS.values())
        raise BadInput(
            f"{file}: is no document of the collector: a key of {roots}, or a manifest with {', '.join(configuration.KINDS)}, was expected"
        )
    return found


def _of_manifest(file: Path, body: dict[str, Any]) -> list[ConfigurationDocument]:
    """The documents that a ConfigMap or Secret holds, as plain text or base64; their lines are those within the document."""
    from upkeep.adapters import configuration

    found = []
    for key, kind in configuration.KINDS.items():
        plain = (body.get("stringData") or {}).get(key) if body["kind"] == "Secret" else (body.get("data") or {}).get(key)
        encoded = (body.get("data") or {}).get(key) if body["kind"] == "Secret" and plain is None else None
        where = f"{file} key {key}"
        if encoded is not None:
            try:
                plain = base64.b64decode(str(encoded), validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                raise BadInput(f"{where}: is not base64 of a text; use stringData, or base64 -w0") from None
        if plain is not None:
            if not isinstance(plain, str):
                raise BadInput(f"{where}: a text was expected; write '{key}: |' and indent the document under it")
            found.append(configuration.parse(plain, kind=kind, where=where))
    return found
