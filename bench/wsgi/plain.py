"""PEP 3333 without a framework, for `bench:wsgi`: what is measured is the server.

`/` answers five bytes, `/large` one megabyte, `/upload` how many bytes it was sent, `/slow` after
200 ms.
"""
from __future__ import annotations

import time
from typing import Any, Callable, Dict, Iterable, List, Tuple

Headers = List[Tuple[str, str]]
StartResponse = Callable[[str, Headers], Any]

LARGE = b"x" * 1_048_576
PIECE = 65_536
SLOW_SECONDS = 0.2


def hello(environ: Dict[str, Any]) -> bytes:
    return b"hello"


def large(environ: Dict[str, Any]) -> bytes:
    return LARGE


def upload(environ: Dict[str, Any]) -> bytes:
    """The body is read in pieces, as frameworks do, up to its length (PEP 3333, Input Streams)."""
    read = environ["wsgi.input"].read
    left = int(environ.get("CONTENT_LENGTH") or 0)
    got = 0
    while left > 0:
        piece = read(min(PIECE, left))
        if not piece:
            break
        got += len(piece)
        left -= len(piece)
    return b"%d" % got


def slow(environ: Dict[str, Any]) -> bytes:
    time.sleep(SLOW_SECONDS)
    return b"slow"


PAGES = {"/": hello, "/large": large, "/upload": upload, "/slow": slow}


def application(environ: Dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    body = PAGES[environ["PATH_INFO"]](environ)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
