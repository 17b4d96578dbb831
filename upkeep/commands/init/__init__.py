"""``upkeep init``: find the collector of a cluster, and write settings, folders and a Role for it.

It reads the cluster of the current context, or of --context. It writes upkeep.toml, the folders of
upkeep-data/ (mode 0700), the Role of the measuring account as upkeep-rbac.yaml, and a first export.
It applies nothing to the cluster and overwrites no file. A further call appends [targets.NAME] to the
settings file. The output ends with the controls that cannot be measured yet, the command for each,
and the daily checklist.
Exit codes: 0 everything is written; 1 the cluster cannot be read and no file is written, or the first
export or backup failed; 4 bad input.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from upkeep.adapters.folders import encryption
from upkeep.addressing import Address, addressed
from upkeep.commands import backup, connection, export
from upkeep.commands.init import files, settings_text
from upkeep.commands.init.found import Found, measure
from upkeep.commands.init.place import Place, exists, find
from upkeep.commands.init.report import remaining, summary
from upkeep.commands.init.role import role
from upkeep.commands.roles import MONITORING
from upkeep.errors import BadInput, Unmeasured
from upkeep.lines import wrapped
from upkeep.model import listed
from upkeep.shell import shell

OPTIONS = {
    "prometheus": ("URL", "URL of Prometheus (default: found by its Service)"),
    "alertmanager": ("URL", "URL of Alertmanager (default: found by its Service)"),
    "alertmanager-config": (
        "KIND/NS/NAME",
        "Secret or ConfigMap with Alertmanager's configuration, and with the keys of every receiver",
    ),
    "acting-context": (
        "NAME",
        "kubeconfig context of the acting identity; it sends server dry runs only",
    ),
    "chart-repository": ("URL|FILE", "chart repository, or its index.yaml"),
    "collector": ("URL", "URL of the collector (default: the pod proxy)"),
}
DEFAULT_FILE = "upkeep.toml"
IN_CLUSTER = "in-cluster"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    for name in ("kubeconfig", "context", "namespace", "deployment"):
        metavar, text = connection.OPTIONS[name]
        parser.add_argument(f"--{name}", metavar=metavar, help=text)
    for name, (metavar, text) in OPTIONS.items():
        parser.add_argument(f"--{name}", metavar=metavar, help=text)
    parser.add_argument(
        "--demo", nargs="?", const="healthy", metavar="SCENARIO", help="use the embedded cluster"
    )
    parser.add_argument(
        "--settings",
        metavar="FILE",
        default=DEFAULT_FILE,
        help=f"settings file to write or to extend (default: {DEFAULT_FILE})",
    )
    parser.add_argument(
        "--target",
        metavar="NAME",
        help="name of the target (default: none in a new file, else the context)",
    )
    parser.add_argument("--print", action="store_true", help="print the files and write none")
    parser.add_argument(
        "--backup",
        action="store_true",
        help="also save a first backup: its files hold the values of the Secrets",
    )
    parser.add_argument(
        "--recipient",
        metavar="age1…",
        action="append",
        default=[],
        help="encrypt the backup to this age recipient (repeatable); age-keygen creates a key pair",
    )


def run(options: argparse.Namespace) -> int:
    """Read the cluster, then write the files."""
    if options.recipient and not options.backup:
        raise BadInput("--recipient encrypts a backup. Add --backup.")
    encryption.recipients(options.recipient)
    path = Path.cwd() / Path(options.settings).expanduser()
    try:
        with connection.reached(_reading(options)) as reached:
            access, now = reached.access, reached.clock.now()
            plan = files.plan(
                path,
                target=options.target,
                context=options.demo or access.context,
                values=_values(options, context=access.context, namespace=options.namespace),
            )
            place = find(reached, given=options.namespace)
            monitoring = exists(reached, MONITORING)
    except Unmeasured as error:
        step = f" (next: {error.next_step})" if error.next_step else ""
        print(f"upkeep: no file written: {error}{step}", file=sys.stderr)
        return 1
    collector = place.collector
    values = _values(options, context=access.context, namespace=collector.namespace)
    files.refuse_same(plan, values)
    values |= {"deployment": collector.name}
    values |= {"backups": plan.folders.backups, "exports": plan.folders.exports}
    cluster = "embedded (--demo)" if options.demo else access.server
    text = settings_text.Text(plan.target, values, plan.folders, at=now, cluster=cluster)
    with tempfile.TemporaryDirectory(prefix="upkeep-init-") as folder:
        trial = files.trial(plan, text, Path(folder))
        found = measure(trial, target=plan.target)
    notes = _notes(place, found, beside=access.beside)
    rules = role(collector, found, monitoring=monitoring, stored=values.get("alertmanager_config"))
    terminal = sys.stdout.isatty()
    facts = summary(place, found, cluster=cluster, user="demo" if options.demo else access.user)
    print("\n".join(wrapped(facts, terminal=terminal)))
    written = text.appended(plan.existing, notes) if plan.existing else text.whole(notes)
    failed = 0
    if options.print:
        print(f"\n--- {plan.path}\n{written}")
    else:
        files.write(plan, written, rules)
        failed = _first_files(options, plan)
        found = measure(plan.path, target=plan.target)
    print(f"\n--- {plan.role}\n{rules}")
    own = Address(context=values.get("context", ""), kubeconfig=values.get("kubeconfig", ""))
    apply = addressed(shell("kubectl apply -f {}", files.shown(plan.role)), own)
    rest = remaining(found, apply=apply, settings=files.shown(plan.path), target=plan.target)
    print("\n".join(wrapped(rest, terminal=terminal)))
    return failed


def _reading(options: argparse.Namespace) -> argparse.Namespace:
    """Return the options without those of files: an existing settings file describes another target."""
    own = dict.fromkeys(("target", "print", "backup", "recipient"))
    return argparse.Namespace(**{**vars(options), **own, "settings": os.devnull})


def _values(options: argparse.Namespace, *, context: str, namespace: str | None) -> dict[str, str]:
    """Return the keys of the target, as far as options and kubeconfig decide them."""
    values = {
        key: value
        for key in settings_text.TARGET
        if (value := getattr(options, key, None)) and isinstance(value, str)
    }
    if "kubeconfig" in values:  # the file is read from other folders
        values["kubeconfig"] = os.pathsep.join(
            str(Path(one).expanduser().absolute()) for one in values["kubeconfig"].split(os.pathsep)
        )
    if "://" not in values.get("chart_repository", "://"):
        values["chart_repository"] = str(Path(values["chart_repository"]).expanduser().absolute())
    if "demo" not in values and context != IN_CLUSTER:
        values["context"] = context
    return values | ({"namespace": namespace} if namespace else {})


def _notes(place: Place, found: Found, *, beside: Sequence[str]) -> dict[str, str]:
    """Return the comment of each key and subject: the fact, and how it was found."""
    facts = found.facts
    others = f"Other contexts of this cluster: {listed(list(beside))}." if beside else ""
    notes = {
        "namespace": f"The namespace of the collector: {place.how}.",
        "deployment": f"The Deployment: {place.how_deployment} {facts['collector']} {facts['pods']}",
        "acting_context": f"The identity of rehearsals, which are server dry runs. {others}",
        "prometheus": f"Prometheus: {facts['prometheus']}",
        "alertmanager": f"Alertmanager: {facts['alertmanager']}",
        "chart_repository": f"Helm: {facts['helm']} Only you know the repository's URL.",
        "backups": f"Backups, as `upkeep backup` writes them. {facts['backups']}",
        "exports": "Metrics of the pods: each run saves them, and later runs compare.",
        "metrics-server": facts["metrics-server"],
        "service account": facts["rights"],
    }
    if found.alertmanager_config:
        notes["alertmanager_config"] = (
            f"Alertmanager hides URLs. {found.alertmanager_config} probably stores them, "
            "with the keys of every receiver."
        )
    return notes


def _first_files(options: argparse.Namespace, plan: files.Plan) -> int:
    """Save the first export, and the first backup where it is asked for."""
    chosen = {"settings": str(plan.path), "target": plan.target or None}
    code = export.run(argparse.Namespace(**chosen))
    if options.backup:
        code = max(
            code,
            backup.run(
                argparse.Namespace(
                    **chosen, recipient=options.recipient, keep_days=30, keep_at_least=7
                )
            ),
        )
    return code
