"""Playing: what does a failing control say when one of its sources lies?

One inner run takes every scenario once and keeps the answers of the embedded clusters. Each lie is
then told in place of the kept answers of its source, and the control's check runs again. A lie of a
folder changes its files, which are put back.
"""

import dataclasses
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.checks.again import Outcome, outcome_of
from tests.checks.inner import EVERY, LEDGER_ALONE, LIMITS, Held, named, place_of
from upkeep.adapters.cluster.answers import Answer
from upkeep.adapters.cluster.transport import Transport
from upkeep.adapters.folders import attestations
from upkeep.commands import suite
from upkeep.demo.scenarios import SCENARIOS
from upkeep.demo.server.faults import source_of
from upkeep.demo.server.responses import Request
from upkeep.errors import BadInput
from upkeep.records.attestations import AttestationFile
from upkeep.session import SWEEPS

KINDS = ("stale", "partial", "foreign", "empty", "early end")


@dataclass(frozen=True)
class Told:
    """What a lie is made from.

    :ivar body: the true answer, or the text of a file.
    :ivar healthy: the answer to the same request on the healthy cluster; empty where there is none.
    :ivar path: of the request, or of the file.
    """

    body: bytes
    healthy: bytes = b""
    path: str = ""


Change = Callable[[Told], bytes]


@dataclass(frozen=True)
class Lie:
    """A lie: its kind, what the source says, and the answer in place of the true one."""

    kind: str
    words: str
    change: Change


@dataclass(frozen=True)
class Liar:
    """A source that lies to a control that fails in a scenario.

    :ivar source: as the embedded cluster calls it, or ``backups``, ``exports``, ``attestations``,
        ``charts`` for files.
    :ivar path: a pattern for the paths of the requests that are answered wrongly.
    """

    name: str
    source: str
    scenario: str
    control: str
    lies: tuple[Lie, ...]
    path: str = ""


@dataclass(frozen=True)
class Row:
    """What a control says under a lie; ``told`` is false where the lie changed nothing."""

    liar: Liar
    lie: Lie
    outcome: Outcome
    told: bool

    def text(self) -> str:
        """Return the row of the table."""
        said = self.outcome.name + (f" ({self.outcome.reason})" if self.outcome.reason else "")
        return f"| {self.lie.kind} | {self.lie.words} | {said} |"


class Asked(NamedTuple):
    """A request. ``by`` is who asks, and for what form of the answer."""

    server: str
    path: str
    query: tuple[tuple[str, str], ...]
    by: str


