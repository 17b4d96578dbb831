"""Found: which programs, rights and objects did the suite's own measurements find?"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from upkeep.commands.doctor import INTERRUPTED, WHERE, Looked
from upkeep.commands.roles import ALL
from upkeep.commands.suite import run as run_checks
from upkeep.errors import BadInput
from upkeep.model import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from upkeep.records.rights import Right
    from upkeep.sweep import Sweep

PROGRAMS = ("prometheus", "alertmanager")
ALONE = ("-p", "no:reports.memory", "-p", "no:reports.metrics")


class Found(Struct, frozen=True):
    """The cluster as the suite measured it.

    :ivar facts: a sentence for each subject, by its name.
    :ivar services: namespace and ``name:port`` of each monitoring program's Service.
    :ivar alertmanager_config: where Alertmanager's configuration is stored, where its API hides URLs.
    :ivar refused: the rights that an access review denied.
    :ivar results: the lines of results.jsonl.
    """

    facts: dict[str, str]
    services: dict[str, tuple[str, str]] = field(default_factory=dict)
    alertmanager_config: str = ""
    refused: tuple[str, ...] = ()
    results: tuple[dict[str, Any], ...] = ()


class Seen(Looked):
    """A pytest plugin that reads the sweep of the run, and asks for every declared right."""

    def __init__(self) -> None:
        super().__init__()
        self.sweeps: list[Sweep] = []

    def pytest_sessionfinish(self, session: Any, exitstatus: int) -> None:
        from upkeep.session import SWEEPS

        super().pytest_sessionfinish(session, exitstatus)
        self.sweeps = list(session.config.stash.get(SWEEPS, {}).values())


def measure(settings: Path, *, target: str = "") -> Found:
    """Run every check of the suite with a settings file, and return what it found.

    The run is neither recorded in the ledger nor published as metrics.

    :param target: the target of the file; empty for the unnamed one.
    :raises BadInput: the suite refused the run; pytest has printed why.
    """
    seen, said = Seen(), io.StringIO()
    with tempfile.TemporaryDirectory(prefix="upkeep-init-") as folder:
        chosen = [f"--settings={settings}", f"--out={folder}", *ALONE]
        chosen += [f"--target={target}"] if target else []
        with contextlib.redirect_stdout(said):
            code = run_checks(["-m", " or ".join(ALL), "-q", *chosen], plugins=[seen])
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if code == 4 or not seen.sweeps:
            raise BadInput("The checks did not run. Their error is above.")
        lines = Path(folder, "results.jsonl").read_bytes().splitlines()
    (sweep,) = seen.sweeps
    services = {name: one for name in PROGRAMS if (one := _service(sweep, name)) is not None}
    configuration = sweep.known("alertmanager_configuration")
    stored = configuration.stored if configuration is not None else ""
    return Found(
        facts=_facts(sweep),
        services=services,
        alertmanager_config=stored if "/NAMESPACE/" not in stored else "",
        refused=refused(seen.answers),
        results=tuple(json.loads(line) for line in lines),
    )


def refused(answers: Mapping[Right, str]) -> tuple[str, ...]:
    """Return the rights that an access review denied, in words, each once."""
    groups: dict[str, str] = {}
    found: list[str] = []
    for right, answer in answers.items():
        # The names of a review are the usual ones; this install may have others.
        if answer != "yes" and not right.names:
            why = "" if answer == "no" else f" ({answer})"
            what, place = f"{right.verb} {right.resource}", f"{WHERE[right.scope]}{why}"
            # metrics.k8s.io has pods, too.
            if groups.setdefault(what, right.group) != right.group:
                what += f".{right.group}"
            found.append(f"{what}{place}")
    return tuple(dict.fromkeys(found))


def _service(sweep: Sweep, program: str) -> tuple[str, str] | None:
    """Return namespace and ``name:port`` of a program's Service; ``None`` at a URL, or without one."""
    known = sweep.known(program)
    kind, _, place = (known.where if known is not None else "").partition(" ")
    namespace, _, name = place.partition("/")
    return (namespace, name) if kind == "Service" else None


def _facts(sweep: Sweep) -> dict[str, str]:
    """Return a sentence for each subject: the object and how it was found, or why it was not."""

    def tell(name: str, sentence: Callable[[Any], str]) -> str:
        stopped, record = sweep.stopped(name), sweep.known(name)
        if stopped is not None:
            return _plain(str(stopped))
        return "Not measured." if record is None else _plain(sentence(record))

    def program(name: str, asked: str) -> str:
        where = tell(name, lambda one: one.where)
        stopped = sweep.stopped(asked)
        if sweep.known(name) is None:
            return where
        return f"{where}. It answers." if stopped is None else f"{where}. {_plain(str(stopped))}"

    return {
        "collector": tell("install", lambda one: f"Container {one.container}, port {one.port}."),
        "pods": tell(
            "workload",
            lambda one: (
                f"{len(one.pods)} pods run as ServiceAccount "
                f"{one.deployment.template.service_account or 'default'}."
            ),
        ),
        "prometheus": program("prometheus", "guide_rules"),
        "alertmanager": program("alertmanager", "alertmanager_configuration"),
        "metrics-server": tell(
            "container_usage", lambda usages: f"It measures {len(usages)} containers."
        ),
        "helm": tell(
            "installed_chart",
            lambda one: f"Chart {one.name} {one.version}, from {one.source}.",
        ),
        "rights": tell(
            "grants", lambda grants: f"{len(grants)} grants of the collector's ServiceAccount."
        ),
        "backups": tell(
            "backup_cron_jobs",
            lambda jobs: (
                f"CronJob {listed([job.name for job in jobs])}."
                if jobs
                else "No CronJob backs up the collector's objects."
            ),
        ),
    }


def _plain(text: str) -> str:
    return " ".join(text.split())
