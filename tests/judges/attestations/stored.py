"""Stored objects, one builder each; a test changes what it is about."""

from datetime import timedelta

from tests.judges.samples import NOW
from upkeep.records.configuration import FieldOwner, StoredObject


def owner(
    *keys: str, days: float = 120, manager: str = "helm", others: bool = False, timed: bool = True
) -> FieldOwner:
    """A manager's entry that last changed so many days ago."""
    return FieldOwner(manager, NOW - timedelta(days=days) if timed else None, keys, others)


def stored(
    *owners: FieldOwner,
    days: float = 200,
    name: str = "slack",
    kind: str = "Secret",
    controlled_by: tuple[str, ...] = (),
) -> StoredObject:
    """An object that was created so many days ago; its keys are those that are owned."""
    keys = tuple(sorted({key for one in owners for key in one.keys}))
    return StoredObject(kind, name, NOW - timedelta(days=days), keys, owners, controlled_by)
