"""The limits that judges compare with: each has a name, a default, a unit, a range and a reason, and is printed with the result.

Durations are held in seconds and ratios as 0–1; users write ``24h``, ``7d``, ``1.5s``, ``99%`` or ``0.99``, or what is printed: ``1 d 1 h``, ``99 %``.
Source of the defaults: controls.md.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from upkeep.errors import BadInput

_DURATION = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s|min|m|h|d|w) ?")
_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit's declaration. ``unit`` is ``duration``, ``ratio``, ``count`` or ``factor``; the bounds are inclusive and in seconds, 0–1, as counted or times."""

    name: str
    unit: str
    default: float
    least: float
    most: float
    reason: str

    def parse(self, text: str, *, where: str) -> float:
        """The value of a user's text.

        :param where: the option, file or variable it came from, for the message.
        :raises BadInput: another unit, or out of range.
        """
        low, high = self.text(self.least), self.text(self.most)
        value = _parse(text.strip(), self.unit)
        if value is None:
            raise BadInput(
                f"{where}: limit {self.name} is a {self.unit}, not {text!r}; write for instance {self._example()}, between {low} and {high}"
            )
        if not self.least <= value <= self.most:
            raise BadInput(
                f"{where}: limit {self.name} must lie between {low} and {high}, not {text} (it is a {self.unit})"
            )
        return value

    def text(self, value: float) -> str:
        """A value with its unit, as a person reads it: the very value, nothing is rounded away, and ``parse`` takes it back."""
        if self.unit == "duration":
            return _duration(value)
        if self.unit == "ratio":
            return f"{_decimal(value * 100, 10)} %"
        if self.unit == "factor":
            return f"×{_decimal(value, 10)}"
        return f"{value:g}"

    def _example(self) -> str:
        """A text that would be accepted."""
        example = {"duration": "24h", "ratio": "1%", "count": "3", "factor": "1.5"}[self.unit]
        value = _parse(example, self.unit)
        fits = value is not None and self.least <= value <= self.most
        return example if fits else self.text(self.default).replace("min", "m").replace(" ", "")


def _decimal(value: float, places: int) -> str:
    """Without an exponent, and without zeros at its end."""
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

LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        limit.name: limit
        for limit in (
            Limit("restarts", "count", 0, 0, 1000, "a restart loses what was in flight"),
            Limit("restart_window", "duration", DAY, 60, 30 * DAY, "the checklist is daily"),
            Limit(
                "health_latency", "duration", 1, 0.01, 60, "the kubelet's probes give up after 1 s"
            ),
            Limit("log_window", "duration", DAY, 60, 30 * DAY, "the checklist is daily"),
            Limit("log_lines", "count", 100, 1, 100_000, "the guide looks at the last 100 lines"),
            Limit(
                "log_error_lines",
                "count",
                0,
                0,
                1_000_000,
                "every error line is a message that may not have arrived",
            ),
            Limit(
                "log_coverage",
                "ratio",
                0.9,
                0,
                1,
                "the kubelet rotates logs away; what is gone cannot be called clean",
            ),
            Limit(
                "log_history_window",
                "duration",
                7 * DAY,
                60,
                30 * DAY,
                "the weekly log analysis looks at seven days",
            ),
            Limit(
                "repeated_error_lines",
                "count",
                10,
                0,
                1_000_000,
                "ten alike in a week are no accident",
            ),
            Limit(
                "send_failure_lines",
                "count",
                0,
                0,
                1_000_000,
                "every one is a message that somebody did not get",
            ),
            Limit(
                "processing_latency",
                "duration",
                5,
                0.001,
                600,
                "Alertmanager gives a webhook 10 s by default; half of it is late enough",
            ),
            Limit(
                "slow_lines",
                "count",
                10,
                0,
                1_000_000,
                "one slow answer of a chat program is its own affair, ten are a pattern",
            ),
            Limit(
                "timing_window",
                "duration",
                7 * DAY,
                3600,
                90 * DAY,
                "slow work shows over a week, whatever the weekday",
            ),
            Limit(
                "trend_window",
                "duration",
                28 * DAY,
                3600,
                366 * DAY,
                "the past that the present is compared with: four whole weeks",
            ),
            Limit(
                "latency_growth", "factor", 1.5, 1, 100, "half as long again is no noise of a week"
            ),
            Limit(
                "latency_noticed",
                "duration",
                0.1,
                0,
                600,
                "nobody waits for less, and the lowest buckets are wide",
            ),
            Limit(
                "send_latency",
                "duration",
                2,
                0.001,
                600,
                "a chat program that takes longer is ill, or far away",
            ),
            Limit("export_age", "duration", 31 * DAY, 60, 366 * DAY, "the checklist is monthly"),
            Limit("alert_window", "duration", DAY, 60, 30 * DAY, "the checklist is daily"),
            Limit(
                "alerts_dropped",
                "count",
                0,
                0,
                1_000_000,
                "a dropped alert was answered with 200 and reached nobody",
            ),
            Limit(
                "alerts_unaccounted",
                "count",
                0,
                0,
                1_000_000,
                "an alert that is in no book was lost",
            ),
            Limit(
                "alert_error_ratio",
                "ratio",
                0.01,
                0,
                1,
                "Alertmanager sends again, but not for ever",
            ),
            Limit(
                "destination_success_ratio", "ratio", 0.99, 0, 1, "people rely on each destination"
            ),
            Limit("small_sample", "count", 50, 1, 1_000_000, "a ratio over few events is noise"),
            Limit(
                "settle_time",
                "duration",
                5,
                0,
                60,
                "how long work in flight may take before it counts as lost",
            ),
            Limit(
                "backup_age",
                "duration",
                25 * HOUR,
                60,
                366 * DAY,
                "a daily backup and an hour of grace",
            ),
            Limit(
                "backup_days",
                "count",
                7,
                1,
                366,
                "a fault that is found late is undone from the days before",
            ),
            Limit(
                "backup_shrink",
                "ratio",
                0.5,
                0.01,
                1,
                "configuration does not halve overnight; a backup that does was cut",
            ),
            Limit(
                "config_age",
                "duration",
                30 * DAY,
                60,
                366 * DAY,
                "CanoCollectorConfigOld, the guide's alert, fires after thirty days",
            ),
            Limit(
                "secret_age",
                "duration",
                90 * DAY,
                60,
                366 * DAY,
                "a key that leaked unseen is of use for so long",
            ),
            Limit("recovery_age", "duration", 31 * DAY, 60, 366 * DAY, "the checklist is monthly"),
            Limit(
                "documentation_age", "duration", 31 * DAY, 60, 366 * DAY, "the checklist is monthly"
            ),
            Limit("signoff_age", "duration", 92 * DAY, 60, 366 * DAY, "the checklist is quarterly"),
            Limit(
                "chart_minors_behind",
                "count",
                1,
                0,
                1000,
                "one minor is what a quarterly upgrade leaves open; two are a habit",
            ),
            Limit(
                "chart_age",
                "duration",
                90 * DAY,
                60,
                3660 * DAY,
                "an upgrade has a quarter to be planned, rehearsed and done",
            ),
            Limit(
                "least_replicas",
                "count",
                2,
                1,
                100,
                "one replica is an outage whenever its node is drained",
            ),
            Limit(
                "fallback_receivers",
                "count",
                1,
                1,
                20,
                "one other way is enough to hear that the collector is gone",
            ),
            Limit(
                "emergency_replicas",
                "count",
                3,
                2,
                100,
                "the guide's performance emergency scales to three",
            ),
            Limit(
                "emergency_memory_mebibytes",
                "count",
                1024,
                0,
                1_048_576,
                "the guide's performance emergency gives 1Gi; 0 leaves memory as it is",
            ),
            Limit(
                "emergency_cpu_millicores",
                "count",
                1000,
                0,
                1_024_000,
                "the guide's performance emergency gives 1000m; 0 leaves CPU as it is",
            ),
            Limit(
                "scaling_usage",
                "ratio",
                0.6,
                0.01,
                1,
                "without an autoscaler a quarter's growth must fit into what is there",
            ),
            Limit(
                "event_window",
                "duration",
                HOUR,
                60,
                DAY,
                "Kubernetes keeps events for an hour by default",
            ),
            Limit(
                "resource_usage",
                "ratio",
                0.8,
                0.01,
                1,
                "what is nearly full is full when it matters",
            ),
            Limit(
                "sizing_window",
                "duration",
                7 * DAY,
                DAY,
                90 * DAY,
                "a week has its busy hours and its quiet ones, whatever the weekday",
            ),
            Limit(
                "sizing_least",
                "ratio",
                0.2,
                0,
                1,
                "of what is requested and never used others could have had the rest",
            ),
            Limit(
                "sizing_most",
                "ratio",
                0.8,
                0.01,
                1,
                "what uses nearly all it requested is slowed down or evicted first on a full node",
            ),
            Limit(
                "capacity_window",
                "duration",
                90 * DAY,
                14 * DAY,
                366 * DAY,
                "as long a past as the future that is told from it",
            ),
            Limit(
                "capacity_days",
                "count",
                14,
                7,
                366,
                "two of each weekday, which is what a Prometheus keeps by default; with less a week's own ups and downs are a trend",
            ),
            Limit(
                "capacity_utilisation",
                "ratio",
                0.6,
                0.01,
                1,
                "a mean of a day hides its busiest hour, which needs the rest",
            ),
            Limit(
                "capacity_horizon",
                "duration",
                90 * DAY,
                DAY,
                366 * DAY,
                "the checklist is quarterly: until it looks again",
            ),
            Limit(
                "usage_age",
                "duration",
                300,
                15,
                HOUR,
                "metrics-server measures every 15 s to 60 s; an older number is of another time",
            ),
            Limit("alerts_firing", "count", 0, 0, 1000, "a firing maintenance alert is work to do"),
            Limit("request_deadline", "duration", 10, 0.05, 600, "one request, retries included"),
            Limit(
                "sweep_deadline",
                "duration",
                60,
                0.05,
                3600,
                "all measurements of a target together",
            ),
            Limit("ledger_clock_skew", "duration", 300, 0, DAY, "clocks of CI runners differ"),
            Limit("daily_period", "duration", DAY, HOUR, 7 * DAY, "the checklist is daily"),
            Limit("daily_grace", "duration", 6 * HOUR, 0, 7 * DAY, "a failed job is run again"),
            Limit("weekly_period", "duration", 7 * DAY, DAY, 31 * DAY, "the checklist is weekly"),
            Limit("weekly_grace", "duration", DAY, 0, 31 * DAY, "a failed job is run again"),
            Limit("monthly_period", "duration", 31 * DAY, DAY, 92 * DAY, "a month has 31 days"),
            Limit("monthly_grace", "duration", 3 * DAY, 0, 92 * DAY, "a weekend lies between"),
            Limit(
                "quarterly_period", "duration", 92 * DAY, DAY, 366 * DAY, "a quarter has 92 days"
            ),
            Limit("quarterly_grace", "duration", 7 * DAY, 0, 366 * DAY, "a week of holidays"),
        )
    }
)


