"""Two hundred targets, the daily controls: one process, two workers, and targets that hang.

``python -m bench.fleet`` prints a table; with ``--write`` also bench/fleet.md. The counterpart is pytest with the same
plugins and reports on as many empty checks. CPU is user and system time of the run. The embedded clusters are served
by a process of their own, which is not counted.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

TARGETS, HANGING = 200, 20


@dataclass(frozen=True)
class Cost:
    """What one or several processes cost together."""

    cpu_seconds: float
    wall_seconds: float
    peak_mebibytes: float


def cost(*commands: list[str], expect: tuple[int, ...] = (0,)) -> Cost:
    """Run commands side by side."""
    began = time.monotonic()
    environ = os.environ | {"BENCH_TARGETS": str(TARGETS)}
    running = [
        subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ)
        for words in commands
    ]
    cpu, peak = 0.0, 0.0
    for process in running:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in expect:
            raise RuntimeError(f"{' '.join(process.args)}: exit code {process.returncode}")
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss / 1024)
    return Cost(cpu, time.monotonic() - began, peak)


def serve(ready: Path) -> None:
    """Serve a healthy cluster for each target until SIGTERM; ``ready`` then lists their kubeconfigs."""
    from upkeep import demo

    with ExitStack() as stack:
        clusters = [stack.enter_context(demo.start("healthy")) for _ in range(TARGETS)]
        ready.with_suffix(".new").write_text("\n".join(str(one.kubeconfig) for one in clusters))
        ready.with_suffix(".new").rename(ready)
        signal.sigwait([signal.SIGTERM])


@contextmanager
def served(folder: Path) -> Iterator[list[str]]:
    """Yield the kubeconfigs of the fleet."""
    ready = folder / "ready"
    server = subprocess.Popen([sys.executable, "-m", "bench.fleet", f"--serve={ready}"])
    try:
        while not ready.exists():
            if server.poll() is not None:
                raise RuntimeError("the embedded clusters did not start")
            time.sleep(0.2)
        yield ready.read_text().splitlines()
    finally:
        server.terminate()
        server.wait()


def settings(folder: Path, kubeconfigs: list[str], *, hanging: int) -> Path:
    """Write the settings of the fleet. Targets that hang are embedded in the run."""
    file = folder / f"fleet-{hanging}.toml"
    places = ['demo = "hang@all"'] * hanging
    places += [f'kubeconfig = "{one}"' for one in kubeconfigs[hanging:]]
    file.write_text(
        "".join(f"[targets.t{number:03}]\n{place}\n" for number, place in enumerate(places))
    )
    return file


def daily(file: Path, out: str, *words: str) -> list[str]:
    """Return the command of a daily run of the fleet of a settings file."""
    return [
        sys.executable, "-m", "pytest", "-q", "-m", "daily", "--target=*",
        f"--settings={file}", f"--out={file.parent / out}", *words,
        "--limit=health_latency=30s",  # one process answers for all clusters
    ]  # fmt: skip


def empty(folder: Path) -> list[str]:
    """Return the command of the counterpart."""
    return [
        sys.executable, "-m", "pytest", "-q", "--noconftest", "-c", "/dev/null",
        f"--html={folder}/r.html", f"--alluredir={folder}/a", f"--junitxml={folder}/j.xml", "bench/empty.py",
    ]  # fmt: skip


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--serve", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        serve(options.serve)
        return
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as name, served(folder := Path(name)) as kubeconfigs:
        fleet = settings(folder, kubeconfigs, hanging=0)
        cost(daily(fleet, "warm", "--shard=0/200"))
        bare = cost(empty(folder))
        one = cost(daily(fleet, "one"))
        two = cost(*(daily(fleet, f"s{index}", f"--shard={index}/2") for index in range(2)))
        shards = [str(folder / f"s{index}") for index in range(2)]
        merged = cost([sys.executable, "-m", "upkeep", "merge", *shards, f"--out={folder}/merged"])
        some = settings(folder, kubeconfigs, hanging=HANGING)
        hang = cost(daily(some, "hang"), expect=(1,))
    rows = [
        (f"pytest and its plugins, {TARGETS * 13:,} empty checks", bare),
        (f"`pytest -m daily`, {TARGETS} targets", one),
        ("two workers with `--shard`", two),
        ("`upkeep merge` of both", merged),
        (f"{HANGING} of {TARGETS} targets hang", hang),
    ]
    lines = [
        "| what | CPU | wall | peak memory of a process | CPU ratio |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {what} | {found.cpu_seconds:.1f} s | {found.wall_seconds:.1f} s | "
            f"{found.peak_mebibytes:.0f} MiB | {found.cpu_seconds / bare.cpu_seconds:.2f} |"
            for what, found in rows
        ),
    ]
    text = "\n".join(lines)
    print(text)
    if options.write:
        head = "# A fleet\n\n`python -m bench.fleet --write`, 2 cores, one run.\n\n"
        Path(__file__).with_name("fleet.md").write_text(f"{head}{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
