"""The collector's numbers: counters derived from streams of alerts, at any instant of a process's life."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache, lru_cache

from upkeep.demo.objects.kubelet import cadvisor
from upkeep.demo.state import Object, Process, State, Stream, stamp

Labels = tuple[tuple[str, str], ...]
Samples = dict[tuple[str, Labels], float]

# The guide's names, and those that the program installed by the chart exposes (collector.md).
NAMES = {
    "guide": {"received": "cano_alerts_received_total", "sent": "cano_destination_sent_total",
              "send_seconds": "cano_destination_duration_seconds", "requests": "cano_http_requests_total"},
    "chart": {"received": "alertmanager_alerts_total", "sent": "cano_destination_messages_sent_total",
              "send_seconds": "cano_destination_send_duration_seconds", "requests": "http_requests_total"},
}  # fmt: skip
BUCKETS = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf")
BOUNDS = tuple((bound, float(bound)) for bound in BUCKETS)
PROCESSING = "cano_alerts_processing_duration_seconds"
FAILED = ("team_resolution_failed", "conversion_failed", "dispatch_failed")


def arrived(process: Process, stream: Stream, instant: datetime, now: datetime) -> int:
    """How many groups of a stream had arrived at an instant: evenly over its time, all of them now."""
    begin, end = stream.since or process.started, stream.until or process.ended or now
    share = (instant - begin) / (end - begin)
    return int(stream.groups * min(1.0, max(0.0, share)) + 1e-9)


def observe(
    samples: Samples, name: str, labels: dict[str, str], count: int, seconds: float | None = None
) -> None:
    """Add ``count`` observations to a histogram: of so many seconds each, or nine in ten within 50 ms and all within 250 ms."""
    key = tuple(sorted(labels.items()))
    for bound, limit in BOUNDS:
        below = 0 if limit < 0.01 else count * 9 // 10 if limit < 0.25 else count
        if seconds is not None:
            below = count if seconds <= limit else 0
        samples[name + "_bucket", with_bound(key, bound)] += below
    samples[name + "_sum", key] += round(count * (seconds or 0.031), 6)
    samples[name + "_count", key] += count


@cache  # a week of Prometheus' samples has the same few
def with_bound(labels: Labels, bound: str) -> Labels:
    """The labels of a histogram's bucket."""
    return tuple(sorted((*labels, ("le", bound))))


def counters(
    process: Process,
    layout: str,
    instant: datetime,
    now: datetime,
    wanted: Callable[[str], bool] = bool,
) -> Samples:
    """What the process counts at an instant. A family is absent until its first event. A histogram of which nothing is wanted is left out."""
    processing, sending = (
        any(wanted(f"{name}_{part}") for part in ("bucket", "sum", "count"))
        for name in (PROCESSING, NAMES[layout]["send_seconds"])
    )
    arrivals = tuple((stream, arrived(process, stream, instant, now)) for stream in process.streams)
    return counted(arrivals, layout, processing=processing, sending=sending)


@lru_cache(maxsize=4096)  # most scenarios have the same past, and tests ask hundreds of them for it
def counted(
    arrivals: tuple[tuple[Stream, int], ...], layout: str, *, processing: bool, sending: bool
) -> Samples:
    """What a process counts to which so many groups of each stream have come, with the histograms of processing and of sending or without."""
    samples: Samples = defaultdict(float)
    names = NAMES[layout]

    def add(name: str, count: int, **labels: str) -> None:
        samples[name, tuple(sorted(labels.items()))] += count

    for stream, count in arrivals:
        if not count:
            continue
        if stream.outcome == "refused":
            add(names["requests"], count, method="POST", path="/api/alerts", status="Bad Request")
            continue
        add(names["received"], count, receiver="cano-collector", status=stream.status)
        if stream.outcome == "lost":
            continue
        failed = stream.outcome in FAILED
        add(
            names["requests"],
            count,
            method="POST",
            path="/api/alerts",
            status="Internal Server Error" if failed else "OK",
        )
        if failed:
            add(
                "cano_alerts_errors_total",
                count,
                alert_name=stream.alert,
                error_type=stream.outcome,
            )
        else:
            add(
                "cano_alerts_processed_total",
                count,
                alert_name=stream.alert,
                severity=stream.severity,
                source=stream.outcome,
            )
            if processing:
                observe(
                    samples,
                    PROCESSING,
                    {"alert_name": stream.alert, "workflow_count": "0"},
                    count,
                    stream.took_seconds,
                )
        for destination, messages in stream.sends:
            add(
                names["sent"],
                count * messages,
                destination_name=destination,
                destination_type="unknown",
                status="success",
            )
            if sending:
                labels = {"destination_name": destination, "destination_type": "unknown"}
                observe(
                    samples, names["send_seconds"], labels, count * messages, stream.send_seconds
                )
        for destination, messages in stream.failures:
            add(
                "cano_destination_errors_total",
                count * messages,
                destination_name=destination,
                destination_type="unknown",
                error_type="send_failed",
            )
            if sending:
                labels = {"destination_name": destination, "destination_type": "unknown"}
                observe(
                    samples, names["send_seconds"], labels, count * messages, stream.send_seconds
                )
    return samples


