"""What the maintenance guide itself names, and checks hold it to."""

from collections.abc import Mapping
from types import MappingProxyType

# The alerts of the guide's section "Monitoring Alerts", with the metrics that their expressions name.
ALERTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "CanoCollectorBackupFailed": ("cano_backup_last_success_timestamp",),
        "CanoCollectorConfigOld": ("cano_config_last_modified_timestamp",),
    }
)
