"""Write log lines as the collector and the API server do, and survey them."""

import json
from datetime import UTC, datetime, timedelta

from upkeep.adapters.formats import logstream
from upkeep.records.logs import LogSurvey

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
CANARY = "canary-7f3a"
NANOS = timedelta(microseconds=123456)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def stamped(text: str, instant: datetime = NOW) -> bytes:
    return b"".join(
        f"{instant:%Y-%m-%dT%H:%M:%S}.123456789Z {line}\n".encode() for line in text.split("\n")
    )


def entry(level: str, message: str = "Failed to send issue", **fields: object) -> str:
    head = {
        "level": level,
        "timestamp": "2026-01-02T12:00:00.000Z",
        "caller": "a.go:1",
        "message": message,
    }
    return json.dumps(head | fields, separators=(",", ":"))


def survey(*blocks: bytes, since: datetime | None = None) -> LogSurvey:
    return logstream.survey(
        blocks,
        pod="a",
        container="c",
        previous=False,
        covered_from=NOW,
        covered_until=NOW,
        since=since,
    )


def bad(text: str) -> list[tuple[int, str, str]]:
    return [(found.count, found.level, found.pattern) for found in survey(stamped(text)).patterns]


PANIC = """panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x8f3c2a]

goroutine 1 [running]:
main.connect({0xc0004a8000, "https://hooks.slack.example/services/T0/B0/canary-7f3a"})
\t/app/main.go:214 +0x1d
created by main.main in goroutine 1
\t/app/main.go:61 +0x3a5

goroutine 7 gp=0xc000 m=0 mp=0x1 [select]:
main.main()
exit status 2"""
NULL_POINTER = "panic: runtime error: invalid memory address or nil pointer dereference"
