"""Check the collector's Secrets and RBAC (guide: "Security Updates", "Security Audit")."""

import pytest

from upkeep.judges.access import guarding, least_privilege, secrets, token


@pytest.mark.control(id="rbac-least-privilege", severity="high", guide="Review RBAC permissions")
@pytest.mark.quarterly
def test_the_service_account_holds_least_privilege(judge, grants, collector, install):
    """The collector's service account holds nothing but reads of what enriches alerts.

    An attacker in the collector gets its rights.
    Fix: docs/runbook.md#rbac-least-privilege
    """
    assert judge(least_privilege.least_privilege(grants, collector, install=install))


@pytest.mark.control(
    id="service-account-token-not-mounted", severity="medium", guide="Review RBAC permissions"
)
@pytest.mark.quarterly
def test_no_pod_mounts_an_unused_token(
    judge, workload, service_account_seen, documents_seen, install
):
    """No pod mounts a token of its service account, unless a workflow uses the Kubernetes API.

    Kubernetes mounts the token by default. An attacker in the collector reads it and gets its rights.
    Fix: docs/runbook.md#service-account-token-not-mounted
    """
    assert judge(
        token.token_not_mounted(workload, service_account_seen, documents_seen, install=install)
    )


@pytest.mark.control(id="secrets-guarded", severity="high", guide="Audit secret management")
@pytest.mark.quarterly
def test_the_secrets_are_guarded(
    judge, rbac_policy, secret_inventory, config_map_exposures, collector, secret_readers, install
):
    """Every subject that can read the collector's Secrets is allowed, and no credential is in plain text.

    A right to create pods or to impersonate reads Secrets as well as a right to list them.
    Fix: docs/runbook.md#secrets-guarded
    """
    assert judge(
        guarding.guarded(
            rbac_policy,
            secret_inventory,
            config_map_exposures,
            collector,
            allowed=secret_readers,
            install=install,
        )
    )


@pytest.mark.control(id="secrets-complete", severity="high", guide="List all secrets")
@pytest.mark.monthly
def test_every_secret_that_is_needed_exists(judge, secret_inventory, install):
    """Every Secret and every key that the Deployment references exists.

    A running pod does not need a missing Secret; the next pod does not start.
    Fix: docs/runbook.md#secrets-complete
    """
    assert judge(secrets.complete(secret_inventory, install=install))


@pytest.mark.control(id="secrets-rotated", severity="high", guide="Check secret age")
@pytest.mark.monthly
def test_every_key_was_rotated(
    judge, secret_inventory, attested_if_any, target_name, install, now, limits
):
    """Every Secret key that the collector uses is proven to have changed within the limit.

    A rotation does not change creationTimestamp, which the guide reads.
    Fix: docs/runbook.md#secrets-rotated
    """
    assert judge(
        secrets.rotated(
            secret_inventory,
            attested_if_any,
            target=target_name,
            now=now,
            limits=limits,
            install=install,
        )
    )


@pytest.mark.control(
    id="secrets-rotatable", severity="medium", guide="Rotate webhook URLs and API tokens"
)
@pytest.mark.monthly
def test_every_secret_could_be_rotated(judge, secret_inventory, rotation_rehearsal, install):
    """The acting identity may rotate every Secret that people write, and the server's dry run accepts it.

    A controller overwrites a patch of its own Secret: rotate at its source.
    Fix: docs/runbook.md#secrets-rotatable
    """
    assert judge(secrets.rotatable(secret_inventory, rotation_rehearsal, install=install))
