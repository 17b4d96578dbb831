"""``upkeep demo``: serve the embedded cluster until Ctrl-C, for kubectl and for people.

Exit codes: 0 after Ctrl-C; 4 bad input.
"""

import argparse
import signal
import threading
from pathlib import Path

from upkeep.deadline import ending_signals
from upkeep.shell import shell

# The first line of what this command wrote, and may replace.
MARK = b"# upkeep demo\n"
MOST_BYTES = 1024 * 1024


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "scenario",
        nargs="?",
        default="healthy",
        metavar="SCENARIO",
        help="scenario to serve; list prints all (default: healthy)",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port on 127.0.0.1 (default: a free port)"
    )
    parser.add_argument(
        "--kubeconfig", type=Path, metavar="FILE", help="also write the kubeconfig to FILE"
    )


def run(options: argparse.Namespace) -> int:
    """Serve the scenario."""
    from upkeep import demo
    from upkeep.clock import Clock
    from upkeep.commands.suite import typed
    from upkeep.errors import BadInput

    if options.scenario == "list":
        from upkeep.demo import listing

        print("\n".join(listing.lines()))
        return 0
    try:
        demo.parse(options.scenario)
    except demo.UnknownScenario as error:
        raise BadInput(str(error)) from None
    try:
        started = demo.start(options.scenario, now=Clock().now, port=options.port, served=True)
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else "a port is a number up to 65535"
        raise BadInput(
            f"--port={options.port}: {why}. Choose another port, or leave the option out."
        ) from None
    with started as cluster:
        kubeconfig = cluster.kubeconfig
        if options.kubeconfig is not None:
            try:
                kubeconfig = _copied(kubeconfig, options.kubeconfig)
            except OSError as error:
                raise BadInput(
                    f"--kubeconfig={options.kubeconfig}: {error.strerror}. Name a writable file."
                ) from None
        print(
            f"{options.scenario}: {demo.summary(options.scenario)}\n{cluster.url}, namespace {cluster.namespace}\n\n"
            f"{shell('export KUBECONFIG={}', kubeconfig)}\nkubectl get pods\n{typed()} -m daily\n\n"
            "The demo cluster changes nothing. Stop it with Ctrl-C.",
            flush=True,
        )
        ended = threading.Event()
        for number in (signal.SIGINT, *ending_signals()):
            signal.signal(number, lambda *_: ended.set())
        ended.wait()
    return 0


def _copied(kubeconfig: Path, to: Path) -> Path:
    """Return the copy of the kubeconfig, which only its owner may read.

    :raises BadInput: another file stands there. :raises OSError: it cannot be written.
    """
    from upkeep.errors import BadInput
    from upkeep.files import read_bounded, write_whole

    if to.is_symlink() or to.exists():
        own = False
        if not to.is_symlink():
            own = read_bounded(to, most_bytes=MOST_BYTES, follow=False).startswith(MARK)
        if not own:
            raise BadInput(f"--kubeconfig={to}: another file stands there. Name a new one")
    write_whole(to, MARK + kubeconfig.read_bytes())
    return to
