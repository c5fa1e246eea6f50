"""What an application may say in a response's head, judged (PEP 3333, "The start_response() Callable").

Pure. What was found good is remembered, so that the same names and statuses cost one look-up each time.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import Any, Optional
from wsgiref.util import is_hop_by_hop

REMEMBERED = 1000  # names and statuses; an application that makes them up must not fill the memory

_PLAIN, _LENGTH = 0, 1
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch  # RFC 9110, 5.6.2
_STATUS = re.compile(r"([2-9][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?").fullmatch  # RFC 9112, 4
_CONTROLS = bytes([*range(9), *range(11, 32), 127])  # all but HTAB, and LF that stands between items

_names: dict[str, int] = {}
_statuses: dict[str, tuple[int, str]] = {}


def judge_status(status: Any) -> tuple[int, str]:
    """Code and reason of "NNN reason". Raises TypeError and ValueError, with words for the log."""
    known = _statuses.get(status) if type(status) is str else None
    if known is not None:
        return known
    if not isinstance(status, str):
        raise TypeError("status must be str, not %s" % type(status).__name__)
    match = _STATUS(status)
    if match is None:
        raise ValueError("status %r is not a final status: use 'NNN reason', from 200 on" % status)
    known = (int(match[1]), match[2] or "")
    if len(_statuses) < REMEMBERED:
        _statuses[str(status)] = known
    return known


def judge_headers(first: str, headers: list[Any]) -> tuple[bytes, Optional[int]]:
    """The text of a frame, `first` and then names and values, latin-1 and joined by LF; and Content-Length.

    Raises TypeError and ValueError (UnicodeEncodeError is one) with words for the log.
    """
    length = None
    names = _names
    for name, value in headers:
        kind = names.get(name)
        if kind is None:
            kind = _judge_name(name)
        if kind:
            if length is not None:
                raise ValueError("Content-Length was given twice")
            length = judge_length(value)
    try:
        text = "\n".join((first, *chain.from_iterable(headers)))
    except TypeError:
        raise TypeError("header values must be str: %r" % (headers,)) from None
    raw = text.encode("latin-1")
    if text.count("\n") != 2 * len(headers) or len(raw.translate(None, _CONTROLS)) != len(raw):
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
