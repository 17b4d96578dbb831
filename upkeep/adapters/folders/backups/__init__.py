"""A folder of backups as records: the guide's ``backup-YYYYMMDD.yaml`` and ``secrets-YYYYMMDD.yaml``.

``upkeep backup`` writes a ``manifest-YYYYMMDD.json`` beside them. Files are untrusted input: an unreadable file is a
fault of its set. Values become keyed digests at once.
Source: docs/guide.rst, "Backup current configuration", "Backup Verification".
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
