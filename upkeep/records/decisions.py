"""Decisions of people: waivers, which accept findings, and overrides, which open the gate."""

from datetime import date, datetime

from msgspec import Struct


class Waiver(Struct, frozen=True):
    """An accepted finding.

    :ivar target: a glob on the target's name; ``object`` one on the finding's owner.
    :ivar code: the finding's code; empty accepts every code of the control.
    :ivar expires: the instant at which it ends: a date counts to its end, in UTC.
    :ivar where: file and line, for messages.
    """

    control: str
    reason: str
    owner: str
    approved_by: str
    approved_on: date
    ticket: str
    expires: datetime
    target: str = "*"
    object: str = "*"
    code: str = ""
    where: str = ""


class Override(Struct, frozen=True):
    """A recorded decision to deploy through a closed gate, for at most 24 hours.

    :ivar target: the name of the one target that it opens.
    """

    target: str
    reason: str
    by: str
    approved_by: str
    ticket: str
    issued: datetime
    expires: datetime
    where: str = ""
