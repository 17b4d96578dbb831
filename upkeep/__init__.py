"""upkeep: the maintenance guide of cano-collector as checks that are never green because they were blind.

This package thinks: records, limits and outcomes (``model``, ``records``, ``limits``, ``errors``), pure judges (``judges``), the
adapters that alone talk to the outside (``adapters``), the sweep that runs the measurements, and the embedded cluster (``demo``). The
checks themselves, the pytest plugins that measure and those that report lie beside it in ``checks``, ``fixtures`` and ``reports``.
"""

__version__ = "0.1.0"
