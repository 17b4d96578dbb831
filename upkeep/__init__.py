"""upkeep: the maintenance guide of cano-collector as checks that never pass without a measurement.

The package holds records, limits and outcomes (``model``, ``records``, ``limits``, ``errors``), pure
judges (``judges``), the adapters, which alone talk to other programs (``adapters``), the sweep that runs
the measurements, and the embedded cluster (``demo``). The checks, and the pytest plugins that measure and
report, are in ``checks``, ``fixtures`` and ``reports`` beside it.
"""

__version__ = "0.1.0"
# The runbook's links in reports and the project's URLs begin with it.
REPOSITORY = "https://github.com/kubecano/cano-upkeep"
