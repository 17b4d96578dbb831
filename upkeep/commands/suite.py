"""``upkeep run``: run the checks with pytest, from a checkout or from the wheel.

Exit codes: those of pytest; with --gate those of the gate.
"""

import importlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upkeep.errors import BadInput

if TYPE_CHECKING:
    from upkeep.records.rights import Right


def root() -> Path:
    """Return the folder with ``conftest.py`` and ``checks``: in the installed package or the checkout.

    :raises BadInput: neither folder exists.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "suite", package.parent):
        if (folder / "checks").is_dir() and (folder / "conftest.py").is_file():
            return folder
    raise BadInput(
        f"No checks found in {package / 'suite'} or {package.parent}. Reinstall cano-upkeep."
    )


def typed() -> str:
    """Return how a user of the present folder starts the checks: ``pytest`` finds them in the checkout alone."""
    return "pytest" if root() == Path.cwd() else "upkeep run"


def plugin(name: str) -> Any:
    """Return a plugin of the suite, found by its name as pytest finds those of conftest.py."""
    folder = str(root())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(name)


def run(arguments: Sequence[str], *, plugins: Sequence[Any] = ()) -> int:
    """Run ``pytest ARGUMENTS`` on the checks, from any folder."""
    import pytest

    folder, arguments = root(), joined(arguments)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    # The folder comes first: after an option whose value may be left out (--demo) it would be that value.
    where = [] if any(_is_path(argument) for argument in arguments) else [str(folder / "checks")]
    return int(
        pytest.main(
            [
                f"--rootdir={folder}",
                f"--config-file={folder / 'pyproject.toml'}",
                *where,
                *arguments,
            ],
            plugins=list(plugins),
        )
    )


def joined(words: Sequence[str]) -> list[str]:
    """Return the words with ``--option VALUE`` of upkeep as ``--option=VALUE``."""
    from upkeep.settings.words import VALUED

    valued = {option(name) for name in VALUED}

    def each() -> Iterator[str]:
        rest = iter(words)
        for word in rest:
            value = next(rest, None) if word in valued else None
            yield word if value is None else f"{word}={value}"

    return list(each())


def option(name: str) -> str:
    """Return the option of a setting's name."""
    return f"--{name.replace('_', '-')}"


def _is_path(argument: str) -> bool:
    return not argument.startswith("-") and Path(argument.split("::")[0]).exists()


class Declared:
    """A pytest plugin that collects the rights of each control and runs no check."""

    def __init__(self) -> None:
        self.rights: dict[str, tuple[Right, ...]] = {}

    def pytest_collection_finish(self, session: Any) -> None:
        from upkeep.session import measurements_of
        from upkeep.sweep import closure

        measurements = measurements_of(session.config)
        for item in session.items:
            asked = [measurements[name] for name in closure(item.fixturenames, measurements)]
            mark = item.get_closest_marker("control")
            self.rights[mark.kwargs["id"]] = tuple(
                dict.fromkeys(
                    right for one in asked for right in one.rights if right.held_by == "role"
                )
            )


def declared(cadences: Sequence[str]) -> dict[str, tuple["Right", ...]]:
    """Return the rights of every control of the cadences, by its id.

    :raises BadInput: an unknown cadence, or checks that cannot be collected.
    """
    import contextlib
    import io

    plugin, said = Declared(), io.StringIO()
    with contextlib.redirect_stdout(said):
        code = run(["--collect-only", "-qq", "-m", " or ".join(cadences)], plugins=[plugin])
    if code != 0 or not plugin.rights:
        raise BadInput(
            f"pytest collected no check of {', '.join(cadences)}: {said.getvalue().strip()[-300:]}"
        )
    return plugin.rights
