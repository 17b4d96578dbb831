"""The changes: each takes the healthy cluster one step away from healthy, in either layout.

A change carries its consequences, as in a real cluster: a pod that crashes is not ready, is no
ready endpoint, and cannot be scraped.

Every module of this package enters its scenarios into the catalogue when it is imported, and all are imported here.
"""

import importlib
import pkgutil

from upkeep.demo.changes.catalogue import CHANGES, CHART_ONLY, Change, nothing

__all__ = ["CHANGES", "CHART_ONLY", "Change", "nothing"]

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
