"""A real Prometheus over a database that promtool filled with a past. Both programs are in Debian's package prometheus."""

import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import urllib3

from tests.cluster.plane.controlplane import WITH_US, free_ports, wait_for

# name, labels, instant in seconds since 1970, value
Sample = tuple[str, Mapping[str, str], float, float]


def openmetrics(samples: Iterable[Sample]) -> str:
    """The samples in OpenMetrics' text format: family by family, each series by time.

    Source: https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
    """
    families: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for name, labels, instant, value in samples:
        series = ",".join(f'{label}="{text}"' for label, text in sorted(labels.items()))
        families[name][series].append((instant, value))
    lines = [
        f"{name}{{{series}}} {value!r} {instant:.3f}"
        for name, found in sorted(families.items())
        for series, points in sorted(found.items())
        for instant, value in sorted(points)
    ]
    return "\n".join([*lines, "# EOF", ""])


@contextmanager
def running(folder: Path, samples: Iterable[Sample]) -> Iterator[str]:
    """The URL of a Prometheus that holds these samples and scrapes nothing; it ends with the block."""
    missing = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
    if missing:
        raise RuntimeError(f"these tests need {' and '.join(missing)}: apt-get install prometheus")
    folder.mkdir(parents=True)
    text, data = folder / "past.txt", folder / "data"
    text.write_text(openmetrics(samples), encoding="utf-8")
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", text, data],
        check=True,
        capture_output=True,
    )
    (folder / "prometheus.yml").write_text("{}\n")
    (port,) = free_ports(1)
    words = [
        f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={data}", "--storage.tsdb.retention.time=400d",
        f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [*WITH_US, "prometheus", *words], stdout=log, stderr=log, start_new_session=True
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _ready(url, process), what="Prometheus' /-/ready")
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _ready(url: str, process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"prometheus ended with {process.returncode}")
    try:
        return urllib3.request("GET", f"{url}/-/ready", timeout=5, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False
