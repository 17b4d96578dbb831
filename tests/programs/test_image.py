"""The image: built by buildah without a network, and run as another uid on a read-only root file system.

UPKEEP_TEST_BASE names the base image. Without it a base is made of Debian's packages by debootstrap.
"""

import importlib.metadata
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT
from tests.programs import program

HERE = ROOT / "deploy" / "image"
NAME = "localhost/cano-upkeep-test"
RELEASE, PACKAGES = "bookworm", "python3,python3-venv,python3-pip"


class Buildah:
    """buildah as root without overlays and namespaces, with images in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        settings = folder / "storage.conf"
        settings.write_text(
            f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/images"\nrunroot = "{folder}/run"\n'
        )
        self.environment = os.environ | {
            "CONTAINERS_STORAGE_CONF": str(settings),
            "STORAGE_DRIVER": "vfs",
            "BUILDAH_ISOLATION": "chroot",
        }

    def run(self, *words: str | Path, **more: str) -> str:
        done = subprocess.run(
            words, env=self.environment | more, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return done.stdout

    def base(self) -> str:
        """Return a base image: Debian's Python."""
        given = os.environ.get("UPKEEP_TEST_BASE")
        if given:
            return given
        root = self.folder / "root"
        self.run(
            program("debootstrap"), "--variant=minbase", f"--include={PACKAGES}", RELEASE, root
        )
        (self.folder / "Containerfile").write_text("FROM scratch\nADD root /\n")
        self.run("buildah", "build", "--quiet", "--tag", "localhost/base", self.folder)
        return "localhost/base"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root of a container of the image, mounted."""
    program("buildah")
    if os.geteuid() != 0:
        pytest.skip("only root can build images here: buildah's chroot isolation")
    folder = tmp_path_factory.mktemp("image")
    buildah, wheels = Buildah(folder), folder / "wheels"
    base = buildah.base()
    # The wheels of the base's Python, so that the build needs no network.
    words = ("-m", "pip", "download", "-q", "--no-deps", "--require-hashes", "--only-binary=:all:")
    where = ("--python-version=3.11", "-r", str(HERE / "requirements.txt"), "-d", str(wheels))
    buildah.run(sys.executable, *words, *where)
    options = ("--pull-never", f"--volume={wheels}:/wheels:ro", "--build-arg=PIP_NO_INDEX=1",
               "--build-arg=PIP_FIND_LINKS=/wheels")  # fmt: skip
    buildah.run(
        HERE / "build", base, NAME, BUILDAH_OPTIONS=" ".join(options), PYTHON=sys.executable
    )
    container = buildah.run("buildah", "from", "--pull-never", NAME).strip()
    yield Path(buildah.run("buildah", "mount", container).strip())
    buildah.run("buildah", "rm", "--all")


def inside(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as uid 65532 on the image's files, which nothing can write to."""
    place = shlex.quote(str(root))
    lines = [
        "set -e; mount --make-rprivate /",
        f"mount --bind {place} {place}; mount -o remount,bind,ro {place}; cd {place}",
        "for one in proc dev; do mount --rbind /$one $one; done",
        "for one in tmp var/lib/upkeep; do mount -t tmpfs -o mode=1777 tmpfs $one; done",
        f"exec chroot --userspec=65532:65532 . /usr/bin/env -i {shlex.join(words)}",
    ]
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        check=False,
    )


def variables(root: Path) -> list[str]:
    """Return the variables that the Containerfile sets."""
    text = (HERE / "Containerfile").read_text().rpartition("\nENV ")[2].partition("\nWORKDIR")[0]
    return text.replace("\\\n", " ").split()


def test_the_daily_checks_pass_as_another_uid_on_a_read_only_root(image: Path) -> None:
    environment = variables(image)
    shell = "cd /var/lib/upkeep; touch /opt/x 2>/dev/null && exit 99; exec upkeep run -m daily --demo -q"
    done = inside(image, *environment, "sh", "-c", shell)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "13 pass" in done.stdout
    identity = inside(image, *environment, "sh", "-c", "id -u; id -g")
    assert identity.stdout.split() == ["65532", "65532"]


def test_no_assertion_is_rewritten_at_the_start(image: Path) -> None:
    """Every plugin and check has its rewritten bytecode, which is valid for the file beside it."""
    script = (
        "import sys, _pytest.assertion.rewrite as r\n"
        "def refuse(*_): raise SystemExit('rewritten at the start')\n"
        "r._rewrite_test = refuse\n"
        "from upkeep.__main__ import main\n"
        "sys.exit(main(['run', '-m', 'daily', '--demo', '-q', '--out=/tmp/out']))"
    )
    done = inside(image, *variables(image), "python3", "-c", script)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_no_installer_and_no_compiler(image: Path) -> None:
    names = "pip pip3 gcc cc make easy_install"
    done = inside(
        image, *variables(image), "sh", "-c", f"for one in {names}; do command -v $one; done"
    )
    assert done.stdout == ""
    assert inside(image, *variables(image), "python3", "-m", "pip").returncode != 0


def test_the_sbom_names_what_is_installed(image: Path) -> None:
    document = json.loads((ROOT / "dist" / "image" / "cano-upkeep.cdx.json").read_text())
    named = {
        one["name"]: one["version"]
        for one in document["components"]
        if one["purl"].startswith("pkg:pypi/")
    }
    (site,) = (image / "opt" / "upkeep" / "lib").glob("python3*/site-packages")
    installed = {
        re.sub(r"[-_.]+", "-", one.name).lower(): one.version
        for one in importlib.metadata.distributions(path=[str(site)])
    }
    itself = document["metadata"]["component"]
    assert named | {itself["name"]: itself["version"]} == installed
    assert any(one["purl"].startswith("pkg:deb/") for one in document["components"])