@dataclass
class Player:
    """Stands before ``Transport.fetch`` and ``Transport.stream``: keeps answers, and tells lies."""

    kept: dict[Asked, Answer] = field(default_factory=dict)
    streams: dict[Asked, bytes] = field(default_factory=dict)
    liar: Liar | None = None
    lie: Lie | None = None
    server: str = ""
    healthy: str = ""
    layout: str = "guide"
    told: bool = False

    def instead(self, asked: Asked, body: bytes, healthy: bytes) -> bytes:
        """Return the body that the source gives: the lie's, where it is this one that lies."""
        if self.lie is None or self.liar is None or asked.server != self.server:
            return body
        request = Request("GET", asked.path, dict(asked.query))
        if source_of(request, self.layout) != self.liar.source:
            return body
        if not re.search(self.liar.path, asked.path):
            return body
        new = self.lie.change(Told(body, healthy, asked.path))
        self.told |= new != body
        return new

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Stand before the transport."""
        fetch, stream = Transport.fetch, Transport.stream

        def fetched(
            transport: Transport, method: str, path: str, query: Any = None, **more: Any
        ) -> Answer:
            if method != "GET":
                return fetch(transport, method, path, query, **more)
            by = f"{type(transport).__name__} {more.get('accept')}"
            asked = _asked(transport, path, query, by)
            if asked not in self.kept:
                self.kept[asked] = fetch(transport, method, path, query, **more)
            answer, twin = self.kept[asked], self.kept.get(asked._replace(server=self.healthy))
            if answer.status >= 300:
                return answer
            body = self.instead(asked, answer.body, twin.body if twin else b"")
            return dataclasses.replace(answer, body=body)

        @contextmanager
        def streamed(transport: Transport, path: str, query: Any) -> Iterator[Iterator[bytes]]:
            asked = _asked(transport, path, query, "stream")
            if asked not in self.streams:
                with stream(transport, path, query) as blocks:
                    self.streams[asked] = b"".join(blocks)
            twin = self.streams.get(asked._replace(server=self.healthy), b"")
            yield iter([self.instead(asked, self.streams[asked], twin)])

        patch.setattr(Transport, "fetch", fetched)
        patch.setattr(Transport, "stream", streamed)


def _asked(transport: Transport, path: str, query: Any, by: str) -> Asked:
    words = tuple(sorted((name, str(value)) for name, value in (query or {}).items()))
    return Asked(transport.server, path, words, by)


class Plays(Held):
    """The plugin that plays in an inner run, while its clusters still stand."""

    def __init__(self, liars: tuple[Liar, ...], player: Player) -> None:
        self.liars, self.player = liars, player
        only: dict[str, set[str]] = {}
        for liar in liars:
            for target in (liar.scenario, healthy(liar.scenario)):
                only.setdefault(target, set()).add(liar.control)
        super().__init__(only)
        self.rows: list[Row] = []
        self.truth: dict[tuple[str, str, str], str] = {}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Any:
        from fixtures.demo import CLUSTERS

        result = yield
        sweeps, clusters = session.config.stash[SWEEPS], session.config.stash[CLUSTERS]
        items = {
            (place_of(item.callspec.params["target_name"]), _control(item)): item
            for item in session.items
            if isinstance(item, pytest.Function)
        }
        for liar in self.liars:
            item, sweep = items[liar.scenario, liar.control], sweeps[named(liar.scenario)]
            self.truth[liar.name, liar.scenario, liar.control] = outcome_of(item, sweep).name
            player, twin = self.player, healthy(liar.scenario)
            player.layout = SCENARIOS[liar.scenario].layout
            player.server = clusters[named(liar.scenario)].url
            player.healthy = clusters[twin].url
            folder = getattr(clusters[named(liar.scenario)], liar.source, None)
            for lie in liar.lies:
                player.liar, player.lie, player.told = liar, lie, False
                if folder is None:
                    found = outcome_of(item, sweep)
                else:
                    true = getattr(clusters[twin], liar.source)
                    with _files(folder, true, lie, player):
                        found = _read_again(item, sweep, liar, folder)
                player.lie = None
                self.rows.append(Row(liar, lie, found, player.told))
        return result


@contextmanager
def _files(place: Path, twin: Path | None, lie: Lie, player: Player) -> Iterator[None]:
    """Let the files of a folder, or one file, say something else."""
    files = sorted(place.iterdir()) if place.is_dir() else [place]
    before = {file: (file.read_bytes(), file.stat()) for file in files if file.is_file()}
    try:
        for file, (body, state) in before.items():
            if not re.search(player.liar.path if player.liar else "", file.name):
                continue
            other = (twin / file.name if twin.is_dir() else twin) if twin else None
            true = other.read_bytes() if other is not None and other.is_file() else b""
            new = lie.change(Told(body, true, str(file)))
            player.told |= new != body
            file.write_bytes(new)
            os.utime(file, (state.st_atime, state.st_mtime))
        yield
    finally:
        for file, (body, state) in before.items():
            file.write_bytes(body)
            os.utime(file, (state.st_atime, state.st_mtime))


def _read_again(item: pytest.Function, sweep: Any, liar: Liar, place: Path) -> Outcome:
    """Return the outcome with the files as they are; the attestations are read before a run."""
    if liar.source != "attestations":
        return outcome_of(item, sweep)
    try:
        given = AttestationFile(str(place), attestations.read(place))
    except BadInput as error:
        return Outcome("refused", words=str(error))
    return outcome_of(item, sweep, attestations=given)


def _control(item: pytest.Item) -> str:
    return str(next(item.iter_markers("control")).kwargs["id"])


def healthy(scenario: str) -> str:
    """Return the healthy cluster of a scenario's layout."""
    return "healthy" if SCENARIOS[scenario].layout == "guide" else "chart"


def played(liars: tuple[Liar, ...]) -> Plays:
    """Run each scenario once, and tell each lie."""
    player = Player()
    plays = Plays(liars, player)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        player.install(patch)
        targets = list(plays.only)
        settings = Path(folder, "upkeep.toml")
        limits = "".join(f'{name} = "{value}"\n' for name, value in LIMITS.items())
        tables = "".join(f'[targets."{named(name)}"]\ndemo = "{name}"\n' for name in targets)
        settings.write_text(f"[limits]\n{limits}{tables}")
        words = ["-m", EVERY, "-q", f"--settings={settings}", f"--out={folder}/out"]
        code = suite.run(
            [*words, *(f"--target={named(name)}" for name in targets), *LEDGER_ALONE],
            plugins=[plays],
        )
    assert code == pytest.ExitCode.TESTS_FAILED, f"the inner run ended with code {code}"
    return plays
