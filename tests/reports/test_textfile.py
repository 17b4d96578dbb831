"""--textfile: as on the Pushgateway, no file of a run erases what another run has published."""

from datetime import UTC, datetime
from pathlib import Path

from reports import metrics

THEN, NOW = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC)
BACKUP, CONFIGURATION = metrics.GUIDE


def guide(**times: datetime) -> metrics.Published:
    return metrics.Published("eu", "", metrics.guide_registry(times))


def outcomes(cadence: str, ended: datetime) -> metrics.Published:
    registry = metrics.outcome_registry(
        [], ended=ended, maximum_age_seconds=None, verdict=None, target="eu", digest=""
    )
    return metrics.Published("eu", cadence, registry)


def series(path: Path) -> dict[str, float]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_a_run_without_a_success_keeps_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "guide.prom"
    metrics.write(str(path), [guide(**{BACKUP: THEN, CONFIGURATION: THEN})])
    metrics.write(str(path), [guide(**{CONFIGURATION: NOW})])
    assert series(path) == {
        f'{BACKUP}{{target="eu"}}': THEN.timestamp(),
        f'{CONFIGURATION}{{target="eu"}}': NOW.timestamp(),
    }


def test_a_backup_replaces_no_outcome_and_a_run_replaces_its_own(tmp_path: Path) -> None:
    path = tmp_path / "all.prom"
    metrics.write(str(path), [outcomes("daily", THEN)])
    metrics.write(str(path), [guide(**{BACKUP: NOW})])
    run = 'cano_upkeep_last_run_timestamp_seconds{cadence="daily",target="eu"}'
    assert series(path) == {run: THEN.timestamp(), f'{BACKUP}{{target="eu"}}': NOW.timestamp()}
    metrics.write(str(path), [outcomes("weekly", NOW)])
    weekly = run.replace("daily", "weekly")
    assert series(path) == {weekly: NOW.timestamp(), f'{BACKUP}{{target="eu"}}': NOW.timestamp()}


def test_an_unreadable_earlier_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "guide.prom"
    path.write_bytes(b'\xff{"')
    metrics.write(str(path), [guide(**{BACKUP: NOW})])
    assert series(path) == {f'{BACKUP}{{target="eu"}}': NOW.timestamp()}
