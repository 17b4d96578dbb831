"""The records of a fleet: forgotten with the last check of their target, unless something is still to read them."""

from pathlib import Path
from typing import Any

import pytest

from fixtures.sweep import READ_AFTER_THE_CHECKS
from tests.checks.inner import LEDGER_ALONE
from upkeep.commands import suite
from upkeep.session import SWEEPS
from upkeep.sweep import Sweep


class AtTheEnd:
    """Keeps the sweeps of a run."""

    sweeps: dict[str, Sweep]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: Any) -> None:
        self.sweeps = session.config.stash[SWEEPS]


def swept(folder: Path, targets: int, *words: str) -> dict[str, Sweep]:
    """Return the sweeps of a daily run of some targets."""
    file, end = folder / "upkeep.toml", AtTheEnd()
    file.write_text("".join(f'[targets.t{n}]\ndemo = "healthy"\n' for n in range(targets)))
    chosen = ("-m", "daily", "-q", f"--settings={file}", f"--out={folder / 'out'}", "--target=*")
    assert suite.run([*chosen, *LEDGER_ALONE, *words], plugins=[end]) == 0
    return end.sweeps


def test_what_reports_read_stays_and_the_rest_is_released(tmp_path: Path) -> None:
    for sweep in swept(tmp_path, 2).values():
        assert sweep.known("install").deployment == "cano-collector"
        assert {"backup_jobs", "configuration_metadata"} <= {*READ_AFTER_THE_CHECKS}
        assert sweep.known("backup_jobs") is not None
        for name in ("workload", "counter_history"):
            with pytest.raises(LookupError, match="released after the last check"):
                sweep.known(name)


@pytest.mark.parametrize(("targets", "words"), [(1, ()), (2, ("--save-bundle",))])
def test_a_bundle_and_a_run_of_one_target_keep_all(
    targets: int, words: tuple[str, ...], tmp_path: Path
) -> None:
    saved = [f"{word}={tmp_path / 'bundle'}" for word in words]
    for sweep in swept(tmp_path, targets, *saved).values():
        assert sweep.known("workload") is not None
