"""Limits: which values do judges compare with?

Each limit has a name, a default, a unit, a range and a reason. Every result shows its limit.
Durations are seconds and ratios are 0–1. Users write ``24h``, ``7d``, ``1.5s``, ``99%``, ``0.99``,
or copy a printed value: ``1 d 1 h``, ``99 %``. Source of the defaults: docs/controls.md.
"""

import difflib
import re
from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from upkeep.errors import BadInput

_DURATION = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s|min|m|h|d|w) ?")
_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Limit(Struct, frozen=True):
    """The declaration of a limit.

    :ivar unit: ``duration`` (seconds), ``ratio`` (0–1), ``count`` or ``factor``.
    :ivar least: the lowest allowed value; ``most`` the highest. Both are allowed.
    """

    name: str
    unit: str
    default: float
    least: float
    most: float
    reason: str

    def parse(self, text: str, *, where: str) -> float:
        """Return the value of a user's text.

        :param where: the option, file or variable it came from, for the message.
        :raises BadInput: another unit, or out of range.
        """
        low, high = self.text(self.least), self.text(self.most)
        value = _parse(text.strip(), self.unit)
        if value is None:
            raise BadInput(
                f"{where}: limit {self.name} is a {self.unit}, not {text!r}."
                f" Write for example {self._example()} (from {low} to {high})."
            )
        if not self.least <= value <= self.most:
            raise BadInput(
                f"{where}: limit {self.name} is a {self.unit} from {low} to {high}, not {text}."
            )
        return value

    def text(self, value: float) -> str:
        """Return a value with its unit, unrounded, in a form that ``parse`` accepts."""
        if self.unit == "duration":
            return _duration(value)
        if self.unit == "ratio":
            return f"{_decimal(value * 100, 10)} %"
        if self.unit == "factor":
            return f"×{_decimal(value, 10)}"
        return f"{value:.0f}"

    def _example(self) -> str:
        """Return a text that ``parse`` accepts."""
        example = {"duration": "24h", "ratio": "1%", "count": "3", "factor": "1.5"}[self.unit]
        value = _parse(example, self.unit)
        fits = value is not None and self.least <= value <= self.most
        return example if fits else self.text(self.default).replace("min", "m").replace(" ", "")


def _decimal(value: float, places: int) -> str:
    """Return a decimal without exponent and trailing zeros."""
    return f"{value:.{places}f}".rstrip("0").rstrip(".")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds * 1_000_000), 60_000_000)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [
        f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if count
    ]
    if rest or not parts:
        parts.append(f"{_decimal(rest / 1_000_000, 6)} s")
    return " ".join(parts)


def _parse(text: str, unit: str) -> float | None:
    if unit == "duration":
        if not text or _DURATION.sub("", text):
            return None
        return round(
            sum(float(number) * _SECONDS[part] for number, part in _DURATION.findall(text)), 6
        )
    if unit == "factor":
        text = text.lstrip("x×")
    percent = unit == "ratio" and text.endswith("%")
    number = text.removesuffix("%").strip() if percent else text
    if not re.fullmatch(r"\d+(\.\d+)?", number) or (unit == "count" and "." in number):
        return None
    return round(float(number) / 100, 12) if percent else float(number)


HOUR, DAY = 3600.0, 86400.0

