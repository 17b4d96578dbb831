"""What commands in the container print: the table of df, connections, a version."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upkeep.adapters.cluster.execution import commands
from upkeep.adapters.cluster.execution.commands import disk_table
from upkeep.errors import Malformed
from upkeep.records.usage import Connections

TABLE = """Filesystem     1024-blocks     Used Available Capacity Mounted on
overlay           52428800 47710208   4718592      91% /
proc                     0        0         0        - /proc
/dev/disk by id/x     1000      990       -10     100% /var/my data
"""


def test_the_table_of_df_is_read_whole():
    assert [(one.name, round(one.used_ratio, 2)) for one in disk_table("a", TABLE)] == [
        ("/", 0.91),
        ("/var/my data", 1.0),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "df: /x: Permission denied\n", TABLE + "df: cut in\n", "Filesystem\nproc 0 0 0 - /proc\n"],
)
def test_what_is_no_table_of_df_is_malformed(text: str):
    with pytest.raises(Malformed):
        disk_table("a", text)


@given(st.text(max_size=200))
def test_no_output_breaks_the_reader_of_df(text: str):
    try:
        found = disk_table("a", "Filesystem\n" + text)
    except Malformed:
        return  # the one error that there may be; any other fails
    assert found
    assert all(0 <= one.used_ratio <= 1 for one in found)


class Container:
    """A container in which commands print this."""

    def __init__(self, **printed: str) -> None:
        self.printed = printed

    def check_output(self, command: str) -> str:
        return self.printed[command.split()[0]]


def host_of(**printed: str) -> Any:
    return Container(**printed)


def test_connections_are_counted_against_the_limit_of_the_first_process():
    limits = (
        "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024    4096    files\n"
    )
    table = "Proto Recv-Q\ntcp 0 0 a b ESTABLISHED\ntcp6 0 0 a b LISTEN\nudp 0 0 a b\n"
    host = host_of(netstat=table, cat=limits)
    assert commands.connections("a", host) == Connections("a", "netstat in the container", 2, 1024)
    with pytest.raises(Malformed, match="has no limit of open files"):
        commands.connections("a", host_of(netstat=table, cat="Max cpu time unlimited"))


def test_a_program_that_prints_no_version_is_malformed():
    assert commands.version("a", host_of(timeout="cano-collector v0.0.24")) == ("a", "0.0.24")
    with pytest.raises(Malformed, match="printed no version"):
        commands.version("a", host_of(timeout="usage: cano-collector"))
