"""What an application may say in a response's head, judged (PEP 3333, "The start_response() Callable").

Pure. What was found good is remembered, so that the same names and statuses cost one look-up each time.
"""

from __future__ import annotations

import re
from typing import Any, Optional
from wsgiref.util import is_hop_by_hop

REMEMBERED = 1000  # names and statuses; an application that makes them up must not fill the memory

_PLAIN, _LENGTH = 0, 1
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch  # RFC 9110, 5.6.2
_STATUS = re.compile(r"([2-9][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?").fullmatch  # RFC 9112, 4
# Changes every control character but HTAB, and LF that stands between items. Text without them is not
# even copied, which no other way to look for a set of bytes can beat.
_CONTROLS = bytes.maketrans(bytes([*range(9), *range(11, 32), 127]), b"?" * 31)

_names: dict[str, int] = {}
# What `judge_status` found good; look here first.
known_statuses: dict[str, tuple[int, str]] = {}


def judge_status(status: Any) -> tuple[int, str]:
    """Code and reason of "NNN reason". Raises TypeError and ValueError, with words for the log."""
    if not isinstance(status, str):
        raise TypeError("status must be str, not %s" % type(status).__name__)
    match = _STATUS(status)
    if match is None:
        raise ValueError("status %r is not a final status: use 'NNN reason', from 200 on" % status)
    judged = (int(match[1]), match[2] or "")
    if len(known_statuses) < REMEMBERED:
        known_statuses[str(status)] = judged
    return judged


def judge_headers(text: str, headers: list[Any]) -> tuple[bytes, Optional[int]]:
    """The text of a frame, `text` and then names and values, latin-1 and joined by LF; and Content-Length.

    Raises TypeError and ValueError (UnicodeEncodeError is one) with words for the log.
    """
    length = None
    known = _names.get
    for name, value in headers:
        kind = known(name)
        if kind is None:
            kind = _judge_name(name)
        if kind:
            if length is not None:
                raise ValueError("Content-Length was given twice")
            length = judge_length(value)
        try:
            text += "\n" + name + "\n" + value
        except TypeError:
            raise TypeError("the value of header %s must be str: %r" % (name, value)) from None
    raw = text.encode("latin-1")
    if raw.count(b"\n") != 2 * len(headers) or raw.translate(_CONTROLS) != raw:
        raise ValueError("a header value holds a control character: %r" % (headers,))
    return raw, length


def judge_length(value: Any) -> int:
    """Content-Length as a number of bytes. Raises ValueError."""
    # isdecimal knows the digits of all alphabets, int() signs and underscores.
    if not (isinstance(value, str) and value.isascii() and value.isdecimal()):
        raise ValueError("Content-Length %r is not a number of bytes" % (value,))
    return int(value)


def _judge_name(name: Any) -> int:
    if not isinstance(name, str):
        raise TypeError("header names must be str, not %s" % type(name).__name__)
    if _TOKEN(name) is None:
        raise ValueError("header name %r is not a token" % name)
    if is_hop_by_hop(name):
        raise ValueError("%s is the server's to say: an application may not (PEP 3333)" % name)
    kind = _LENGTH if name.lower() == "content-length" else _PLAIN
    if len(_names) < REMEMBERED:
        _names[str(name)] = kind
    return kind
