"""2,000 pods and 50,000 samples of Prometheus: decoded into declared types, against json.loads of the same bytes.

``python -m bench.decoding`` prints a table; with ``--write`` also bench/decoding.md. json.loads alone is what any decoder must
beat: it checks no field. The walk over its result that decoding replaced took two to three times as long again.
"""

import argparse
import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.timing import ROUNDS, seconds_of
from upkeep import demo
from upkeep.adapters.cluster.answers import Answer, Listing
from upkeep.adapters.cluster.objects import pod
from upkeep.adapters.wire.decoding import decode
from upkeep.adapters.wire.pods import Pod
from upkeep.adapters.wire.prometheus import RulesReply, VectorReply
from upkeep.adapters.wire.text import printable_json

PODS, SAMPLES = 2_000, 50_000
PATH = "/api/v1/namespaces/monitoring/pods"
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
AIM = 1.0


def pods() -> bytes:
    """A list of pods, as the API server sends it."""
    one = demo.parse("healthy").state(NOW).pods[0]
    items = [
        one | {"metadata": one["metadata"] | {"name": f"p-{number}", "uid": f"u-{number}"}}
        for number in range(PODS)
    ]
    return json.dumps(
        {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}
    ).encode()


def samples() -> bytes:
    """An instant vector."""
    result = [
        {
            "metric": {"__name__": "up", "pod": f"p-{number}", "job": "x"},
            "value": [1767355200.0, "1"],
        }
        for number in range(SAMPLES)
    ]
    return json.dumps(
        {"status": "success", "data": {"resultType": "vector", "result": result}}
    ).encode()


def rules() -> bytes:
    """What rules are loaded."""
    found = [
        {
            "name": f"A{number}", "query": "up == 0", "health": "ok", "state": "inactive", "type": "alerting",
            "lastEvaluation": "2026-01-02T11:59:48.123456789Z", "labels": {"severity": "warning"}, "alerts": [],
        }
        for number in range(SAMPLES)
    ]  # fmt: skip
    groups = [{"name": "g", "file": "f", "interval": 30, "rules": found}]
    return json.dumps({"status": "success", "data": {"groups": groups}}).encode()


def listed(body: bytes) -> list[Pod]:
    """Read a page of pods item by item, as ``Kube.items`` does."""
    listing = Listing(PATH, Pod, server="")
    return list(listing.items(listing.page(Answer(200, "application/json", body, 0.0))))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    lines = [
        "| what | size | json.loads | decoded | ratio | aim | the gate for foreign text |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    list_, vector, loaded = pods(), samples(), rules()
    read = [pod(one) for one in listed(list_)]
    assert len(read) == PODS
    rows = (
        (f"{PODS:,} pods, each checked", list_, lambda: listed(list_)),
        (f"{PODS:,} pods, as records", list_, lambda: [pod(one) for one in listed(list_)]),
        (f"{SAMPLES:,} samples", vector, lambda: decode(vector, VectorReply)),
        (f"{SAMPLES:,} rules", loaded, lambda: decode(loaded, RulesReply)),
    )
    for name, body, run in rows:
        plain, ours = seconds_of(partial(json.loads, body)), seconds_of(run)
        gate = seconds_of(partial(printable_json, body))
        aim = "" if "records" in name else f"≤ {AIM:g}"
        lines.append(
            f"| {name} | {len(body) / 1024 / 1024:.1f} MiB | {plain:.3f} s | {ours:.3f} s | {ours / plain:.2f} | {aim} | {gate:.3f} s |"
        )
    text = "\n".join(lines)
    print(text)
    if options.write:
        head = f"# Decoding\n\n`python -m bench.decoding --write`, median of {ROUNDS}.\n\n"
        Path(__file__).with_name("decoding.md").write_text(f"{head}{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
