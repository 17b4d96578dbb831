"""``upkeep demo``: serve the embedded cluster until Ctrl-C, for kubectl and for people.

Exit codes: 0 after Ctrl-C; 4 bad input.
"""

import argparse
import shutil
import signal
import threading
from pathlib import Path


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
        started = demo.start(options.scenario, now=Clock().now, port=options.port)
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else "a port is a number up to 65535"
        raise BadInput(
            f"--port={options.port}: {why}. Choose another port, or leave the option out."
        ) from None
    with started as cluster:
        kubeconfig = cluster.kubeconfig
        if options.kubeconfig is not None:
            try:
                kubeconfig = Path(shutil.copyfile(kubeconfig, options.kubeconfig))
                kubeconfig.chmod(0o600)
            except OSError as error:
                raise BadInput(
                    f"--kubeconfig={options.kubeconfig}: {error.strerror}. Name a writable file."
                ) from None
        print(
            f"{options.scenario}: {demo.summary(options.scenario)}\n{cluster.url}, namespace {cluster.namespace}"
        )
        print(f"kubectl --kubeconfig={kubeconfig} get pods\nStop with Ctrl-C.", flush=True)
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        ended.wait()
    return 0
