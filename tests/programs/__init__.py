"""Tests that need programs beside Python: Prometheus and buildah of Debian, CI runners of Go and npm."""

import os
import shutil

import pytest

# A run for its metrics needs no report.
QUICK = ("-p", "no:allure_pytest", "-p", "no:reports.html")
# Where a program comes from, as .ci/run installs it.
SOURCES = {
    "prometheus": "apt-get install prometheus",
    "promtool": "apt-get install prometheus",
    "prometheus-alertmanager": "apt-get install prometheus-alertmanager",
    "prometheus-pushgateway": "apt-get install prometheus-pushgateway",
    "buildah": "apt-get install buildah",
    "debootstrap": "apt-get install debootstrap",
    "rsync": "apt-get install rsync",
    "npm": "apt-get install npm",
    "chromium": "apt-get install chromium",
    "jq": "apt-get install jq",
    "ssh-keygen": "apt-get install openssh-client",
    "pdfinfo": "apt-get install poppler-utils",
    "actionlint": "go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12",
    "act": "go install github.com/nektos/act@v0.2.89",
    "gitlab-ci-local": "npm install --global gitlab-ci-local@4.61.1",
}


def program(name: str) -> str:
    """Return the path of a program; skip the test without it, and fail in CI, which installs it."""
    found = shutil.which(name)
    if found is None:
        sentence = f"no program {name}: {SOURCES[name]}"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    return found
