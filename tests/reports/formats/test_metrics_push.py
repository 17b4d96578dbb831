"""Metrics: a Pushgateway that answers badly holds no run, and no textfile erases what another run has published."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reports import metrics

THEN, NOW = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC)
BACKUP, CONFIGURATION = metrics.GUIDE
GROUP = metrics.Published(
    "default",
    "daily",
    metrics.outcome_registry(
        [], ended=datetime(2026, 1, 5, tzinfo=UTC), maximum_age_seconds=None, verdict=None,
        target="default", digest="",
    ),
)  # fmt: skip


@pytest.fixture
def gateway(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that sends these bytes, the last of them again and again."""
    listener = socket.create_server(("127.0.0.1", 0))
    ends = threading.Event()

    def serve() -> None:
        try:
            client, _ = listener.accept()
            client.recv(65536)
            client.sendall(request.param)
            while not ends.wait(0.05) and not request.param.endswith(b"\n"):
                client.sendall(request.param[-1:])
            client.close()
        except OSError:
            return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    ends.set()
    thread.join(5)
    listener.close()


@pytest.mark.parametrize("gateway", [b"HTTP/1.1 202 OK\r\nX", b"nonsense\n"], indirect=True)
def test_a_gateway_that_answers_badly_holds_nothing(
    gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "PUSH_DEADLINE_SECONDS", 1)
    began = time.monotonic()
    with pytest.raises(OSError, match=r"within 1 s|does not answer in HTTP"):
        metrics.push(gateway, [GROUP])
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("gateway", [b"HTTP/1.1 202 Accepted\r\n\r\nX"], indirect=True)
def test_a_body_without_an_end_is_not_read(gateway: str) -> None:
    """The status has said that the metrics were taken."""
    began = time.monotonic()
    metrics.push(gateway, [GROUP])
    assert time.monotonic() - began < metrics.PUSH_DEADLINE_SECONDS / 2


def test_whatever_ends_the_sending_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("not of the network")

    monkeypatch.setattr("upkeep.adapters.wire.pushing.pool_through", breaks)
    with pytest.raises(OSError, match="RuntimeError"):
        metrics.push("http://127.0.0.1:1", [GROUP])


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:99999999", "http://x y/"])
def test_a_bad_address_is_an_error_of_writing(url: str) -> None:
    with pytest.raises(OSError):
        metrics.push(url, [GROUP])


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
