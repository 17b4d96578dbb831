"""An exposition of 50,000 series, filtered and parsed by us, against the whole of it parsed by prometheus-client's own parser.

``python -m bench.expositions`` prints a table; with ``--write`` also bench/expositions.md.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from bench.timing import ROUNDS, seconds_of
from upkeep import demo
from upkeep.adapters.formats import exposition
from upkeep.demo.objects import telemetry

SERIES = 50_000
AIM = 0.1
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


def body() -> bytes:
    """The collector's own series, and those of a client library that labelled each request with its path."""
    state = demo.parse("healthy").state(NOW)
    own = telemetry.exposition(state.process(), state).encode()
    foreign = "".join(
        f'http_client_requests_total{{path="/api/v1/issues/{number}",code="200"}} {number}\n'
        for number in range(SERIES)
    )
    return own + f"# TYPE http_client_requests_total counter\n{foreign}".encode()


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    whole = body()
    ours = seconds_of(lambda: exposition.parse(whole, pod="bench", taken=NOW))
    theirs = seconds_of(lambda: sum(1 for _ in text_string_to_metric_families(whole.decode())))
    text = "\n".join(
        [
            f"| {SERIES:,} series, {len(whole) / 1024 / 1024:.1f} MiB | parsing all | filtered and parsed | ratio | aim |",
            "| --- | --- | --- | --- | --- |",
            f"| time | {theirs:.2f} s | {ours:.3f} s | {ours / theirs:.3f} | ≤ {AIM:g} |",
        ]
    )
    print(text)
    if options.write:
        head = f"# A large exposition\n\n`python -m bench.expositions --write`, median of {ROUNDS}.\n\n"
        Path(__file__).with_name("expositions.md").write_text(f"{head}{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
