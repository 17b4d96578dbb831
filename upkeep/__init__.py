"""upkeep: the maintenance guide of cano-collector as checks that never pass without a measurement.

The package holds records, limits and outcomes (``model``, ``records``, ``limits``, ``errors``) and pure
judges (``judges``). Only the adapters (``adapters``) talk to other programs. The sweep runs the
measurements, and ``demo`` is the embedded cluster. The checks, and the pytest plugins that measure and
report, are in ``checks``, ``fixtures`` and ``reports`` beside it.
"""

__version__ = "0.1.0"
# The runbook's links in reports and the project's URLs begin with it.
REPOSITORY = "https://github.com/kubecano/cano-upkeep"
