"""Again: the outcome of a check on a sweep that is taken anew, with answers that a test changed."""

from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from upkeep.errors import NotApplicable, Unmeasured
from upkeep.model import Judgement
from upkeep.sweep import Sweep


@dataclass(frozen=True)
class Outcome:
    """An outcome: pass, fail, due, unknown, not-applicable, or an internal error and its place.

    :ivar reason: of unknown.
    :ivar words: the first finding, what was observed, or the exception.
    """

    name: str
    reason: str = ""
    words: str = ""


def outcome_of(item: pytest.Function, sweep: Sweep, **provided: Any) -> Outcome:
    """Return the outcome of a check.

    :param provided: values of the run in place of those of the sweep.
    """
    values = {**sweep._provided, **provided}
    again = Sweep(sweep.measurements, values, clock=sweep._clock, deadline_seconds=60)
    again.now = sweep.now
    names = list(signature(item.function).parameters)
    again.take([name for name in names if name in sweep.measurements])
    judged: list[Judgement] = []

    def judge(judgement: Judgement) -> Judgement:
        judged.append(judgement)
        return judgement

    own = {"judge": judge, "target_name": item.callspec.params["target_name"]}
    try:
        given = {}
        for name in names:
            read = again.of if name in sweep.measurements else again.provided
            given[name] = own[name] if name in own else read(name)
        item.function(**given)
    except AssertionError as error:
        if not judged:
            return Outcome("AssertionError", words=str(error))
        words = judged[0].findings[0].message if judged[0].findings else judged[0].observed
        return Outcome("due" if judged[0].due else "fail", words=str(words))
    except NotApplicable as error:
        return Outcome("not-applicable", words=str(error))
    except Unmeasured as error:
        return Outcome("unknown", error.reason, str(error))
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return Outcome(f"{type(error).__name__} in {_place(error)}", words=str(error))
    return Outcome("pass", words=str(judged[0].observed))


def _place(error: Exception) -> str:
    trace, last = error.__traceback__, ""
    while trace is not None:
        last = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return last
