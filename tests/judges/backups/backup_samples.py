"""Folders of backups, one builder each, and the judges over them."""

from msgspec.structs import replace

from tests.judges.samples import NOW, ago, install, workload
from upkeep.errors import Absent, Forbidden, Unmeasured
from upkeep.judges.backups import restores, sets
from upkeep.judges.backups import saved as saved_judge
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.access import AccessAnswer, DryRun, RestoreRehearsal
from upkeep.records.backups import BackupFault, BackupFile, BackupFolder, BackupSet
from upkeep.records.configuration import ConfigurationObject, ConfigurationReference
from upkeep.records.workload import Workload

INSTALL = install()
LONG_AGO = ago(days=90)
CONFIG, SECRET = ("ConfigMap", "cano-collector-config"), ("Secret", "cano-collector-secrets")
REFERENCES = (ConfigurationReference(*CONFIG), ConfigurationReference(*SECRET))
NO_ACCESS = Forbidden("--acting-context may nothing")


def thing(
    which: tuple[str, str] = CONFIG, *, namespace: str = "monitoring", value: str = "1", **changes
) -> ConfigurationObject:
    kind, name = which
    plain = ConfigurationObject(
        kind,
        namespace,
        name,
        {"k": value},
        "Opaque" if kind == "Secret" else "",
        100,
        "backup-20260102.yaml",
    )
    return replace(plain, **changes)


LIVE = (thing(), thing(SECRET))


def backup(
    days: float = 0.1,
    *objects: ConfigurationObject,
    faults: tuple[BackupFault, ...] = (),
    mode: int = 0o600,
) -> BackupSet:
    taken = ago(days=days)
    stamp = f"{taken:%Y%m%d}"
    files = tuple(BackupFile(f"{part}-{stamp}.yaml", mode, taken) for part in ("backup", "secrets"))
    return BackupSet(
        stamp, taken.date().isoformat(), taken, "manifest", files, objects or LIVE, faults
    )


def folder(*sets: BackupSet, **changes) -> BackupFolder:
    return replace(
        BackupFolder(
            "/backups", False, tuple(sorted(sets, key=lambda one: one.stamp, reverse=True))
        ),
        **changes,
    )


def week(**changes) -> BackupFolder:
    return folder(*(backup(number + 0.1) for number in range(8)), **changes)


def saved(
    those: BackupFolder, live=LIVE, seen: Workload | Unmeasured | None = None, **limits: float
) -> Judgement:
    """Judged with pods that are well, unless others were ``seen``."""
    return saved_judge.configuration_saved(
        those, live, seen or workload(), install=INSTALL, now=NOW, limits=Limits(limits)
    )


def complete(
    those: BackupFolder, references=REFERENCES, created=LONG_AGO, **limits: float
) -> Judgement:
    return sets.complete(
        those, references, created=created, install=INSTALL, now=NOW, limits=Limits(limits)
    )


def rehearsal(
    newest: BackupSet, *, may: bool = True, **refused: tuple[int, str, str]
) -> RestoreRehearsal:
    """Both ways of restoring each object of a set; ``refused`` are (status, reason, message) by action."""
    access = tuple(
        AccessAnswer("the acting identity", verb, "", "secrets", "", "monitoring", may)
        for verb in ("patch", "create")
    )
    runs = [
        DryRun(
            action,
            f"{one.kind}/{one.name}",
            action not in refused,
            *(refused.get(action) or (200,)),
        )
        for one in newest.objects
        for action in ("patch", "create")
    ]
    return RestoreRehearsal(newest.stamp, access, tuple(runs))


def restorable(
    those: BackupFolder, tried: RestoreRehearsal | Unmeasured | None = None, references=REFERENCES
) -> Judgement:
    if tried is None:
        tried = rehearsal(those.sets[0]) if those.sets else Absent("there is no backup")
    return restores.restorable(those, references, tried, install=INSTALL)


def codes(judgement: Judgement) -> list[str]:
    return [finding.code for finding in judgement.findings]
