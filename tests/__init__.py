"""The suite's own tests: they mirror ``upkeep/``, and prove every check three ways."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
