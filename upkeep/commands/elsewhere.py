"""A pytest that did not load the checks: which command did the user mean?

Every pytest of the environment loads this plugin (entry point pytest11). pytest takes an existing path
after a space for its root folder, and then loads no conftest.py of the checks; in another folder neither.
Source: https://docs.pytest.org/en/stable/reference/customize.html#finding-the-rootdir
"""

from collections.abc import Sequence
from typing import Any

import pytest

from upkeep.commands.suite import joined, option, plugin


@pytest.hookimpl(trylast=True)  # after the initial conftest.py files
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> None:
    """Refuse options of upkeep that no conftest.py has declared, with the command to type.

    :raises pytest.UsageError: such an option.
    """
    if not any(word.startswith("--") for word in args):
        return
    from upkeep.settings.words import VARIABLES

    ours = {option(name) for name in VARIABLES}
    _, unknown = parser.parse_known_and_unknown_args([word for word in args if word[:1] != "@"])
    found = [word.partition("=")[0] for word in unknown if word.partition("=")[0] in ours]
    if not found:
        return
    from upkeep.shell import arguments, shell
    from upkeep.urls import without_user

    given: Sequence[Any] = early_config.invocation_params.args
    words = [str(word) for word in given]
    command = without_user(shell("upkeep run {}", arguments(joined(words))))
    message = (
        f"pytest has not loaded the checks, so {found[0]} is unknown. Another folder has no checks, "
        f"and a path after a space becomes the root folder. Type: {command}"
    )
    raise plugin("reports.refused").refusal(words, early_config, message)
