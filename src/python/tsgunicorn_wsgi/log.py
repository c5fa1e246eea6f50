"""The error log of a Python process: Gunicorn's lines, or JSON, exactly as the TypeScript side
writes them.

One record is one write(2), to the standard error or to a file that is opened for appending, so that
many processes write whole lines into one file. The log has a descriptor of its own whose number
never changes, also when the file is reopened: faulthandler writes there when Python can no more. It
knows no setting but those of the log.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
from typing import Any, Callable, List, Mapping, Optional

from .crash import Failure, user_traceback, watch
from .kept import identity, select
from .line import JournalLine, JsonLine, TextLine, block, is_journal, one_line

#: A full pipe that nobody reads is waited for this long, then the line is lost, and counted.
_PATIENCE = 0.5
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_STDIO = (1, 2)


class ServerLogger(logging.Logger):
    """`gunicorn.error`, whatever the application makes of logging: what became of a request is
    told, and telling it raises nothing.
    """

    rescue: Callable[[str], object]

    @property
    def disabled(self) -> bool:
        """Never: dictConfig and fileConfig disable all loggers that they do not name, unless they
        are told not to.
        """
        return False

    @disabled.setter
    def disabled(self, value: bool) -> None:
        """Without effect."""

    def _log(
        self, level: int, msg: object, args: Any, exc_info: Any = None, *rest: Any, **more: Any
    ) -> None:
        # Who called us is one frame further away.
        more["stacklevel"] = more.get("stacklevel", 1) + 1
        thrown = exc_info if isinstance(exc_info, BaseException) else sys.exc_info()[1]
        try:
            super()._log(level, msg, args, exc_info, *rest, **more)
        except Exception as error:
            why = f"[{os.getpid()}] [{logging.getLevelName(level)}] (logging failed: {error!r})"
            self.rescue(f"{why} {_words(msg, args, thrown if exc_info else None)}\n")


def _words(msg: object, args: Any, thrown: Optional[BaseException]) -> str:
    try:
        first, *rest = (str(msg) % args if args else str(msg)).split("\n", 1)
        below = [*rest, *([user_traceback(thrown)] if thrown else [])]
        return "\n".join([one_line(first), *map(block, below)])
    except Exception:
        return one_line(repr(msg))


class Log:
    """Where lines go, and the logger whose lines they are. Made by `open_log`."""

    def __init__(self, path: Optional[str], owner: Optional[Mapping[str, Any]]) -> None:
        self.logger = _server_logger(self.write)
        self._path = path
        self._owner = owner
        #: Lines that could not be written since the last that was.
        self.lost = 0
        self.fd = _open(path, owner) if path else os.dup(2)
        self._file = identity(self.fd)
        if path:
            self._capture()

    def write(self, text: str) -> None:
        """Whole lines. Never raises: what cannot be written is lost, and counted."""
        if identity(self.fd) != self._file:
            self._reclaim()
        # A reader that was waited for in vain is not waited for again with each line.
        patience = 0.0 if self.lost else _PATIENCE
        if _write_whole(self.fd, text.encode("utf-8", "backslashreplace"), patience):
            self.lost = 0
        else:
            self.lost += 1

    def reopen(self) -> None:
        """Goes on in a fresh file of the same name. Logged when it cannot be opened; the log stays
        where it was.
        """
        if not self._path:
            return
        try:
            fresh = _open(self._path, self._owner)
        except Failure as failure:
            self.logger.error("a log stays where it was: %s", failure.message)
            return
        os.dup2(fresh, self.fd, inheritable=False)
        os.close(fresh)
        self._file = identity(self.fd)
        self._capture()

    def _reclaim(self) -> None:
        """The application closed the log's descriptor; what has its number now is not ours."""
        try:
            self.fd = _open(self._path, self._owner) if self._path else os.dup(2)
        except (Failure, OSError):
            self.fd = 2
        self._file = identity(self.fd)
        watch(self.fd)

    def flush(self) -> None:
        """What the application printed and Python still holds."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):
                # Closed or replaced by the application: nothing of ours is in it.
                continue

    def _capture(self) -> None:
        """What is printed by this process, and by those it starts, reaches the file, too."""
        for fd in _STDIO:
            os.dup2(self.fd, fd, inheritable=True)


def _server_logger(rescue: Callable[[str], object]) -> ServerLogger:
    """The logger of this name, which others may have asked for already."""
    logger = logging.getLogger("gunicorn.error")
    if not isinstance(logger, ServerLogger):
        logger.__class__ = ServerLogger
    assert isinstance(logger, ServerLogger)
    logger.rescue = rescue
    return logger


class LineHandler(logging.Handler):
    """Hands each record to the log as a line."""

    def __init__(self, log: Log, formatter: logging.Formatter) -> None:
        super().__init__()
        self._log = log
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the record; one that cannot be put into words is told on the standard error
        (logging.raiseExceptions).
        """
        try:
            owed = self.format(_loss(self._log.lost)) if self._log.lost else ""
            self._log.write(owed + self.format(record))
        except Exception:
            self.handleError(record)


