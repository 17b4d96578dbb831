"""Two hundred embedded targets, the daily controls: one process, two workers, and targets that hang.

``python -m bench.fleet`` prints a table; with ``--write`` also bench/fleet.md. The counterpart is pytest with the same
plugins and reports on as many empty checks. CPU is user and system time of the process, embedded clusters included.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
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


def settings(folder: Path, *, hanging: int) -> Path:
    """Write the settings of the fleet."""
    file = folder / f"fleet-{hanging}.toml"
    kinds = ["hang@all"] * hanging + ["healthy"] * (TARGETS - hanging)
    file.write_text(
        "".join(f'[targets.t{number:03}]\ndemo = "{kind}"\n' for number, kind in enumerate(kinds))
    )
    return file


def daily(folder: Path, out: str, *words: str, hanging: int = 0) -> list[str]:
    """Return the command of a daily run of the fleet."""
    return [
        sys.executable, "-m", "pytest", "-q", "-m", "daily", "--target=*",
        f"--settings={settings(folder, hanging=hanging)}", f"--out={folder / out}", *words,
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
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cost(daily(folder, "warm", "--shard=0/200"))
        bare = cost(empty(folder))
        one = cost(daily(folder, "one"))
        shards = [daily(folder, f"s{index}", f"--shard={index}/2") for index in range(2)]
        two = cost(*shards)
        merge = [
            sys.executable,
            "-m",
            "upkeep",
            "merge",
            *(str(folder / f"s{n}") for n in range(2)),
        ]
        merged = cost([*merge, f"--out={folder / 'merged'}"])
        hang = cost(daily(folder, "hang", hanging=HANGING), expect=(1,))
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
