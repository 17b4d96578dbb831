"""``upkeep doctor``: show what this account may read, and the command that closes each gap.

All other options go to the checks: upkeep doctor --context=prod --namespace=monitoring
Exit codes: 0 every control of the cadences can be measured; 1 at least one cannot; 4 bad input.
"""

import argparse
import contextlib
import io
import itertools
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upkeep.commands.roles import USUAL_NAMES
from upkeep.commands.suite import declared
from upkeep.commands.suite import run as run_checks
from upkeep.errors import BadInput, TimedOut, Unmeasured
from upkeep.model import CADENCES
from upkeep.records.rights import IDENTITY

if TYPE_CHECKING:
    from upkeep.adapters.cluster.kube import Kube
    from upkeep.records.rights import Right

INTERRUPTED = 2  # pytest's exit code after Ctrl-C
MONITORING = "monitoring"
# The scope of a right outside the collector's namespace.
WHERE = {
    "namespace": "",
    "monitoring": f" in namespace {MONITORING}",
    "kube-system": " in namespace kube-system",
    "cluster": " in the whole cluster",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--cadence",
        action="append",
        choices=CADENCES,
        help="cadence to check (repeatable; default: daily)",
    )
    parser.add_argument(
        "checks",
        nargs="*",
        metavar="OPTION",
        help="options of the checks, such as --context, --namespace, --prometheus, --demo",
    )


def in_order(words: Sequence[str]) -> list[str]:
    """Return the words with -- before the options of the checks, where it was left out."""
    own: list[str] = []
    checks: list[str] = []
    if "--" in words:
        return list(words)
    rest = iter(words)
    for word in rest:
        if word == "--cadence":
            own += [word, *itertools.islice(rest, 1)]
        elif word in ("-h", "--help") or word.startswith("--cadence="):
            own.append(word)
        else:
            checks.append(word)
    return [*own, "--", *checks] if checks else own


class Looked:
    """A pytest plugin that asks for every declared right after the sweep, unless Ctrl-C ended it."""

    def __init__(self) -> None:
        self.answers: dict[Right, str] = {}
        self.where = ""

    def pytest_sessionfinish(self, session: Any, exitstatus: int) -> None:
        if exitstatus == INTERRUPTED:
            return
        from upkeep import deadline
        from upkeep.deadline import concurrently
        from upkeep.session import SWEEPS, clock_of, measurements_of, settings

        measurements = measurements_of(session.config)
        limits, clock = settings(session.config).limits, clock_of(session.config)
        rights = dict.fromkeys(
            right for measurement in measurements.values() for right in measurement.rights
        )
        # What has no usual name is asked for only where a document needs it; the run says so then.
        usual = [right for right in rights if not right.names or USUAL_NAMES[right.names]]
        for sweep in session.config.stash.get(SWEEPS, {}).values():
            kube, namespace = sweep.provided("kube"), sweep.provided("namespace")
            if isinstance(kube, Unmeasured):  # a target without a usable kubeconfig
                continue
            self.where = f"{kube.server}, namespace {namespace}"
            left = [
                right for right in usual if right.held_by == "role" and right not in self.answers
            ]
            # All questions together get the time of one request: a server that only refuses
            # would else be waited for once a right.
            try:
                with deadline.ending(clock.monotonic() + limits["request_deadline"]):
                    said = concurrently(lambda right: _ask(kube, right, namespace), left)  # noqa: B023 - run at once, within this pass of the loop
            except TimedOut as error:
                said = [f"could not ask: {error.reason}"] * len(left)
            self.answers |= dict(zip(left, said, strict=True))


def _ask(kube: "Kube", right: "Right", namespace: str) -> str:
    """Return ``yes``, ``no``, or the reason of an access review without an answer."""
    from upkeep.adapters.cluster.reviews import may

    resource, _, subresource = right.resource.partition("/")
    try:
        answer = may(
            kube,
            right.verb,
            resource,
            namespace={"monitoring": MONITORING, "kube-system": "kube-system", "cluster": ""}.get(
                right.scope, namespace
            ),
            group=right.group,
            subresource=subresource,
            name=USUAL_NAMES[right.names][0] if right.names else "",
        )
    except Unmeasured as error:
        return f"could not ask: {error.reason}"
    return "yes" if answer.allowed else "no"


def run(options: argparse.Namespace) -> int:
    """Print the rights, then the controls that could not be measured."""
    cadences = options.cadence or ["daily"]
    needed_by: dict[Right, list[str]] = {}
    for control, rights in declared(cadences).items():
        for right in rights:
            needed_by.setdefault(right, []).append(control)
    needed_by[IDENTITY] = ["no control; the UID of the cluster in run.json"]
    looked, said = Looked(), io.StringIO()
    with tempfile.TemporaryDirectory(prefix="upkeep-doctor-") as folder:
        arguments = ["-m", " or ".join(cadences), "-q", *options.checks, f"--out={folder}"]
        with contextlib.redirect_stdout(said):
            code = run_checks(arguments, plugins=[looked])
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if code == 4 or not looked.where:
            raise BadInput("The checks did not run. Their error is above.")
        lines = Path(folder, "results.jsonl").read_bytes().splitlines()
    results = [json.loads(line) for line in lines]
    print(f"{looked.where}\n\nRights")
    # What is missing first; the order of the cadence otherwise.
    for right, answer in sorted(looked.answers.items(), key=lambda one: one[1] == "yes"):
        if right in needed_by:
            named = f" ({right.names})" if right.names else ""
            print(
                f"  {answer:5} {right.verb} {right.resource}{named}{WHERE[right.scope]}: {', '.join(needed_by[right])}"
            )
    unknown = [result for result in results if result["outcome"] in ("unknown", "not-run")]
    print(f"\nControls: {len(results) - len(unknown)} of {len(results)} can be measured")
    causes: dict[tuple[str, str, str], list[str]] = {}
    for result in unknown:
        cause = result["reason"] or result["outcome"], result["summary"], result["next"]
        causes.setdefault(cause, []).append(result["control"])
    for (reason, summary, step), controls in causes.items():
        print(f"  {', '.join(controls)}\n      {reason}: {summary}")
        if step:
            print(f"      {step}")
    return 1 if unknown else 0
