"""One module of a package is imported without the package."""

import subprocess
import sys

import pytest
from kubernetes.utils.quantity import parse_quantity

from tests import ROOT
from upkeep.adapters.imports import alone

PROGRAM = """
import sys
from upkeep.adapters.cluster.fields import quantity
assert quantity("1Gi") == 2**30
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"kubernetes", "pydantic", "requests"}))
"""


def test_a_quantity_is_read_by_the_client_without_all_of_it() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, timeout=60, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "\n", "")


@pytest.mark.parametrize("said", ["1Gi", "250m", "1e3", "0.5", "12E", 7])
def test_the_module_is_the_clients_own(said: object) -> None:
    own = alone("kubernetes", "utils/quantity.py").parse_quantity(said)
    assert own == parse_quantity(said)


@pytest.mark.parametrize(
    ("package", "path"), [("no_such_package", "x.py"), ("kubernetes", "utils/no_such_module.py")]
)
def test_a_module_that_is_not_there_is_an_import_error(package: str, path: str) -> None:
    with pytest.raises((ImportError, FileNotFoundError)):
        alone(package, path)
