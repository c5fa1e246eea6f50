"""Metrics of what is logged, for a statsd daemon: Gunicorn's names and formats, one datagram each.

How many warnings and errors there were, and what an application says of itself by
`logger.info("", extra={"metric": ..., "value": ..., "mtype": ...})`. Requests are the front's to
count. A daemon that is away costs nothing and stops nobody.
"""

from __future__ import annotations

import logging
import re
import socket
import time
from typing import Any, Mapping, Optional, Tuple, Union

from .line import socket_path

_PORT = 8125
#: Seconds until an address that could not be used is tried again.
_AWAY = 5.0
_KINDS = {"counter": "c|@1.0", "gauge": "g", "timer": "ms", "histogram": "h"}


class Statsd(logging.Filter):
    """Counts the records of the logger that it is put on. Those without words go no further."""

    def __init__(
        self, place: Union[str, Tuple[str, int]], prefix: str = "", tags: str = ""
    ) -> None:
        super().__init__()
        self._place = place
        self._before = f"{prefix.rstrip('.')}." if prefix else ""
        self._behind = f"|#{tags}" if tags else ""
        self._socket: Optional[socket.socket] = None
        self._away_until = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Sends what the record says in numbers. Whether it has words, too. Raises nothing."""
        kind = _counted(record)
        if kind:
            self.send(f"gunicorn.log.{kind}", "counter", 1)
        metric, value = getattr(record, "metric", None), getattr(record, "value", None)
        mtype = getattr(record, "mtype", None)
        if metric and value is not None and mtype in _KINDS:
            self.send(metric, mtype, value)
            return bool(record.msg)
        return True

    def send(self, name: str, mtype: str, value: Any) -> None:
        """One metric; lost when the system cannot send it at once."""
        text = f"{self._before}{name}:{value}|{_KINDS[mtype]}{self._behind}"
        try:
            sock = self._opened()
            if sock:
                self._hand(sock, text.encode("utf-8", "replace"))
        except (BlockingIOError, ConnectionRefusedError, FileNotFoundError):
            return  # UDP: nobody listened to the one before; this one may have come through.
        except OSError:
            self._lose()

    def _hand(self, sock: socket.socket, data: bytes) -> None:
        # A path is looked up each time: the daemon may have been started anew.
        if isinstance(self._place, str):
            sock.sendto(data, self._place)
        else:
            sock.send(data)

    def _lose(self) -> None:
        sock, self._socket = self._socket, None
        self._away_until = time.monotonic() + _AWAY
        if sock:
            sock.close()

    def _opened(self) -> Optional[socket.socket]:
        if self._socket is None and time.monotonic() >= self._away_until:
            self._socket = _open(self._place)
        return self._socket


def _open(place: Union[str, Tuple[str, int]]) -> socket.socket:
    if isinstance(place, str):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    else:
        found = socket.getaddrinfo(*place, type=socket.SOCK_DGRAM)[0]
        sock = socket.socket(found[0], socket.SOCK_DGRAM)
        sock.connect(found[4])
    sock.setblocking(False)
    return sock


def _counted(record: logging.LogRecord) -> Optional[str]:
    if record.levelno >= logging.CRITICAL:
        return "critical"
    if record.levelno >= logging.ERROR:
        return "exception" if record.exc_info else "error"
    return "warning" if record.levelno >= logging.WARNING else None


def statsd_filter(values: Mapping[str, Any]) -> Optional[Statsd]:
    """What the settings `statsd_host`, `statsd_prefix` and `dogstatsd_tags` ask for; None without.

    The master has judged the address before: one that it could not read is none here.
    """
    host = str(values.get("statsd_host") or "")
    prefix, tags = str(values.get("statsd_prefix") or ""), str(values.get("dogstatsd_tags") or "")
    if host.startswith("unix://"):
        return Statsd(socket_path(host[len("unix://") :]), prefix, tags)
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+))(?::(\d{1,5}))?", host)
    if not found:
        return None
    return Statsd((found[1] or found[2], int(found[3] or _PORT)), prefix, tags)
