"""One record of the error log as a line: Gunicorn's text, or a JSON object (src/log/line.ts and
escape.ts). Pure.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
from typing import Any, Dict, List, Tuple

from .crash import user_traceback

# C0, DEL, C1, line and paragraph separators, bidirectional overrides: bytes of a request reach the
# log.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ENDS = re.compile("\r?\n")


def one_line(text: str) -> str:
    """Control characters are spelled, other letters stay."""
    return _UNPRINTABLE.sub(_spelled, text)


def socket_path(text: str) -> str:
    """The address of a unix socket; `@NAME` is an abstract one."""
    return "\0" + text[1:] if text.startswith("@") else text


def block(text: str) -> str:
    """Several lines, each indented by two spaces: none of them can be taken for a record."""
    return "\n".join("  " + one_line(line.replace("\t", "  ")) for line in _ENDS.split(text))


def _spelled(match: "re.Match[str]") -> str:
    char = match.group()
    code = ord(char)
    return _NAMED.get(char) or (f"\\u{code:04X}" if code > 0xFF else f"\\x{code:02X}")


class TextLine(logging.Formatter):
    """`[2026-11-21 12:08:02 +0000] [2415] [INFO] message`, with `detail` (of `extra`) and the
    traceback below.
    """

    def __init__(self) -> None:
        super().__init__()
        self._second: Tuple[int, str] = (-1, "")

    def format(self, record: logging.LogRecord) -> str:
        """The line or lines, with the end of line."""
        parts = [f"[{self._time(record.created)}] [{record.process}] [{record.levelname.upper()}] "]
        # What a message has below its first line is indented, as a traceback is.
        message, *rest = _ENDS.split(record.getMessage().rstrip("\n"), 1)
        parts[0] += one_line(message)
        parts.extend(block(text) for text in rest)
        parts.extend(block(text) for text in _below(record))
        return "\n".join(parts) + "\n"

    def _time(self, created: float) -> str:
        """Kept until the next second: a busy worker formats a time once a second."""
        second = int(created)
        if self._second[0] != second:
            self._second = (second, time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(second)))
        return self._second[1]


def _below(record: logging.LogRecord) -> List[str]:
    detail = record.__dict__.get("detail")
    texts = [detail] if isinstance(detail, str) and detail else []
    if record.exc_info and record.exc_info[1] is not None:
        texts.append(user_traceback(record.exc_info[1]))
    elif record.exc_text:
        texts.append(record.exc_text)
    if record.stack_info:
        texts.append(record.stack_info)
    return texts


#: What every record has; the rest came by `extra`, and is a fact.
_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_TAKEN = frozenset(("level", "time", "pid", "name", "msg"))


#: Priorities of sd-daemon(3): severities of syslog.
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))


def is_journal(fd: int) -> bool:
    """Whether the descriptor leads to the journal (JOURNAL_STREAM of systemd.exec(5))."""
    stream = os.environ.get("JOURNAL_STREAM")
    if not stream:
        return False
    try:
        found = os.fstat(fd)
    except OSError:
        return False
    return stream == f"{found.st_dev}:{found.st_ino}"


class JournalLine(logging.Formatter):
    """What another formatter writes, each line with its priority before it: journald takes it off
    again.
    """

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """The line or lines, with the end of line."""
        level = record.levelno
        mark = f"<{next((number for least, number in _PRIORITIES if level >= least), 7)}>"
        lines = self._inner.format(record).rstrip("\n").split("\n")
        return mark + f"\n{mark}".join(lines) + "\n"


class JsonLine(logging.Formatter):
    """One object: level, time, pid and name, then the facts, then msg, as pino orders them; and the
    end of line.
    """

    def __init__(self, role: str) -> None:
        super().__init__()
        self.role = role

    def format(self, record: logging.LogRecord) -> str:
        """The line, with its end."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: Dict[str, Any] = {
            "level": record.levelname.lower(),
            "time": f"{stamp}.{int(record.created * 1000) % 1000:03d}Z",
            "pid": record.process,
            "name": self.role,
        }
        for name, value in record.__dict__.items():
            if name not in _OWN:
                line[f"{name}_" if name in _TAKEN else name] = _plain(value)
        if record.exc_info and record.exc_info[1] is not None:
            line["err"] = _thrown(record.exc_info[1])
        if record.stack_info:
            line["stack"] = record.stack_info
        line["msg"] = record.getMessage()
        return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


def _thrown(error: BaseException) -> Dict[str, str]:
    return {"type": type(error).__name__, "message": str(error), "stack": user_traceback(error)}


def _plain(value: Any) -> Any:
    try:
        # Not a number (NaN) is not JSON, though Python writes it.
        return json.loads(json.dumps(value, default=repr, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        # The record is worth more than the fact.
        return f"[not JSON: {error}]"