class Limits:
    """The values in force for a run: the defaults and what the user set over them."""

    def __init__(self, values: Mapping[str, float] | None = None) -> None:
        self._values = {name: limit.default for name, limit in LIMITS.items()} | dict(values or {})

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def text(self, name: str) -> str:
        """The value in force, with its unit."""
        return LIMITS[name].text(self._values[name])

    def changed(self) -> dict[str, str]:
        """Those that differ from the default, as text."""
        return {
            name: self.text(name)
            for name, limit in LIMITS.items()
            if self._values[name] != limit.default
        }


def parse_limits(entries: Mapping[str, str], *, where: str) -> dict[str, float]:
    """The values of ``{name: text}``.

    :raises BadInput: an unknown name (the nearest is named), a wrong unit, a value out of range.
    """
    values = {}
    for name, text in entries.items():
        if name not in LIMITS:
            raise BadInput(
                f"{where}: there is no limit {name!r}{nearest(name, LIMITS)}; docs/limits.md lists them"
            )
        values[name] = LIMITS[name].parse(text, where=where)
    return values


def nearest(word: str, words: Mapping[str, object] | list[str] | tuple[str, ...]) -> str:
    """`` (did you mean 'x'?)`` for the nearest of the words, or nothing when none is near."""
    match = difflib.get_close_matches(word, list(words), n=1, cutoff=0.5)
    return f" (did you mean {match[0]!r}?)" if match else ""
