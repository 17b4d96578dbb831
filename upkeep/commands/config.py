"""``upkeep config check FILE…``: check configuration files before a deployment.

Each file is a collector document, or a ConfigMap or Secret manifest with such documents. A document
has destinations, teams or active_workflows at the top. References are looked up in all given files.
Variables are checked when --env NAME lists them.
Exit codes: 0 no fault; 1 faults, one a line (file, line, fault, fix); 4 an unreadable or foreign file.
"""

import argparse
from pathlib import Path

from upkeep.errors import BadInput, Unmeasured
from upkeep.records.configuration import ConfigurationDocument, Environment


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check", help="check files against the collector's rules", description=__doc__
    )
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.add_argument(
        "--env",
        action="append",
        default=None,
        metavar="NAME",
        help="environment variable of the container (repeatable; default: unchecked)",
    )


def run(options: argparse.Namespace) -> int:
    """Print the faults, one a line, and their number."""
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
    """Return the documents of a file.

    :raises BadInput: an unreadable file, or one without a collector document.
    """
    from upkeep.adapters.folders import configuration_files

    try:
        return [draft.document for draft in configuration_files.read(file)]
    except Unmeasured as error:
        raise BadInput(error.message) from None
