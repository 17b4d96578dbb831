"""A folder of backups as records: the guide's files (``backup-YYYYMMDD.yaml``, ``secrets-YYYYMMDD.yaml``) and those of ``upkeep backup``, which
have a ``manifest-YYYYMMDD.json`` beside them.

Files are untrusted input, and what is wrong with one is a fault of it, never the end of the reading. Values become keyed digests here.
Source: the guide's "Backup current configuration", "Backup Verification" and its backup CronJob; collector.md, "Traps".
"""

from upkeep.adapters.folders.backups.folder import Manifest, manifests, read, stamps
from upkeep.adapters.folders.backups.manifest import MANIFEST_SCHEMA
from upkeep.adapters.folders.backups.objects import KINDS, configuration_object

__all__ = [
    "KINDS",
    "MANIFEST_SCHEMA",
    "Manifest",
    "configuration_object",
    "manifests",
    "read",
    "stamps",
]
