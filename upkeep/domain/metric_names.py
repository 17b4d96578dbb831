"""Name the collector's metrics: as the guide does, and as the program of the chart does (0.0.24).

Source: https://github.com/kubecano/cano-collector. Pure: adapters and judges import it.
"""

from collections.abc import Iterable

from msgspec import Struct

PROCESS_START = "process_start_time_seconds"
WEBHOOK_PATH = "/api/alerts"

PROCESSED_OUTCOME = "processed"
DROPPED_OUTCOMES = ("no_team_resolved", "no_destinations")
SUCCESS = "success"


class Family(Struct, frozen=True):
    """A family of counters.

    :ivar meaning: the events that it counts.
    :ivar names: its names, the guide's first; a process exposes one of them, or none before the first event.
    :ivar labels: the labels that the checks keep; samples are summed over all others.
    :ivar scale: the factor that makes its samples whole numbers: seconds are counted as microseconds.
    """

    meaning: str
    names: tuple[str, ...]
    labels: tuple[str, ...] = ()
    scale: int = 1


RECEIVED = Family("received", ("cano_alerts_received_total", "alertmanager_alerts_total"))
PROCESSED = Family("processed", ("cano_alerts_processed_total",), ("source",))
ERRORS = Family("errors", ("cano_alerts_errors_total",), ("error_type",))
SENT = Family(
    "sent",
    ("cano_destination_sent_total", "cano_destination_messages_sent_total"),
    ("destination_name", "status"),
)
SEND_ERRORS = Family(
    "send errors", ("cano_destination_errors_total",), ("destination_name", "error_type")
)
REQUESTS = Family(
    "requests", ("cano_http_requests_total", "http_requests_total"), ("method", "path", "status")
)

# The buckets of histograms are counters too: they only grow, and start at zero with the process.
PROCESSING = Family("processing time", ("cano_alerts_processing_duration_seconds_bucket",), ("le",))
SENDING = Family(
    "send time",
    ("cano_destination_duration_seconds_bucket", "cano_destination_send_duration_seconds_bucket"),
    ("destination_name", "le"),
)

# The sum of a histogram's observations, and their number.
WORK = Family("work", ("cano_alerts_processing_duration_seconds_sum",), scale=1_000_000)
HANDLED = Family("handled", ("cano_alerts_processing_duration_seconds_count",))

COUNTERS = (RECEIVED, PROCESSED, ERRORS, SENT, SEND_ERRORS, REQUESTS)
TIMINGS = (PROCESSING, SENDING)
EFFORT = (WORK, HANDLED)

OPEN_FILES = "process_open_fds"
MOST_FILES = "process_max_fds"


def sample_names(families: Iterable[Family]) -> frozenset[str]:
    """Return every name under which the families may be exposed."""
    return frozenset(name for family in families for name in family.names)


FAMILIES = sample_names(COUNTERS) | {PROCESS_START}
TIMING_FAMILIES = sample_names(TIMINGS) | {PROCESS_START}
VOLUME_FAMILIES = sample_names([RECEIVED]) | {PROCESS_START}
EFFORT_FAMILIES = sample_names(EFFORT) | {PROCESS_START}
# The families kept of a pod's exposition, without the _bucket of their samples.
EXPOSED = (
    FAMILIES | {name.removesuffix("_bucket") for name in TIMING_FAMILIES} | {OPEN_FILES, MOST_FILES}
)
