"""Lines for a syslog daemon, besides those of the log: `<prival>Nov 21 11:23:44 host tag: [pid]
message` (RFC 3164).

A daemon that is away is told of once, on the standard error, and never stops or slows the server.
"""

from __future__ import annotations

import errno
import logging
import re
import socket
import sys
import time
from logging.handlers import SysLogHandler
from typing import Any, Mapping, Optional, Tuple, Union

from .crash import Failure, user_traceback
from .line import one_line, socket_path

_PORT = 514
#: Bytes of a message: what rsyslog takes by default; longer ones end there.
_MOST = 8192
#: Seconds a daemon may let us wait, and those until it is tried again.
_PATIENCE, _AWAY = 0.5, 5.0
_FORMS = "udp://HOST:PORT, tcp://HOST:PORT, unix://PATH, unix://PATH#dgram or unix://PATH#stream"
_SEVERITIES = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
    (0, 7),
)

Place = Union[str, Tuple[str, int]]


def parse_address(text: str) -> Tuple[str, Place]:
    """The kind (udp, tcp, stream, dgram, any: datagrams or a stream) and the place.

    Raises Failure 3.
    """
    scheme, _, rest = text.partition("://")
    if scheme == "unix" and rest:
        path, _, kind = rest.partition("#")
        if path and kind in ("", "stream", "dgram"):
            return kind or "any", socket_path(path)
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]*))(?::(\d{1,5}))?", rest)
    if scheme in ("udp", "tcp") and found:
        return scheme, (found[1] or found[2] or "localhost", int(found[3] or _PORT))
    raise Failure(3, f"syslog_addr: {text!r} is not an address. Use {_FORMS}.")


def syslog_handler(values: Mapping[str, Any], name: str) -> logging.Handler:
    """The handler of the settings `syslog_addr`, `syslog_facility`, `syslog_prefix`. Raises Failure
    3.
    """
    address = str(values.get("syslog_addr") or "udp://localhost:514")
    facility = str(values.get("syslog_facility") or "user").lower()
    number = SysLogHandler.facility_names.get(facility)
    if number is None:
        names = ", ".join(sorted(SysLogHandler.facility_names))
        raise Failure(3, f"syslog_facility: {facility!r} is not a facility. Use one of {names}.")
    prefix = re.sub(r"[:\s\[\]]", ".", one_line(str(values.get("syslog_prefix") or name)))
    return SyslogHandler(address, number, f"gunicorn.{prefix}.error")


class SyslogHandler(logging.Handler):
    """One connection, opened when the first message is there."""

    def __init__(self, address: str, facility: int, tag: str) -> None:
        super().__init__()
        self._address = address
        self._kind, self._place = parse_address(address)
        self._facility = facility
        host = "" if isinstance(self._place, str) else f"{socket.gethostname()} "
        self._tag = f"{host}{tag}: "
        self._socket: Optional[socket.socket] = None
        self._away_until = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Sends the message, and each line of its traceback as a message of its own."""
        now = time.monotonic()
        if now < self._away_until:
            return
        lines = [record.getMessage()]
        if record.exc_info and record.exc_info[1] is not None:
            lines += user_traceback(record.exc_info[1]).split("\n")
        try:
            for line in lines:
                self._send(self._message(record, line))
            self._away_until = 0.0
        except OSError as error:
            self._lose(now, error)

    def _message(self, record: logging.LogRecord, line: str) -> bytes:
        severity = next(number for level, number in _SEVERITIES if record.levelno >= level)
        at = time.localtime(record.created)
        # The day is padded by a space (RFC 3164, 4.1.2).
        stamp = f"{time.strftime('%b', at)} {at.tm_mday:2d} {time.strftime('%H:%M:%S', at)}"
        head = f"<{self._facility * 8 + severity}>{stamp} {self._tag}[{record.process}]"
        text = f"{head} {one_line(line)}"
        return text.encode("utf-8", "backslashreplace")[:_MOST]

    def _send(self, message: bytes) -> None:
        try:
            self._hand(message)
        except (BrokenPipeError, ConnectionResetError, ConnectionRefusedError):
            # The daemon was restarted.
            self._drop()
            self._hand(message)

    def _hand(self, message: bytes) -> None:
        sock = self._connected()
        # In a stream the end of line ends a message (RFC 6587, 3.4.2).
        sock.sendall(message + b"\n" if sock.type == socket.SOCK_STREAM else message)

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = _connect(self._kind, self._place)
        return self._socket

    def _lose(self, now: float, error: OSError) -> None:
        self._drop()
        told, self._away_until = self._away_until > 0, now + _AWAY
        if not told:
            words = f"syslog_addr: {self._address!r} does not take messages ({error})."
            sys.stderr.write(f"{words} They are tried again, and some are lost.\n")

    def _drop(self) -> None:
        sock, self._socket = self._socket, None
        if sock:
            sock.close()

    def close(self) -> None:
        """Twice is harmless."""
        self._drop()
        super().close()


def _connect(kind: str, place: Place) -> socket.socket:
    if isinstance(place, str):
        if kind == "any":
            return _connect_any(place)
        sock = socket.socket(
            socket.AF_UNIX, socket.SOCK_DGRAM if kind == "dgram" else socket.SOCK_STREAM
        )
        found: Any = place
    elif kind == "tcp":
        return socket.create_connection(place, _PATIENCE)
    else:
        family, _, _, _, found = socket.getaddrinfo(*place, type=socket.SOCK_DGRAM)[0]
        sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.settimeout(_PATIENCE)
    try:
        sock.connect(found)
    except OSError:
        sock.close()
        raise
    return sock


def _connect_any(place: str) -> socket.socket:
    """Datagrams, unless the socket there is a stream's (EPROTOTYPE, unix(7))."""
    try:
        return _connect("dgram", place)
    except OSError as error:
        if error.errno != errno.EPROTOTYPE:
            raise
    return _connect("stream", place)
