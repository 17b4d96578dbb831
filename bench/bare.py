"""One test, for the time that pytest takes without us."""


def test_nothing() -> None:
    """Passes."""
