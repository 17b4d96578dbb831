"""Records of Events.

Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from datetime import datetime

from msgspec import Struct


class KubernetesEvent(Struct, frozen=True):
    """An Event (v1) about the object ``kind`` ``name``; it happened ``count`` times.

    :ivar uid: the UID of that object; empty where the event has none.
    """

    kind: str
    name: str
    type: str
    reason: str
    message: str
    last: datetime
    count: int = 1
    uid: str = ""
