"""Surveys of two healthy pods' logs, and their judgement."""

import pytest
from msgspec.structs import replace

from tests.judges.samples import (
    NOW,
    ago,
    install,
    workload,
)
from upkeep.errors import TooEarly, Unmeasured
from upkeep.judges.logs import recent
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.logs import LogPattern, LogSurvey
from upkeep.records.workload import Workload

WHERE = "Pod/cano-collector-a container/cano-collector"


def pattern(text: str = "Failed to send issue", count: int = 1, **changes) -> LogPattern:
    return replace(
        LogPattern(text, count, "error", ago(hours=3), ago(hours=2), f"{text} (team=default)"),
        **changes,
    )


def survey(name: str = "a", *patterns: LogPattern, **changes) -> LogSurvey:
    """A log of the whole window, with these bad lines and no other."""
    bad = sum(each.count for each in patterns)
    whole = LogSurvey(
        f"cano-collector-{name}", "cano-collector", False, 400, ago(days=1), NOW, bad, patterns
    )
    return replace(whole, **changes)


BOTH = (survey("a"), survey("b"))


def clean(surveys=BOTH, records: Workload | None = None, **limits: float) -> Judgement:
    return recent.clean(
        surveys, records or workload(), now=NOW, limits=Limits(limits), install=install()
    )


def too_early(surveys=BOTH, records: Workload | None = None, **limits: float) -> TooEarly:
    with pytest.raises(TooEarly) as raised:
        clean(surveys, records, **limits)
    return raised.value


def outcome(surveys, limit: int) -> str:
    try:
        return "pass" if clean(tuple(surveys), log_error_lines=limit) else "fail"
    except Unmeasured as error:
        return error.reason
