"""Import every module of upkeep under pytest, which then keeps its rewritten bytecode.

The entry point of upkeep makes pytest rewrite the assertions of all its modules. A run alone does not
keep them all: while one thread writes bytecode, pytest leaves the imports of others as they are.
Source: AssertionRewritingHook.find_spec in https://github.com/pytest-dev/pytest/blob/main/src/_pytest/assertion/rewrite.py
"""

import importlib
import pkgutil
import sys

import pytest


class Everything:
    """A plugin that imports upkeep, but not the checks: a run does that, in one thread."""

    @staticmethod
    def pytest_sessionstart() -> None:
        """Import it, after pytest has marked it for rewriting."""
        upkeep = importlib.import_module("upkeep")
        for module in pkgutil.walk_packages(upkeep.__path__, "upkeep."):
            importlib.import_module(module.name)


if __name__ == "__main__":
    found = pytest.main(["-q", "-c", "/dev/null", "/build"], plugins=[Everything()])
    sys.exit(0 if found is pytest.ExitCode.NO_TESTS_COLLECTED else found)
