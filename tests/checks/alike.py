"""Judge once what is equal: of the targets on which a control has the same records, the first.

A judge is pure: it says the same of the same records. ``make full-test`` judges each on its own, and
compares the outcomes with those of docs/outcomes.md, which are written this way.
"""

import hashlib
from collections.abc import Generator, Iterable, Mapping
from typing import Any

import msgspec
import pytest

from upkeep.session import CONTROL, NOT_DUE, SWEEPS, target_of
from upkeep.sweep import Sweep


class Alike:
    """The plugin of an inner run that leaves out what another target's result stands for.

    :ivar twins: (target, control) -> the target whose result is its own.
    """

    def __init__(self) -> None:
        self.twins: dict[tuple[str, str], str] = {}

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        from fixtures.demo import CLUSTERS

        # Inside of the sweep's own wrapper: the records are there, and nothing is judged yet.
        config, judged, first = session.config, [], {}
        records = {
            name: _Records(sweep, str(config.stash[CLUSTERS][name].folder))
            for name, sweep in config.stash[SWEEPS].items()
        }
        for item in session.items:
            target, control = target_of(item), item.stash[CONTROL].id
            key = control, records[target].read_by(item.fixturenames)
            if (equal := first.setdefault(key, target)) == target:
                judged.append(item)
            else:
                self.twins[target, control] = equal
                item.stash[NOT_DUE] = True  # it is no control that was not run
        session.items[:] = judged
        return (yield)


class _Records:
    """The records of a target; each is read once.

    :param folder: where its embedded cluster keeps its files: no two targets have the same.
    """

    def __init__(self, sweep: Sweep, folder: str) -> None:
        self._sweep, self._folder = sweep, folder.encode()
        self._digests: dict[str, str] = {}

    def read_by(self, fixtures: Iterable[str]) -> tuple[str, ...]:
        """Return what stands for the records among the fixtures of a check."""
        return tuple(map(self._digest, sorted(self._sweep.measurements.keys() & fixtures)))

    def _digest(self, name: str) -> str:
        if name not in self._digests:
            taken = self._sweep.taken(name)
            assert taken is not None, name
            # No judge is given a client: the records of those who asked it say what it answered.
            record = None if self._sweep.measurements[name].handle else taken.record
            told = msgspec.json.encode([record, taken.stopped], enc_hook=_said, order="sorted")
            self._digests[name] = hashlib.sha256(told.replace(self._folder, b"")).hexdigest()
        return self._digests[name]


def _said(value: object) -> object:
    """Return what stands for a value that JSON has no form for."""
    return dict(value) if isinstance(value, Mapping) else repr(value)