# fmt: off
_DECLARED = (
    Limit("restarts", "count", 0, 0, 1000, "A restart loses the alerts in flight."),
    Limit("restart_window", "duration", DAY, 60, 30 * DAY, "The checklist is daily."),
    Limit("health_latency", "duration", 1, 0.01, 60, "The kubelet's probes time out after 1 s."),
    Limit("log_window", "duration", DAY, 60, 30 * DAY, "The checklist is daily."),
    Limit("log_lines", "count", 100, 1, 100_000, "The guide reads the last 100 lines."),
    Limit("log_error_lines", "count", 0, 0, 1_000_000, "Each error line can be a lost message."),
    Limit("log_coverage", "ratio", 0.9, 0, 1,
          "The kubelet rotates logs; deleted lines cannot be judged."),
    Limit("log_history_window", "duration", 7 * DAY, 60, 30 * DAY,
          "The weekly log analysis covers seven days."),
    Limit("repeated_error_lines", "count", 10, 0, 1_000_000,
          "Ten equal errors in a week have one cause."),
    Limit("send_failure_lines", "count", 0, 0, 1_000_000, "Each line is an undelivered message."),
    Limit("processing_latency", "duration", 5, 0.001, 600,
          "Half of Alertmanager's default webhook timeout of 10 s."),
    Limit("slow_lines", "count", 10, 0, 1_000_000,
          "One slow answer of a chat service is noise, ten are a pattern."),
    Limit("timing_window", "duration", 7 * DAY, 3600, 90 * DAY, "A week includes every weekday."),
    Limit("trend_window", "duration", 28 * DAY, 3600, 366 * DAY,
          "The baseline is four whole weeks."),
    Limit("latency_growth", "factor", 1.5, 1, 100, "Weekly noise stays below half of the value."),
    Limit("latency_noticed", "duration", 0.1, 0, 600,
          "The lowest histogram buckets are wide, and users do not notice less."),
    Limit("send_latency", "duration", 2, 0.001, 600, "A healthy chat API answers faster."),
    Limit("export_age", "duration", 31 * DAY, 60, 366 * DAY, "The checklist is monthly."),
    Limit("alert_window", "duration", DAY, 60, 30 * DAY, "The checklist is daily."),
    Limit("alerts_dropped", "count", 0, 0, 1_000_000,
          "The collector answers a dropped alert with 200 and sends no message."),
    Limit("alerts_unaccounted", "count", 0, 0, 1_000_000,
          "An alert neither processed nor counted as an error is lost."),
    Limit("alert_error_ratio", "ratio", 0.01, 0, 1, "Alertmanager retries for a limited time."),
    Limit("destination_success_ratio", "ratio", 0.99, 0, 1,
          "On-call engineers rely on each destination."),
    Limit("small_sample", "count", 50, 1, 1_000_000, "A ratio over few events is noise."),
    Limit("settle_time", "duration", 5, 0, 60,
          "Alerts still in flight after this time count as lost."),
    Limit("backup_age", "duration", 25 * HOUR, 60, 366 * DAY, "A daily backup plus one hour."),
    Limit("backup_days", "count", 7, 1, 366, "A fault found late needs an older backup."),
    Limit("backup_shrink", "ratio", 0.5, 0.01, 1,
          "Configuration does not halve overnight; a truncated backup does."),
    Limit("config_age", "duration", 30 * DAY, 60, 366 * DAY,
          "The guide's alert CanoCollectorConfigOld fires after 30 days."),
    Limit("secret_age", "duration", 90 * DAY, 60, 366 * DAY,
          "A leaked key stays usable until its rotation."),
    Limit("recovery_age", "duration", 31 * DAY, 60, 366 * DAY, "The checklist is monthly."),
    Limit("documentation_age", "duration", 31 * DAY, 60, 366 * DAY, "The checklist is monthly."),
    Limit("signoff_age", "duration", 92 * DAY, 60, 366 * DAY, "The checklist is quarterly."),
    Limit("chart_minors_behind", "count", 1, 0, 1000,
          "A quarterly upgrade leaves at most one minor version open."),
    Limit("chart_age", "duration", 90 * DAY, 60, 3660 * DAY,
          "One quarter to plan, rehearse and apply an upgrade."),
    Limit("least_replicas", "count", 2, 1, 100,
          "A single replica is down while its node is drained."),
    Limit("fallback_receivers", "count", 1, 1, 20,
          "One independent receiver reports a dead collector."),
    Limit("emergency_replicas", "count", 3, 2, 100,
          "The guide's performance emergency scales to 3 replicas."),
    Limit("emergency_memory_mebibytes", "count", 1024, 0, 1_048_576,
          "The guide's performance emergency sets 1Gi; 0 leaves memory unchanged."),
    Limit("emergency_cpu_millicores", "count", 1000, 0, 1_024_000,
          "The guide's performance emergency sets 1000m; 0 leaves CPU unchanged."),
    Limit("scaling_usage", "ratio", 0.6, 0.01, 1,
          "Without an autoscaler the present replicas must carry one quarter's growth."),
    Limit("event_window", "duration", HOUR, 60, DAY,
          "Kubernetes keeps events for one hour by default."),
    Limit("resource_usage", "ratio", 0.8, 0.01, 1, "The rest is headroom for a burst."),
    Limit("sizing_window", "duration", 7 * DAY, DAY, 90 * DAY,
          "A week includes busy and quiet hours."),
    Limit("sizing_least", "ratio", 0.2, 0, 1, "Below it, the unused request blocks other pods."),
    Limit("sizing_most", "ratio", 0.8, 0.01, 1,
          "Above it, a full node throttles or evicts the pod first."),
    Limit("capacity_window", "duration", 90 * DAY, 14 * DAY, 366 * DAY,
          "The past is as long as the forecast."),
    Limit("capacity_days", "count", 14, 7, 366,
          "Two of each weekday, and Prometheus' default retention is 15 days."),
    Limit("capacity_utilisation", "ratio", 0.6, 0.01, 1, "The daily mean hides the busiest hour."),
    Limit("capacity_horizon", "duration", 90 * DAY, DAY, 366 * DAY,
          "One quarter, until the next run of the checklist."),
    Limit("usage_age", "duration", 300, 15, HOUR,
          "metrics-server samples every 15 s to 60 s; an older sample is stale."),
    Limit("alerts_firing", "count", 0, 0, 1000, "A firing maintenance alert needs an action."),
    Limit("request_deadline", "duration", 10, 0.05, 600, "One request, retries included."),
    Limit("sweep_deadline", "duration", 60, 0.05, 3600, "All measurements of one target."),
    Limit("ledger_clock_skew", "duration", 300, 0, DAY, "Clocks of CI runners differ."),
    Limit("daily_period", "duration", DAY, HOUR, 7 * DAY, "The checklist is daily."),
    Limit("daily_grace", "duration", 6 * HOUR, 0, 7 * DAY, "A failed job is run again."),
    Limit("weekly_period", "duration", 7 * DAY, DAY, 31 * DAY, "The checklist is weekly."),
    Limit("weekly_grace", "duration", DAY, 0, 31 * DAY, "A failed job is run again."),
    Limit("monthly_period", "duration", 31 * DAY, DAY, 92 * DAY, "A month has up to 31 days."),
    Limit("monthly_grace", "duration", 3 * DAY, 0, 92 * DAY, "A weekend can lie between."),
    Limit("quarterly_period", "duration", 92 * DAY, DAY, 366 * DAY, "A quarter has 92 days."),
    Limit("quarterly_grace", "duration", 7 * DAY, 0, 366 * DAY, "A week of holidays."),
)
# fmt: on
LIMITS: Mapping[str, Limit] = MappingProxyType({limit.name: limit for limit in _DECLARED})


