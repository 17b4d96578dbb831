"""Connection: which collector does a command read, and how does it reach it?"""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from upkeep.errors import BadInput
from upkeep.records.workload import Deployment, Install

if TYPE_CHECKING:
    from upkeep.adapters.cluster.identity.kubeconfig import Access
    from upkeep.adapters.cluster.kube import Kube
    from upkeep.clock import Clock
    from upkeep.settings.run import RunSettings
    from upkeep.settings.targets import TargetSettings

OPTIONS = {
    "kubeconfig": ("FILE", "kubeconfig file (default: KUBECONFIG, ~/.kube/config, in-cluster)"),
    "context": ("NAME", "kubeconfig context, as for kubectl"),
    "namespace": ("NAME", "namespace of the collector (default: that of the context)"),
    "deployment": (
        "NAME",
        "Deployment of the collector (default: found by image, labels and container)",
    ),
    "settings": ("FILE", "settings file (default: upkeep.toml)"),
    "target": ("NAME", "target of the settings file"),
}


class Connection(Struct, frozen=True):
    """A collector that was found, with the settings and the target of a run with the same options."""

    kube: "Kube"
    collector: Deployment
    install: Install
    settings: "RunSettings"
    target: "TargetSettings"
    clock: "Clock"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options, with the meaning they have for the checks."""
    for name, (metavar, text) in OPTIONS.items():
        parser.add_argument(f"--{name}", metavar=metavar, help=text)
    parser.add_argument(
        "--demo", nargs="?", const="healthy", metavar="SCENARIO", help="use the embedded cluster"
    )


class Reached(Struct, frozen=True):
    """A cluster that a command can ask, before any collector is known.

    :ivar target: with the kubeconfig and namespace of the embedded cluster, where that is meant.
    """

    kube: "Kube"
    access: "Access"
    settings: "RunSettings"
    target: "TargetSettings"
    clock: "Clock"


@contextlib.contextmanager
def reached(options: argparse.Namespace) -> Iterator[Reached]:
    """Prepare the requests of a command. No request is made.

    :raises BadInput: a bad option, or several targets.
    """
    from upkeep import deadline, demo
    from upkeep.adapters.cluster.identity.kubeconfig import load
    from upkeep.adapters.cluster.kube import Kube
    from upkeep.clock import Clock
    from upkeep.meter import Meter
    from upkeep.model import UNVERIFIED
    from upkeep.settings.run import resolve

    given = {
        key: [value] if key == "target" and value else value
        for key, value in vars(options).items()
        if isinstance(value, str | bool)
    }
    settings = resolve(given, os.environ, cwd=Path.cwd())
    if len(settings.targets) != 1:
        raise BadInput(
            f"This command takes one target, not {len(settings.targets)}."
            f" Write for example --target={settings.targets[0].name}."
        )
    target, clock = settings.targets[0], Clock()
    with contextlib.ExitStack() as stack:
        if target.demo is not None:
            try:
                cluster = stack.enter_context(demo.start(target.demo, now=clock.now))
            except demo.UnknownScenario as error:
                raise BadInput(f"--demo={target.demo}: {error}") from None
            target = replace(
                target,
                kubeconfig=str(cluster.kubeconfig),
                namespace=target.namespace or cluster.namespace,
            )
        # One deadline for all that the command asks, as for the measurements of a run.
        stack.enter_context(deadline.ending(clock.monotonic() + settings.limits["sweep_deadline"]))
        access = load(target, environ=os.environ)
        if not access.configuration.verified:
            print(f"upkeep: warning: {access.server}: {UNVERIFIED}", file=sys.stderr)
        kube = Kube(
            access.configuration,
            clock=clock,
            meter=Meter(),
            deadline_seconds=settings.limits["request_deadline"],
            namespace=access.namespace,
        )
        yield Reached(kube, access, settings, target, clock)


@contextlib.contextmanager
def connected(options: argparse.Namespace) -> Iterator[Connection]:
    """Find the collector of the options.

    :raises BadInput: a bad option, or several targets.
    :raises Unmeasured: no collector found, or an error of the API server.
    """
    from upkeep.adapters.cluster import objects
    from upkeep.adapters.wire import workloads as wire
    from upkeep.domain import discovery

    with reached(options) as found:
        kube, namespace = found.kube, found.access.namespace
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        deployments = tuple(
            objects.deployment(raw) for raw in kube.items(path, type=wire.Deployment)
        )
        collector = discovery.find_collector(
            deployments, namespace=namespace, name=found.target.deployment
        )
        yield Connection(
            kube,
            collector,
            discovery.install(collector),
            found.settings,
            found.target,
            found.clock,
        )