def samples(
    process: Process, state: State, instant: datetime, wanted: Callable[[str], bool] = bool
) -> Samples:
    """Everything that the process exposes at an instant: its counters, and what every Go process has from the start.

    What is not wanted may be left out.
    """
    now = state.now
    seconds = (min(instant, now) - process.started).total_seconds()
    result: Samples = dict(counters(process, state.layout, instant, now, wanted))
    result |= {
        ("cano_slack_channel_resolution_duration_seconds_sum", ()): 0.0,
        ("cano_slack_channel_resolution_duration_seconds_count", ()): 0.0,
        ("cano_slack_channel_resolution_duration_seconds_bucket", (("le", "+Inf"),)): 0.0,
        ("go_goroutines", ()): 23.0,
        ("go_info", (("version", "go1.24.4"),)): 1.0,
        ("process_cpu_seconds_total", ()): round(seconds * 0.004, 2),
        ("process_open_fds", ()): float(state.open_files),
        ("process_max_fds", ()): float(state.most_files),
        ("process_resident_memory_bytes", ()): 6.1e7,
        ("process_start_time_seconds", ()): round(process.started.timestamp(), 2),
    }
    return result


def family(name: str) -> tuple[str, str]:
    """The family that a sample belongs to, and its type."""
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix):
            return name.removesuffix(suffix), "histogram"
    return name, "counter" if name.endswith("_total") else "gauge"


def render(labels: Labels) -> str:
    return "{" + ",".join(f'{key}="{value}"' for key, value in labels) + "}" if labels else ""


def exposition(process: Process, state: State, instant: datetime | None = None) -> str:
    """The body of ``/metrics`` (now, or at an instant), in Prometheus' text format, families sorted as the Go client sorts them."""
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (name, labels), value in samples(process, state, instant or state.now).items():
        number = f"{value:.10g}" if value != int(value) or value >= 1e6 else str(int(value))
        grouped[family(name)].append(f"{name}{render(labels)} {number}\n")
    return "".join(
        f"# HELP {name} {name}.\n# TYPE {name} {kind}\n{''.join(lines)}"
        for (name, kind), lines in sorted(grouped.items())
    )


def exported(state: State, instant: datetime) -> str:
    """What ``upkeep export`` would have written at an instant; empty where no process ran then."""
    head, parts = f"namespace={state.namespace}", []
    for name, runs in sorted(state.processes.items()):
        alive = next(
            (
                run
                for run in runs
                if run.started <= instant and (run.ended is None or instant < run.ended)
            ),
            None,
        )
        if alive is not None:
            parts.append(
                f"# upkeep {head} pod={name} taken={stamp(instant)}\n{exposition(alive, state, instant)}"
            )
    if not parts:
        return ""
    return f"# upkeep export {head} deployment={state.fullname} pods={len(parts)} taken={stamp(instant)}\n{''.join(parts)}"


def scraped(
    state: State, instants: Sequence[datetime], wanted: Callable[[str], bool] = bool
) -> Iterator[tuple[dict[str, str], list[float | None]]]:
    """Every series that Prometheus holds at any of the instants: its labels, and its value at each, ``None`` where there is none.

    Of the pods' own those whose name is wanted.
    """
    yield (
        {"instance": "localhost:9090", "job": "prometheus", "__name__": "up"},
        [1.0] * len(instants),
    )
    pods = {item["metadata"]["name"]: item for item in state.pods}
    lives = state.processes | {process.pod: [process] for process in state.former}
    for name in {**lives, **pods}:
        yield from _scraped_pod(state, name, pods.get(name), lives.get(name, []), instants, wanted)
    for constant, value in state.series:
        yield constant, [value] * len(instants)


def _scraped_pod(
    state: State,
    name: str,
    pod: Object | None,
    lives: Sequence[Process],
    instants: Sequence[datetime],
    wanted: Callable[[str], bool],
) -> Iterator[tuple[dict[str, str], list[float | None]]]:
    """The series of one pod: what its processes exposed, what cAdvisor says of its container, and whether it could be scraped."""
    address = pod["status"].get("podIP") if pod else "10.244.9.17"
    target = {
        "namespace": state.namespace,
        "pod": name,
        "instance": f"{address}:8080",
        "job": state.fullname,
    }
    created = (
        datetime.fromisoformat(pod["metadata"]["creationTimestamp"]) if pod and address else None
    )
    discovered = [created is not None and instant >= created for instant in instants]
    lost = state.ago(minutes=10) if name in state.unreachable else None
    runs = [run for run in lives if run.listening]
    alive = [
        next(
            (
                run
                for run in runs
                if run.started <= instant and (run.ended is None or instant < run.ended)
            ),
            None,
        )
        if lost is None or instant < lost
        else None
        for instant in instants
    ]
    yield from cadvisor(state, name, lives, discovered, instants, wanted)
    if name in state.unscraped:  # what the kubelet says of it does not come from it
        return
    up = [
        float(run is not None) if run is not None or there else None
        for run, there in zip(alive, discovered, strict=True)
    ]
    yield target | {"__name__": "up"}, up
    series: dict[tuple[str, Labels], list[float | None]] = {}
    for position, (run, instant) in enumerate(zip(alive, instants, strict=True)):
        if run is not None:
            for key, value in samples(run, state, instant, wanted).items():
                if wanted(key[0]):
                    series.setdefault(key, [None] * len(instants))[position] = value
    for (metric, labels), values in series.items():
        yield {**target, **dict(labels), "__name__": metric}, values
