"""Addresses of pods that really answer: a network namespace behind a veth pair holds them, so that the API server's proxy reaches a real process.

The API server refuses to proxy to loopback, so that an address of another network is needed. Needs root and iproute2. Several sessions on one
machine each have a network of their own; what a killed session left behind is removed by the next.
"""

import contextlib
import os
import secrets
import subprocess
from pathlib import Path

PREFIX = "upkeep-"


class PodNetwork:
    """A network namespace with the pod network's addresses; ``cidr`` is that network."""

    def __init__(self) -> None:
        self.name = f"{PREFIX}{os.getpid()}"
        self.cidr = ""
        # Not by the process's id: what an earlier one with the same id left behind goes a moment after its namespace.
        one = secrets.token_hex(4)
        self._outer, self._inner = f"upo{one}", f"upi{one}"

    def __enter__(self) -> "PodNetwork":
        _remove_orphans()
        _ip("netns", "add", self.name)
        try:
            _ip(
                "link",
                "add",
                self._outer,
                "type",
                "veth",
                "peer",
                "name",
                self._inner,
                "netns",
                self.name,
            )
            _ip("link", "set", self._outer, "up")
            number = self._take_route()
            outer, inner = f"10.78.{number}.1/32", f"10.78.{number}.2/32"
            _ip("addr", "add", outer, "dev", self._outer)
            for words in (
                ["addr", "add", inner, "dev", self._inner],
                ["link", "set", self._inner, "up"],
                ["link", "set", "lo", "up"],
                ["route", "add", outer, "dev", self._inner],
            ):
                _ip("-n", self.name, *words)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _take_route(self) -> int:
        """Takes the first network that no other session has; the route itself is the claim."""
        for number in range(1, 255):
            self.cidr = f"10.77.{number}.0/24"
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip("route", "add", self.cidr, "dev", self._outer)
                return number
        raise RuntimeError("no network 10.77.N.0/24 is free: ip route")

    def __exit__(self, *_: object) -> None:
        _ip("netns", "del", self.name)  # the veth pair and the route go with it

    def add(self, address: str) -> None:
        """Gives the namespace a pod's address, which an earlier pod may have had."""
        _ip("-n", self.name, "addr", "replace", f"{address}/32", "dev", self._inner)

    def command(self, *words: str) -> list[str]:
        """A command that runs inside."""
        return ["ip", "netns", "exec", self.name, *words]


def _remove_orphans() -> None:
    """Removes the namespaces of sessions whose process is gone; one that bears this process's id was another's that had it before."""
    for line in _ip("netns", "list").splitlines():
        name = line.split()[0]
        process = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and (
            process == str(os.getpid()) or not Path("/proc", process).exists()
        ):
            with contextlib.suppress(subprocess.CalledProcessError):  # another session was quicker
                _ip("netns", "del", name)


def _ip(*words: str) -> str:
    return subprocess.run(
        ["ip", *words], check=True, capture_output=True, timeout=60, text=True
    ).stdout
