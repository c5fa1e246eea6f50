"""One request: the application is called, what it returns is sent, what it raises is logged.

Knows nothing of processes and signals. The order of events is PEP 3333's and Gunicorn's:
pre_request, the application, its iterable, close(), post_request.
"""

from __future__ import annotations

import logging
import os
from io import BytesIO
from typing import Any, Callable, Optional

from .channel import BATCH, Channel, Item
from .crash import describe
from .environ import METHOD, RAW_URI, RequestView, ScriptNameError
from .frames import BrokenPeer
from .input import BodyFailed, ClientGone
from .kept import monotonic
from .response import CLOSED, Response, is_verdict


class Site:
    """What is the same for all requests of a worker."""

    __slots__ = (
        "app", "log", "pre_request", "post_request", "hook_worker", "hooked", "number", "pid",
    )  # fmt: skip

    def __init__(
        self,
        app: Callable[..., Any],
        log: logging.Logger,
        pre_request: Optional[Callable[..., Any]] = None,
        post_request: Optional[Callable[..., Any]] = None,
        hook_worker: Any = None,
    ) -> None:
        self.app = app
        self.log = log
        self.pre_request = pre_request
        self.post_request = post_request
        self.hook_worker = hook_worker
        self.hooked = pre_request is not None or post_request is not None
        self.pid = os.getpid()
        self.number = 0  # requests that were begun, where there are hooks


def run(site: Site, channel: Channel, item: Item) -> float:
    """Answer one request, perhaps only into what the channel holds back. When the thread was free.

    Whatever the application raises, also SystemExit and KeyboardInterrupt, is answered and logged.
    Raises BrokenPeer when the request cannot be understood: then it was not started.
    """
    ident, body = item[2], item[4]
    values = item[3].split("\0")
    shape = channel.shapes.get(item[0])
    if shape is None:
        raise BrokenPeer("a request has shape %d, which was not defined" % item[0])
    response = Response(channel, ident, values[METHOD])
    result: Any = None
    try:
        environ = shape.environ(values)
        environ["wsgi.input"] = BytesIO(body) if isinstance(body, bytes) else body.buffered()
        environ["wsgi.early_hints"] = response.early_hints
    except ScriptNameError as error:
        plain = _fail(site, channel, response, values, error)
    else:
        if site.hooked:
            return _run_with_hooks(site, channel, response, values, environ)
        try:
            result = site.app(environ, response.start_response)
            plain = response.deliver(result)
        except BaseException as error:
            plain = _fail(site, channel, response, values, error)
    # What is held back leaves, if it is time, before what else the application may do.
    now = monotonic()
    if not channel.pending or now - channel.batch > BATCH:
        channel.flush()
        channel.batch = now
    if not plain:
        now = _conclude(site, channel, response, values, result)
    response.phase = CLOSED
    return now


def _run_with_hooks(
    site: Site, channel: Channel, response: Response, values: list[str], environ: dict[str, Any]
) -> float:
    """The same between both hooks. What pre_request raises is answered 500, as in Gunicorn."""
    view = RequestView(values, environ)
    response.status, response.code, response.headers = None, 0, []
    result: Any = None
    try:
        if site.pre_request is not None:
            site.pre_request(site.hook_worker, view)
        site.number += 1
        result = site.app(environ, response.start_response)
        response.deliver(result)
    except BaseException as error:
        _fail(site, channel, response, values, error)
    channel.settle(monotonic())
    _conclude(site, channel, response, values, result)
    response.phase = CLOSED
    if site.post_request is not None:
        try:
            site.post_request(site.hook_worker, view, environ, response)
        except BaseException:
            site.log.exception("post_request failed after %s %s", values[METHOD], values[RAW_URI])
    return monotonic()


def _conclude(
    site: Site, channel: Channel, response: Response, values: list[str], result: Any
) -> float:
    """close(), once, whatever happened; and words about a body that is not as long as was said."""
    kind = type(result)
    if kind is not list and kind is not tuple:
        try:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        except BaseException:
            site.log.exception(
                "Error closing the response of %s %s", values[METHOD], values[RAW_URI]
            )
    if response.surplus:
        site.log.error(
            "%s %s: the application sent more than its Content-Length of %s; the rest was left out",
            values[METHOD], values[RAW_URI], response.length,
        )  # fmt: skip
    elif response.shortage:
        site.log.error(
            "%s %s: the application sent %d bytes less than its Content-Length of %s; "
            "the connection was cut",
            values[METHOD], values[RAW_URI], response.shortage, response.length,
        )  # fmt: skip
    if channel.bodies:
        channel.bodies.pop(response.ident, None)
    return monotonic()


def _fail(
    site: Site, channel: Channel, response: Response, values: list[str], error: BaseException
) -> bool:
    """Answer and log what the application raised. False: nothing about this request is plain."""
    method, uri = values[METHOD], values[RAW_URI]
    if site.pid != os.getpid():
        _end_child(site, method, uri, error)
    response.fail()
    if _is_of(error, ClientGone):
        site.log.debug("the client of %s %s left", method, uri)
    elif isinstance(error, (BodyFailed, ScriptNameError)):
        site.log.error("Error handling request %s %s: %s", method, uri, error)
    elif is_verdict(error):
        site.log.error("Error handling request %s %s: %s", method, uri, describe(error))
    else:
        site.log.error("Error handling request %s %s", method, uri, exc_info=error)
    return False


def _end_child(site: Site, method: str, uri: str, error: BaseException) -> None:
    """In a child that the application forked: what it raised is its end, and nobody's answer."""
    if isinstance(error, SystemExit):
        os._exit(error.code & 0xFF if isinstance(error.code, int) else bool(error.code))
    words = "a child (pid:%d) that the application forked within %s %s failed; it was ended"
    site.log.error(words, os.getpid(), method, uri, exc_info=error)
    os._exit(1)


def _is_of(error: Optional[BaseException], kind: type) -> bool:
    """Whether `error` is of this kind, or came of one: frameworks wrap what read() raises."""
    for _ in range(5):
        if error is None or isinstance(error, kind):
            break
        error = error.__cause__ or error.__context__
    return isinstance(error, kind)
