"""What an application may say in the head of a response (PEP 3333, "start_response()").

Pure. What was found good is remembered, so that the same names, statuses and short heads cost one
look-up each time: most responses of a worker have heads that it has sent before.
"""

from __future__ import annotations

import re
from typing import Any, Optional, Tuple
from wsgiref.util import is_hop_by_hop

Judged = Tuple[bytes, Optional[int]]

SHORT = 1024  # bytes of a head that is worth remembering
HEADS = 256  # such heads
MAX_HEAD = 4 * 1024 * 1024  # bytes; a frame holds a body besides
REMEMBERED = 1000  # names and statuses; an application that makes them up must not fill the memory

_PLAIN, _LENGTH = 0, 1
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch  # RFC 9110, 5.6.2
_STATUS = re.compile(r"([2-9][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?").fullmatch  # RFC 9112, 4
# Changes every control character but HTAB, and LF that stands between items. What holds none comes
# back as it is: no other way to look for a set of bytes is as quick.
_CONTROLS = bytes.maketrans(bytes([*range(9), *range(11, 32), 127]), b"?" * 31)

_names: dict[str, int] = {}
_heads: dict[tuple[Any, ...], Judged] = {}
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


def judge_headers(text: str, headers: list[Any]) -> Judged:
    """The text of a frame (`text`, names, values; latin-1, joined by LF) and Content-Length.

    Raises TypeError and ValueError (UnicodeEncodeError is one) with words for the log.
    """
    try:
        key = (text, *headers)
        judged = _heads.get(key)
    except TypeError:
        return _judge(text, headers)  # Pairs that are lists, or nothing to go through at all.
    if judged is None:
        judged = _judge(text, headers)
        if len(judged[0]) < SHORT:
            if len(_heads) >= HEADS:
                _heads.clear()  # Values that never come again must not keep out those that do.
            _heads[key] = judged
    return judged


def _judge(text: str, headers: list[Any]) -> Judged:
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
        if type(value) is not str or type(name) is not str:
            name, value = _plain(name), _plain(value)
        text = f"{text}\n{name}\n{value}"
    raw = text.encode("latin-1")
    if len(raw) > MAX_HEAD:
        raise ValueError("status and headers of %d bytes are more than any client takes" % len(raw))
    if raw.count(b"\n") != 2 * len(headers) or raw.translate(_CONTROLS) != raw:
        raise ValueError("a header value holds a control character: %r" % (headers,))
    return raw, length


def judge_length(value: Any) -> int:
    """Content-Length as a number of bytes. Raises ValueError."""
    # isdecimal knows the digits of all alphabets, int() signs and underscores.
    if not (isinstance(value, str) and value.isascii() and value.isdecimal()):
        raise ValueError("Content-Length %r is not a number of bytes" % (value,))
    return int(value)


def _plain(item: Any) -> str:
    """The text of a str of a class of its own, whatever that class says of how it is formatted."""
    if not isinstance(item, str):
        raise TypeError("names and values of headers must be str, not %s" % type(item).__name__)
    return str.__str__(item)


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
