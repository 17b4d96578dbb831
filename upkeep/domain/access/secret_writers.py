"""Who writes the keys of a Secret: people, or a controller that would overwrite a patch.

The object decides who is a controller, not a list of products: an owner reference, or a field manager
that owns a data key. Only the tools that people start are listed; every other manager is a controller.
Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers;
https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/
"""

import re

from upkeep.masking import mask
from upkeep.records.configuration import SecretInventory, StoredObject

# Field managers behind which a person or a pipeline stands. The default name is the client's user
# agent up to the first slash, so that a browser (Rancher, OpenShift console) is "Mozilla".
# "before-first-apply" is the API server's own word for owners from before it tracked them.
_PEOPLES_TOOLS = re.compile(
    r"kubectl(?:[-_].*)?|oc|helm|upkeep(?:-.*)?|k9s|Lens|freelens|Mozilla|curl|before-first-apply"
)


def controllers(stored: StoredObject, key: str = "") -> tuple[str, ...]:
    """Return the controllers that write a Secret, or one of its keys.

    :param key: a data key; empty for any key of the object.
    :returns: ``ExternalSecret/slack`` of an owner, ``vault-secrets-operator`` of a field manager.
    """
    managers = {
        mask(owner.manager)
        for owner in stored.owners
        if (key in owner.keys if key else owner.keys)
        and owner.manager
        and not _PEOPLES_TOOLS.fullmatch(owner.manager)
    }
    return tuple(dict.fromkeys([*stored.controlled_by, *sorted(managers)]))


def taken_keys(inventory: SecretInventory, stored: StoredObject) -> tuple[str, ...]:
    """Return the keys that the collector takes; ``""`` stands for all where their names are unknown."""
    references = [one for one in inventory.references if one.name == stored.name]
    if all(one.keys for one in references):
        needed = {key for one in references for key in one.keys}
        return tuple(key for key in stored.keys if key in needed)
    return stored.keys or ("",)


def keys_by_hand(inventory: SecretInventory, stored: StoredObject) -> tuple[str, ...]:
    """Return the keys that the collector takes and that no controller writes."""
    return tuple(key for key in taken_keys(inventory, stored) if not controllers(stored, key))
