"""An upgrade with Helm that was only rehearsed: what would change, and what stands in its way."""

from dataclasses import dataclass

from upkeep.records.access import AccessAnswer, DryRun


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """What an upgrade would do with an object of the release.

    :ivar action: ``added``, ``changed``, ``removed``, or ``left``: no longer the release's, and kept by its resource policy.
    :ivar object: ``Deployment/x``, with ``NAMESPACE/`` before the name where that is not the release's.
    :ivar fields: the paths of what changes, never a value: ``spec.template.spec.containers[collector].image``.
    """

    action: str
    object: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UpgradeRehearsal:
    """An upgrade of the release to the newest chart, with the live values: rendered by helm, each object rehearsed by the API server.

    :ivar repository: where the newest chart comes from, never with credentials.
    :ivar helm: the version of the program; empty where it was not run, because the acting identity may not.
    :ivar refusal: why helm would not do it, in its own words, masked; then there are no changes.
    :ivar access: what the acting identity may do of what the upgrade needs.
    :ivar dry_runs: one for each object that is added or changed.
    :ivar hooks: what Helm would run before or after it, ``Job/x``; a hook is not rehearsed.
    """

    release: str
    namespace: str
    chart: str
    installed: str
    newest: str
    repository: str = ""
    helm: str = ""
    refusal: str = ""
    changes: tuple[ObjectChange, ...] = ()
    access: tuple[AccessAnswer, ...] = ()
    dry_runs: tuple[DryRun, ...] = ()
    hooks: tuple[str, ...] = ()