def _loss(lost: int) -> logging.LogRecord:
    words = "%d log lines were lost: the log could not be written"
    return logging.LogRecord("gunicorn.error", logging.WARNING, "", 0, words, (lost,), None)


def open_log(
    values: Mapping[str, Any],
    *,
    role: str,
    name: str,
    owner: Optional[Mapping[str, Any]] = None,
    terminal: bool = False,
) -> Log:
    """Opens the log as the settings say and gives it to `gunicorn.error` and `gunicorn.access`.

    `owner`: uid and gid of the user that reopens files later. `terminal`: to the standard error,
    whatever they say. Raises Failure 3 when a file, an address or a logging configuration cannot be
    used.
    """
    path = str(values.get("errorlog") or "-")
    log = Log(None if terminal or path == "-" else path, owner)
    formatter: logging.Formatter = (
        JsonLine(role) if values.get("error_log_format") == "json" else TextLine()
    )
    if is_journal(log.fd):
        formatter = JournalLine(formatter)
    handlers: List[logging.Handler] = [LineHandler(log, formatter)]
    if values.get("syslog") and not terminal:
        from .syslog_handler import syslog_handler

        handlers.append(syslog_handler(values, name))
    for logger, level in (
        (log.logger, _LEVELS[level_of(values)]),
        (logging.getLogger("gunicorn.access"), logging.INFO),
    ):
        logger.propagate = False
        logger.setLevel(level)
        logger.handlers[:] = handlers
    log.logger.filters[:] = []
    if values.get("statsd_host") and not terminal:
        from .statsd import statsd_filter

        counter = statsd_filter(values)
        if counter:
            log.logger.addFilter(counter)
    _line_buffered()
    if not terminal and any(
        values.get(setting) for setting in ("logconfig", "logconfig_dict", "logconfig_json")
    ):
        from .log_config import configure

        configure(values)
    return log


def level_of(values: Mapping[str, Any]) -> str:
    """The level's name in small letters; info for none, or one that does not exist."""
    name = str(values.get("loglevel") or "info").lower()
    return name if name in _LEVELS else "info"


def _line_buffered() -> None:
    """A line that was printed is in the log before the crash that follows it. Odd letters never
    raise.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(line_buffering=True, errors="backslashreplace")


def _open(path: str, owner: Optional[Mapping[str, Any]]) -> int:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        words = f"errorlog: {path!r} cannot be opened for appending ({error.strerror})."
        raise Failure(
            3, f"{words} Let the user of the server write it, or choose another file."
        ) from error
    if owner and os.geteuid() == 0:
        _give(fd, path, int(owner["uid"]), int(owner["gid"]))
    return fd


def _give(fd: int, path: str, uid: int, gid: int) -> None:
    """Regular files alone, and none that a link leads to which is not root's: it could name any
    file of the system.
    """
    opened, named = os.fstat(fd), os.lstat(path)
    if not stat.S_ISREG(opened.st_mode) or (opened.st_uid, opened.st_gid) == (uid, gid):
        return
    linked = stat.S_ISLNK(named.st_mode)
    if (linked and named.st_uid != 0) or opened.st_nlink > 1:
        return
    if not linked and (named.st_dev, named.st_ino) != (opened.st_dev, opened.st_ino):
        return
    os.fchown(fd, uid, gid)


def _write_whole(fd: int, data: bytes, patience: float) -> bool:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            # The master's end of a shared pipe does not block, so neither does ours.
            if not patience or not select([], [fd], [], patience)[1]:
                return False
        except OSError:
            return False
    return True
