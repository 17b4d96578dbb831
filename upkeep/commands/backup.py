"""``upkeep backup``: save the collector's ConfigMaps and Secrets as files for a restore.

A set is backup-YYYYMMDD.yaml (ConfigMaps), secrets-YYYYMMDD.yaml (Secrets) and a manifest with SHA-256
and time. Secret values are base64, as in kubectl's output: protect the folder, or encrypt with
--recipient. A second set of a day has the time in its names; no file is overwritten.
Restore: kubectl apply --server-side --force-conflicts -f FILE
Restore an encrypted file: age --decrypt -i IDENTITY FILE.age | kubectl apply --server-side --force-conflicts -f -

--pushgateway and --textfile publish two times under the names of the guide's alerts: that of this
success, and that of the newest change of the configuration.

Exit codes: 0 a set is written, or today's newest set is equal; 1 an object is unreadable and no file
is written; 4 bad input.
"""

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from upkeep.commands import connection
from upkeep.errors import Absent, BadInput, Unmeasured


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    connection.arguments(parser)
    parser.add_argument(
        "--backups",
        metavar="DIR",
        help="folder of the backups (default: backups of the settings); created if missing",
    )
    parser.add_argument(
        "--recipient",
        metavar="age1…",
        action="append",
        default=[],
        help="encrypt to this age recipient (repeatable); age-keygen creates a key pair",
    )
    parser.add_argument(
        "--backup-identity",
        metavar="FILE",
        help="age identity that decrypts today's set for the comparison",
    )
    parser.add_argument(
        "--keep-days",
        type=_count,
        default=30,
        metavar="N",
        help="remove sets of upkeep older than N days (default: 30)",
    )
    parser.add_argument(
        "--keep-at-least",
        type=_count,
        default=7,
        metavar="N",
        help="always keep the newest N sets of upkeep (default: 7)",
    )
    parser.add_argument(
        "--pushgateway", metavar="URL", help="publish the time of the backup to a Pushgateway"
    )
    parser.add_argument(
        "--textfile",
        metavar="FILE",
        help="write the time of the backup as a metric; {target} is replaced, {cadence} by guide",
    )


def run(options: argparse.Namespace) -> int:
    """Read every object, then write all of them."""
    from upkeep.adapters.folders import encryption
    from upkeep.adapters.folders.backups import writer
    from upkeep.domain import discovery

    recipients = encryption.recipients(options.recipient)
    try:
        with connection.connected(options) as found:
            folder = found.target.backups or found.settings.backups
            if folder is None:
                raise BadInput("No backup folder given. Add --backups=DIR.")
            references = discovery.references(found.collector, found.install)
            if not references:
                raise Absent(
                    f"The pod template of Deployment/{found.install.deployment} names no ConfigMap or Secret."
                )
            objects, left_out = [], []
            for one in references:
                try:
                    objects.append(
                        found.kube.configuration_object(
                            one.kind, one.name, namespace=found.install.namespace
                        )
                    )
                except Absent:
                    if not one.optional:
                        raise
                    left_out.append(
                        f"{one.kind}/{one.name} is optional and does not exist; skipped"
                    )
    except Unmeasured as error:
        print(
            f"upkeep: no file written: {error}"
            + (f" (next: {error.next_step})" if error.next_step else ""),
            file=sys.stderr,
        )
        return 1
    now = found.clock.now()
    for text in left_out:
        print(text)
    identities = encryption.identities(found.settings.backup_identity)
    if _saved_today(folder, objects, now=now, encrypted=bool(recipients), identities=identities):
        print(f"{folder}: today's newest backup equals all {len(objects)} objects; no file written")
    else:
        written = writer.save(
            folder,
            objects,
            deployment=found.install.deployment,
            namespace=found.install.namespace,
            taken=now.replace(microsecond=0),
            recipients=recipients,
        )
        for path in written:
            print(path)
    for stamp in writer.prune(
        folder, now=now, days=options.keep_days, at_least=options.keep_at_least
    ):
        print(f"removed {stamp}, older than {options.keep_days} days")
    _publish(found, objects, now=now)
    return 0


def _publish(found: connection.Connection, saved: list[dict[str, Any]], *, now: datetime) -> None:
    """Publish the guide's two times, where the settings ask for it; a failure is one line."""
    chosen = found.settings
    if chosen.pushgateway is None and chosen.textfile is None:
        return
    from upkeep.adapters.cluster.objects import field_owners
    from upkeep.commands.suite import plugin

    metrics = plugin("reports.metrics")
    backup, configuration = metrics.GUIDE
    times = {backup: now}
    owners = [owner for one in saved for owner in field_owners(one["metadata"])]
    if changed := [owner.changed for owner in owners if owner.changed is not None]:
        times[configuration] = max(changed)
    group = metrics.Published(found.target.name or "default", "", metrics.guide_registry(times))
    for said in metrics.publish(chosen, [group]):
        print(f"upkeep: {said}", file=sys.stderr)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, not {text!r}")
    return int(text)


def _saved_today(
    folder: Path, objects: list[dict[str, Any]], *, now: Any, encrypted: bool, identities: Any
) -> bool:
    """Return whether today's newest set has no fault, equals these objects and is encrypted as asked."""
    from upkeep.adapters.folders import backups

    if not folder.is_dir():
        return False
    newest = max(backups.stamps(folder).items(), default=("", []))[1]
    if any(
        name.endswith(".age") is not encrypted for name in newest if not name.endswith(".json")
    ) or (encrypted and not identities):
        return False
    try:
        sets = backups.read(folder, now=now, days=1, identities=identities).sets
    except Unmeasured:
        return False  # an unreadable set is saved again; config-backed-up reports it
    if not sets or sets[0].faults or sets[0].day != now.date().isoformat():
        return False
    saved = {(one.kind, one.name): (one.keys, one.type, one.namespace) for one in sets[0].objects}
    live = {
        (one.kind, one.name): (one.keys, one.type, one.namespace)
        for one in map(backups.configuration_object, objects)
    }
    return saved == live and not any(one.server_fields for one in sets[0].objects)
