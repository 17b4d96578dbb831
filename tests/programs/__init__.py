"""Tests that need programs beside Python: Prometheus, Alertmanager, Pushgateway (Debian's packages)."""

import os
import shutil

import pytest

MONITORING = "prometheus prometheus-pushgateway prometheus-alertmanager"


def program(name: str, *, package: str = MONITORING) -> str:
    """Return the path of a program; skip the test without it, and fail in CI, which installs it."""
    found = shutil.which(name)
    if found is None:
        sentence = f"no program {name}: apt-get install {package}"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    return found
