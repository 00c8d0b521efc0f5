"""Ray itself: started here, or a cluster joined."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from croze.errors import CrozeError
from croze.user_code import reason

LOCAL = "local"
"""The address that starts Ray on this machine."""

PATIENCE = 5.0
"""Seconds within which the head of a cluster must take a connection; Ray by itself tries for minutes."""


class RayConnection:
    """A connection of this process to a cluster; closing it leaves alone what others had opened.

    Args:
        address: `local`, HOST:PORT of a cluster's head, or `auto` for the cluster that this machine belongs
            to. Where this process is connected already, that connection is used, whatever the address.
        cores: of a cluster that is started here.

    Raises:
        CrozeError: when Ray is not installed, nothing answers, or the cluster does not suit (its version).
    """

    def __init__(self, address: str, cores: int) -> None:
        self.ray = import_ray()
        self._ours = not self.ray.is_initialized()
        if self._ours:
            self._connect(address, cores)

    def close(self) -> None:
        """Disconnect, and end the cluster if it was started here."""
        if self._ours and self.ray.is_initialized():
            self.ray.shutdown()
            _print_remote_errors(self.ray, True)

    def _connect(self, address: str, cores: int) -> None:
        where: dict[str, Any] = {"address": address}
        if address == LOCAL:
            where |= {"num_cpus": cores, "include_dashboard": False}
        elif address != "auto":
            _check_answers(address)
        _print_remote_errors(self.ray, False)
        try:
            with _no_usage_report():
                self.ray.init(**where, log_to_driver=False, logging_level="ERROR")
        except (Exception, SystemExit) as problem:
            _print_remote_errors(self.ray, True)
            raise CrozeError(f"Ray at {address} cannot be used: {reason(problem)}.") from problem


def import_ray() -> ModuleType:
    """The module of Ray; a CrozeError when it is not installed."""
    try:
        import ray
    except ImportError:
        raise CrozeError("Ray is not installed: pip install 'croze[ray]'.") from None
    return ray


def _check_answers(address: str) -> None:
    host, colon, port = address.rpartition(":")
    if not colon or not host or "/" in host or not port.isdecimal() or int(port) > 65535:
        raise CrozeError(
            f"The address of a Ray cluster is HOST:PORT of its head, auto or local, got {address!r}."
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except OSError as problem:
        raise CrozeError(
            f"No Ray cluster answers at {address} ({reason(problem)}): start its head there with "
            f"`ray start --head --port {port}`, or give local."
        ) from None


@contextmanager
def _no_usage_report() -> Iterator[None]:
    """Ray started here reports nothing to its makers."""
    name = "RAY_USAGE_STATS_ENABLED"
    before = os.environ.get(name)
    os.environ[name] = "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _print_remote_errors(ray: ModuleType, whether: bool) -> None:
    # every dead worker is told on standard output, amid what a program has to say, and no setting stops it
    vars(ray._private.worker)["_worker_logs_enabled"] = whether
