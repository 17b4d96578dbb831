"""Credentials that stand where everybody may read them: where, and what they look like, never a value nor anything made of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exposure:
    """What looks like a credential.

    :ivar object: ``ConfigMap/x`` or ``Deployment/x``.
    :ivar place: where in it: ``key destinations.yaml``, ``env TOKEN of container x``, ``annotation x``.
    :ivar shape: how it was recognised: ``Slack token``, ``value of webhookURL``.
    :ivar lines: of the text in that place, from 1; the first ones where there are many.
    """

    object: str
    place: str
    shape: str
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ExposureSurvey:
    """ConfigMaps that were looked through.

    :ivar looked: ``ConfigMap/x`` of each; ``missing`` of those that do not exist.
    """

    looked: tuple[str, ...]
    missing: tuple[str, ...]
    found: tuple[Exposure, ...]
