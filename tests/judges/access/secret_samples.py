"""References to Secrets, and what is stored of them."""

from tests.judges.attestations.stored import owner, stored
from upkeep.records.configuration import SecretInventory, SecretReference, StoredObject

ENV = "env SLACK_API_KEY of container cano-collector"


def reference(
    name: str = "slack", *keys: str, optional: bool = False, place: str = ENV
) -> SecretReference:
    return SecretReference(name, keys, optional, place)


def inventory(
    *references: SecretReference,
    found: tuple[StoredObject, ...] = (),
    unreferenced: tuple[str, ...] | None = (),
    unlooked: str = "",
) -> SecretInventory:
    names = {one.name for one in found}
    missing = tuple(sorted({one.name for one in references} - names))
    return SecretInventory(references, found, missing, unreferenced, unlooked)


OLD, FRESH = stored(owner("key")), stored(owner("key", days=6))
