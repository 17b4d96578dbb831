"""``upkeep config check FILE…``: the collector's rules on files on disk, before anything is deployed.

Each file is a document of the collector (destinations, teams or workflows, told by its root key) or a ConfigMap or Secret manifest that holds some.
What one file names is looked for in all of them. Variables are checked where ``--env NAME`` says which there are.
Exit codes: 0 no fault, 1 faults (one line each: file, line, what is wrong, what to do), 4 a file that cannot be read or is none of these.
"""

import argparse
from pathlib import Path

from upkeep.errors import BadInput, Unmeasured
from upkeep.records.configuration import ConfigurationDocument, Environment

SUMMARY = "check the collector's configuration files before they are deployed"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check", help="apply the collector's rules to files", description=__doc__
    )
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.add_argument(
        "--env",
        action="append",
        default=None,
        metavar="NAME",
        help="a variable that the container has; repeatable (default: not checked)",
    )


def run(options: argparse.Namespace) -> int:
    """Prints the faults, one a line, and the number of them."""
    from upkeep.judges.configuration import validity as judges
    from upkeep.judges.wording import counted

    documents = [document for file in options.files for document in read(file)]
    environment = None if options.env is None else Environment(tuple(options.env))
    found = judges.faults(documents) + (
        [] if environment is None else judges.unset_variables(documents, environment)
    )
    for fault in found:
        print(f"{fault.message} ({fault.fix})")
    for document in documents:
        for key in document.ignored:
            print(f"{document.where}: the collector ignores {key}")
    named = {name: None for one in documents for entry in one.names for name in entry.variables}
    if environment is None and named:
        print(f"not checked without --env=NAME: {', '.join(named)}")
    print(
        f"{counted(len(found), 'fault')} in {counted(len(documents), 'document')} of {counted(len(options.files), 'file')}"
    )
    return 1 if found else 0


def read(file: Path) -> list[ConfigurationDocument]:
    """The documents of a file.

    :raises BadInput: it cannot be read, is no text, or holds no document of the collector.
    """
    from upkeep.adapters.folders import configuration_files

    try:
        return [draft.document for draft in configuration_files.read(file)]
    except Unmeasured as error:
        raise BadInput(error.message) from None