class Limits:
    """The limits of a run: the defaults and the user's values over them."""

    def __init__(self, values: Mapping[str, float] | None = None) -> None:
        self._values = {name: limit.default for name, limit in LIMITS.items()} | dict(values or {})

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def text(self, name: str) -> str:
        """Return the value in force with its unit."""
        return LIMITS[name].text(self._values[name])

    def values(self) -> dict[str, float]:
        """Return every value in force."""
        return dict(self._values)

    def changed(self) -> dict[str, str]:
        """Return the limits that differ from their default, as text."""
        return {
            name: self.text(name)
            for name, limit in LIMITS.items()
            if self._values[name] != limit.default
        }


def parse_limits(entries: Mapping[str, str], *, where: str) -> dict[str, float]:
    """Return the values of ``{name: text}``.

    :raises BadInput: an unknown name (the nearest is named), a wrong unit, a value out of range.
    """
    values = {}
    for name, text in entries.items():
        if name not in LIMITS:
            raise BadInput(
                f"{where}: unknown limit {name!r}{nearest(name, LIMITS)}."
                " docs/limits.md lists the limits."
            )
        values[name] = LIMITS[name].parse(text, where=where)
    return values


def nearest(word: str, words: Mapping[str, object] | list[str] | tuple[str, ...]) -> str:
    """Return `` (did you mean 'x'?)`` with the nearest word, or nothing without a near one."""
    close = difflib.get_close_matches(word, list(words), n=9, cutoff=0.5)
    # Their ratio ignores order: of prod-eu and prod-us, prod-ue is a swap away from the first.
    # A word that was only cut short is the nearest of all.
    match = min(close, key=lambda one: (not one.startswith(word), _edits(word, one)), default=None)
    return f" (did you mean {match!r}?)" if match is not None else ""


def _edits(one: str, other: str) -> int:
    """Return the distance (optimal string alignment): an edit counts two, a swap of neighbours one."""
    before: list[int] = []
    row = list(range(0, 2 * len(other) + 1, 2))
    for i, a in enumerate(one, start=1):
        earlier, before, row = before, row, [2 * i]
        for j, b in enumerate(other, start=1):
            row.append(min(before[j] + 2, row[j - 1] + 2, before[j - 1] + 2 * (a != b)))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], earlier[j - 2] + 1)
    return row[-1]
