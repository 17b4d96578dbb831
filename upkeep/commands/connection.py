"""What the commands that look at one collector have in common: the options that say which, and the way there."""

import argparse
import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from upkeep.errors import BadInput
from upkeep.records.workload import Deployment, Install

if TYPE_CHECKING:
    from upkeep.adapters.cluster.kube import Kube
    from upkeep.clock import Clock
    from upkeep.settings import RunSettings, TargetSettings

OPTIONS = {
    "kubeconfig": ("FILE", "as kubectl's (default: KUBECONFIG, ~/.kube/config, in-cluster)"),
    "context": ("NAME", "the kubeconfig's context"),
    "namespace": ("NAME", "the collector's namespace"),
    "deployment": ("NAME", "the collector's Deployment, where several could be meant"),
    "settings": ("FILE", "settings file (default: upkeep.toml where it exists)"),
    "target": ("NAME", "one of the settings file's targets"),
}


@dataclass(frozen=True, slots=True)
class Connection:
    """One collector, found. ``settings`` are those of a run with the same options; ``target`` says where it is."""

    kube: "Kube"
    collector: Deployment
    install: Install
    settings: "RunSettings"
    target: "TargetSettings"
    clock: "Clock"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options; they mean what they mean for the checks."""
    for name, (metavar, text) in OPTIONS.items():
        parser.add_argument(f"--{name}", metavar=metavar, help=text)
    parser.add_argument(
        "--demo", nargs="?", const="healthy", metavar="SCENARIO", help="the embedded cluster"
    )


@contextlib.contextmanager
def connected(options: argparse.Namespace) -> Iterator[Connection]:
    """Finds the collector that the options mean.

    :raises BadInput: an option cannot be used, or several targets are named. :raises Unmeasured: it cannot be found, or not be looked for.
    """
    from upkeep import deadline, demo
    from upkeep.adapters.cluster import objects
    from upkeep.adapters.cluster.kube import Kube
    from upkeep.adapters.cluster.kubeconfig import load
    from upkeep.clock import Clock
    from upkeep.domain import discovery
    from upkeep.meter import Meter
    from upkeep.model import UNVERIFIED
    from upkeep.settings import resolve

    given = {
        key: [value] if key == "target" and value else value
        for key, value in vars(options).items()
        if isinstance(value, str | bool)
    }
    settings = resolve(given, os.environ, cwd=Path.cwd())
    if len(settings.targets) != 1:
        raise BadInput(
            f"one target was expected, not {len(settings.targets)}: --target={settings.targets[0].name}"
        )
    target, clock = settings.targets[0], Clock()
    with contextlib.ExitStack() as stack:
        if target.demo is not None:
            try:
                cluster = stack.enter_context(demo.start(target.demo, now=clock.now))
            except demo.UnknownScenario as error:
                raise BadInput(f"--demo={target.demo}: {error}") from None
            target = dataclasses.replace(
                target,
                kubeconfig=str(cluster.kubeconfig),
                namespace=target.namespace or cluster.namespace,
            )
        # One deadline for all that the command asks, as for the measurements of a run.
        stack.enter_context(deadline.ending(clock.monotonic() + settings.limits["sweep_deadline"]))
        access = load(target, environ=os.environ)
        if not access.configuration.verified:
            print(f"upkeep: warning: {access.server}: {UNVERIFIED}", file=sys.stderr)
        deadline_seconds = settings.limits["request_deadline"]
        kube = Kube(
            access.configuration,
            clock=clock,
            meter=Meter(),
            deadline_seconds=deadline_seconds,
            namespace=access.namespace,
        )
        path = f"/apis/apps/v1/namespaces/{access.namespace}/deployments"
        deployments = tuple(objects.deployment(raw) for raw in kube.items(path))
        collector = discovery.find_collector(
            deployments, namespace=access.namespace, name=target.deployment
        )
        yield Connection(kube, collector, discovery.install(collector), settings, target, clock)
