"""Tests that need programs beside Python: Prometheus, Alertmanager, Pushgateway (Debian's packages)."""

import os
import shutil

import pytest


def program(name: str) -> str:
    """Return the path of a program; skip the test without it, and fail in CI, which installs it."""
    found = shutil.which(name)
    if found is None:
        sentence = f"no program {name}: apt-get install prometheus prometheus-pushgateway prometheus-alertmanager"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    return found
