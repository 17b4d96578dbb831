"""``upkeep …``, or ``python -m upkeep …``: which command does the user ask for?"""

import argparse
import importlib
import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from upkeep import __version__
from upkeep.deadline import end_as_interrupted
from upkeep.errors import BadInput, UpkeepError
from upkeep.limits import nearest
from upkeep.masking import mask, own

COMMANDS = {
    "init": "find the collector of a cluster, and write settings, folders and a Role for it",
    "run": "run the checks with pytest, from any folder (upkeep run -m daily …)",
    "demo": "serve the embedded cluster until Ctrl-C",
    "doctor": "show what this account may read, and the command that closes each gap",
    "backup": "save the collector's ConfigMaps and Secrets as files for a restore",
    "export": "save the metrics of every pod for comparison by later runs",
    "attest": "record a sign-off with its reviewer and evidence",
    "drill": "restore the newest backup into a temporary namespace and compare it",
    "gate": "print the verdict from the ledger alone",
    "ledger": "verify, read and prune the record of runs",
    "diff": "compare two runs: new, fixed and unchanged findings",
    "waive": "write a waiver file for the findings of a run",
    "merge": "join the results of several workers or CI jobs into one run",
    "render": "draw the reports again from saved results",
    "config": "check configuration files before a deployment (upkeep config check FILE…)",
    "rbac": "print the Roles that the chosen cadences need",
}
CLOSED_PIPE = 141  # a shell's code for a program that SIGPIPE ended
BAD_INPUT = 4  # pytest's own code for a usage error
INTERRUPTED = 2  # pytest's own code, too
BROKEN = 3  # and this one, for an internal error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; 4 for bad input."""
    from upkeep.commands.printing import hiding

    words = list(sys.argv[1:] if arguments is None else arguments)
    _open_streams()
    with hiding(coloured=words[:1] == ["run"]):  # pytest's own terminal
        return _main(words)


def _open_streams() -> None:
    """Open the null device in the place of a standard stream that is closed: no file may take its number."""
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    while (free := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(free)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - to the end


def _main(words: list[str]) -> int:
    end_as_interrupted()
    try:
        if words[:1] == ["run"]:
            from upkeep.commands import suite

            return suite.run(words[1:])
        parser = _parser(words[0] if words else "")
        if not words:
            parser.print_help(sys.stderr)
            return BAD_INPUT
        if words[0][:1] != "-" and words[0] not in COMMANDS:
            raise BadInput(
                f"unknown command {words[0]!r}{nearest(words[0], COMMANDS)}. See upkeep --help."
            )
        if words[0] == "doctor":
            from upkeep.commands import doctor

            words[1:] = doctor.in_order(words[1:])
        else:  # all options are the command's own, with or without it
            words = [word for word in words if word != "--"]
        options, others = parser.parse_known_args(words)
        if others:
            known = sorted(set(re.findall(r"--[a-z][\w-]*", options.parser.format_help())))
            near = nearest(others[0].partition("=")[0], known) if others[0][:2] == "--" else ""
            raise BadInput(
                f"unknown arguments: {' '.join(others)}{near}. See upkeep {words[0]} --help."
            )
        code: int = options.module.run(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader has what it wants (| head). Python would complain again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    except BadInput as error:
        from upkeep.urls import without_user

        print(f"upkeep: {own(without_user(str(error)))}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("upkeep: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last handler: what a library says may hold a token
        print(f"upkeep: {_broken(error)}", file=sys.stderr)
        return BROKEN


def _broken(error: Exception) -> str:
    """Return what broke in one masked sentence, and where."""
    if isinstance(error, UpkeepError):
        step = getattr(error, "next_step", "")
        return own(str(error)) + (f" (next: {own(step)})" if step else "")
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return mask(f"{error.strerror}{where}")
    place = traceback.extract_tb(error.__traceback__)[-1]
    what = mask(" ".join(str(error).split()))[:300]
    return (
        f"the command broke: {type(error).__name__}: {what}, in {place.name} "
        f"({place.filename}:{place.lineno}). Report it, please"
    )


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one sentence, with pytest's code for a usage error."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(f"{message}. See {self.prog} --help.")


def _parser(command: str) -> argparse.ArgumentParser:
    """Return the parser. Only the given command is imported, so --help is quick."""
    parser = _Parser(
        prog="upkeep",
        description="The maintenance guide of cano-collector, checked on a live cluster.",
    )
    parser.add_argument("--version", action="version", version=f"upkeep {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        own = commands.add_parser(name, help=summary, description=summary)
        if name == command and name != "run":
            module = importlib.import_module(f"upkeep.commands.{name}")
            own.description = module.__doc__
            own.formatter_class = argparse.RawDescriptionHelpFormatter
            module.arguments(own)
            own.set_defaults(module=module, parser=own)
    return parser


if __name__ == "__main__":
    sys.exit(main())
