"""Addresses of pods that really answer: a network namespace behind a veth pair holds them, so that the API server's proxy reaches a real process.

The API server refuses to proxy to loopback, so that an address of another network is needed. Needs root and iproute2.
"""

import os
import subprocess

from tests.cluster.controlplane import POD_NETWORK


class PodNetwork:
    """A network namespace with the pod network's addresses."""

    def __init__(self) -> None:
        self.name = f"upkeep-{os.getpid()}"
        self._outer, self._inner = f"upo{os.getpid()}"[:15], f"upi{os.getpid()}"[:15]

    def __enter__(self) -> "PodNetwork":
        _ip("netns", "add", self.name)
        try:
            _ip("link", "add", self._outer, "type", "veth", "peer", "name", self._inner, "netns", self.name)
            _ip("addr", "add", "10.77.1.1/32", "dev", self._outer)
            _ip("link", "set", self._outer, "up")
            for words in (
                ["addr", "add", "10.77.1.2/32", "dev", self._inner],
                ["link", "set", self._inner, "up"],
                ["link", "set", "lo", "up"],
            ):
                _ip("-n", self.name, *words)
            _ip("-n", self.name, "route", "add", "10.77.1.1/32", "dev", self._inner)
            _ip("route", "add", POD_NETWORK, "dev", self._outer)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        _ip("netns", "del", self.name)  # the veth pair and the route go with it

    def add(self, address: str) -> None:
        """Gives the namespace a pod's address."""
        _ip("-n", self.name, "addr", "add", f"{address}/32", "dev", self._inner)

    def command(self, *words: str) -> list[str]:
        """A command that runs inside."""
        return ["ip", "netns", "exec", self.name, *words]


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)
