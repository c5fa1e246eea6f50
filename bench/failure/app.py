"""The WSGI application of `bench:failure`.

Every answer costs about a millisecond of computing, by the same OpenSSL function as in handler.mjs.
`/hang` blocks the worker, as a deadlock or a call that never returns does.
"""
from __future__ import annotations

import time
from hashlib import pbkdf2_hmac
from typing import Any, Callable, Dict, Iterable, List, Tuple

Headers = List[Tuple[str, str]]
StartResponse = Callable[[str, Headers], Any]


def application(environ: Dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/hang":
        time.sleep(3600)
    digest = pbkdf2_hmac("sha256", b"benchmark", b"salt", 4000, 32).hex().encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(digest)))])
    return [digest]
