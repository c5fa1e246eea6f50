"""A response on its way: `start_response`, `write`, and an iterable turned into frames (PEP 3333).

Knows the channel it goes to, not how the application is called nor who logs what it raises. A
Response is a request's own: one that an application keeps for too long can do nothing any more.
"""

from __future__ import annotations

from typing import Any, Iterable, Optional

from . import frames
from .channel import BULKY, Channel
from .crash import is_ours
from .files import FileWrapper, region_of
from .frames import CHUNK, END, ERROR, FAILED, FILE, FULL, HEAD, INFORM, MAX_CHUNK, MAX_WHOLE
from .headers import judge_headers, judge_status, known_statuses
from .input import ClientGone
from .kept import monotonic
from .pieces import check_piece, slabs

_pack = frames.HEADER.pack

# Phases, in their order.
WAITING = 0  # for start_response
READY = 1  # the head is known, and may still be replaced
SENT = 2  # the head is on its way, a body follows
COMPLETE = 3  # all of it is on its way; the application may still be at work
CLOSED = 4  # the client left, or the request is over

_NO_BODY = (204, 304)  # RFC 9110, 15.3.5 and 15.4.5


class Response:
    """What becomes of one request. Hooks find `status`, `headers`, `sent` as in Gunicorn."""

    __slots__ = (
        "phase", "status", "code", "headers", "length", "sent", "surplus", "ident",
        "_channel", "_method", "_bodiless", "_text",
    )  # fmt: skip

    status: Optional[str]
    code: int
    headers: list[Any]

    def __init__(self, channel: Channel, ident: int, method: str) -> None:
        self.phase = WAITING
        self.sent = 0  # bytes of body
        self.surplus = False  # the application gave more than its Content-Length
        self.length: Optional[int] = None  # Content-Length, as the application said
        self.ident = ident
        self._channel = channel
        self._method = method

    # What the application calls.

    def start_response(self, status: str, headers: list[Any], exc_info: Any = None) -> Any:
        """Raises AssertionError, TypeError, ValueError; after the head, what `exc_info` holds."""
        if exc_info is not None:
            try:
                if self.phase >= SENT:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # A traceback that refers to its own frame would stay for long.
        elif self.phase != WAITING:
            raise AssertionError("start_response() was called again without exc_info")
        code, reason = known_statuses.get(status) or judge_status(status)
        if type(headers) is not list:
            headers = list(headers)
        self._text, self.length = judge_headers(reason, headers)
        self.status, self.code, self.headers = status, code, headers
        self._bodiless = code in _NO_BODY or self._method == "HEAD"
        self.phase = READY
        return self.write

    def write(self, data: bytes) -> None:
        """The imperative way. Returns when the data is sent. Raises ClientGone (an OSError)."""
        check_piece(data)
        if self.phase == WAITING:
            raise AssertionError("write() was called before start_response()")
        if data and not self._piece(data):
            raise ClientGone("the client left while its response was being written")

    def early_hints(self, headers: Iterable[Any]) -> None:
        """An interim response, 103 (RFC 8297). Nothing happens once the head is sent.

        Names and values are str or, as Gunicorn takes them, bytes. Raises TypeError and ValueError.
        """
        if self.phase >= SENT:
            return
        pairs = [(_text(name), _text(value)) for name, value in headers]
        text, _ = judge_headers("", pairs)
        if pairs:
            # The first item of what is judged is a reason; an interim response has none.
            self._put(INFORM, text[1:], short=103)
            self._channel.flush()

    # What the server calls.

    def deliver(self, result: Any) -> bool:
        """Send what the application returned; True when there is nothing more to see to.

        The end of it may be held back by the channel. Closing `result` is the caller's duty, and
        telling of `surplus` and `shortage`. Raises what iterating raises, and TypeError for what is
        not bytes.
        """
        kind = type(result)
        if kind is list or kind is tuple:
            if len(result) == 1 and self.phase == READY and not self._bodiless:
                body = result[0]
                if type(body) is bytes and len(body) <= MAX_WHOLE:
                    if self.length is None or self.length == len(body):
                        self._full(body, len(body))
                        return True
            self._deliver_all(result)
        elif not (isinstance(result, FileWrapper) and self._deliver_file(result)):
            self._deliver_each(result)
        return False

    def fail(self) -> None:
        """The application raised: 500 when nothing was sent, else the connection is cut."""
        if self.phase < SENT:
            self._put(ERROR, short=500)
        elif self.phase == SENT:
            self._put(END, flags=FAILED)
        self.phase = CLOSED

    @property
    def shortage(self) -> int:
        """Bytes that Content-Length promised and the application did not give, after `deliver`."""
        if self.phase != COMPLETE or self._bodiless or self.length is None:
            return 0
        return self.length - self.sent

    @property
    def status_code(self) -> Optional[int]:
        """For hooks: None when start_response was not called."""
        return self.code or None

    @property
    def response_length(self) -> Optional[int]:
        """For hooks: Content-Length as the application said."""
        return self.length

    # Ways to go through what was returned.

    def _deliver_all(self, pieces: Any) -> None:
        """A list: all is known, nothing is sent in between, and the length can be told."""
        for piece in pieces:
            check_piece(piece)
        total = sum(map(len, pieces))
        if self.phase != READY:
            self._deliver_each(pieces)
        elif self._bodiless:
            self._full(b"", total or None)
        elif total <= MAX_WHOLE and self.length in (None, total):
            self._full(b"".join(pieces), total)
        else:
            if self.length is None:
                self._tell_length(total)
            self._deliver_each(slabs(pieces))

    def _deliver_each(self, pieces: Iterable[bytes]) -> None:
        for data in pieces:
            check_piece(data)
            if data:
                if self.phase == WAITING:
                    raise AssertionError("start_response() was not called before the first piece")
                # Who asked by HEAD has all of it: an endless stream would keep its thread in vain.
                if not self._piece(data) or self.surplus or self._bodiless:
                    return
        self._end()

    def _deliver_file(self, wrapper: FileWrapper) -> bool:
        """Have the front send the file. False when it has to be read here."""
        region = region_of(wrapper) if self.phase == READY and not self._bodiless else None
        if region is None or (self.length is not None and not 0 < self.length <= region.size):
            return False
        if self.length is None:
            self._tell_length(region.size)
        channel, ident, size = self._channel, self.ident, self.length or 0
        channel.fileok = None
        self._put(FILE, self._text, region.text(size), short=self.code)
        self.phase = SENT
        channel.flush()
        channel.wait_until(lambda: channel.fileok is not None or ident in channel.aborted)
        if channel.fileok is False:
            return False
        if channel.fileok:
            self.sent = size
            self.phase = COMPLETE
        else:
            self._leave()
        return True

    # One step of it.

    def _piece(self, data: bytes) -> bool:
        """Send a piece that is not empty, at once. False when nobody is there to read it."""
        channel = self._channel
        if self.phase == READY:
            self._first(data)
        elif self.phase == SENT:
            if channel.client_gone(self.ident):
                self._leave()
                return False
            self._chunks(self._cut(data), 0)
        elif self.phase == COMPLETE:
            self.surplus = self.surplus or not self._bodiless
        else:
            return False
        return not channel.gone

    def _first(self, data: bytes) -> None:
        if self._bodiless:
            self._full(b"", None)
        else:
            data = self._cut(data)
            if self.length == len(data) <= MAX_WHOLE:
                self._full(data, None)
            else:
                self._head(data)
                return
        # Nothing is missing for the client: the next piece may be long in coming.
        self._channel.settle(monotonic())

    def _head(self, data: bytes) -> None:
        first = memoryview(data)[:MAX_CHUNK] if len(data) > MAX_CHUNK else data
        self._put_body(HEAD, first, self._text, self.code)
        self.phase = SENT
        self._chunks(data, len(first))

    def _chunks(self, data: bytes, at: int) -> None:
        """The rest of a piece, from `at` on; then END, if that was all that was promised."""
        channel, size = self._channel, len(data)
        view = memoryview(data) if size - at > MAX_CHUNK else data
        while at < size:
            part = view[at : at + MAX_CHUNK] if at or size > MAX_CHUNK else view
            self._put_body(CHUNK, part)
            at += MAX_CHUNK
            if at < size:
                channel.flush()
                if channel.client_gone(self.ident):
                    self._leave()
                    return
        if self.sent == self.length:
            self._put(END)
            self.phase = COMPLETE
        channel.flush()

    def _end(self) -> None:
        """The application has no more to say."""
        if self.phase == WAITING:
            raise AssertionError("start_response() was not called")
        if self.phase == READY:
            if self._bodiless:
                self._full(b"", None)
            elif not self.length:
                self._full(b"", 0)
            else:
                self._head(b"")
        if self.phase == SENT:
            self._put(END, flags=0 if self.length is None else FAILED)
            self.phase = COMPLETE

    def _cut(self, data: bytes) -> bytes:
        """No more than Content-Length: what is behind it would pass for the next response."""
        if self.length is None or len(data) <= self.length - self.sent:
            return data
        self.surplus = True
        return data[: self.length - self.sent]

    def _leave(self) -> None:
        self._put(END, flags=FAILED)
        self.phase = CLOSED

    # Frames.

    def _tell_length(self, size: int) -> None:
        self._text = b"%b\nContent-Length\n%d" % (self._text, size)
        self.length = size

    def _full(self, body: bytes, size: Optional[int]) -> None:
        """The whole response. `size` is told as Content-Length where the application did not."""
        text = self._text
        if size is not None and self.length is None and self.code not in _NO_BODY:
            text = b"%b\nContent-Length\n%d" % (text, size)
        texts, count = len(text), len(body)
        head = _pack(texts + count, FULL, 0, self.code, self.ident, texts)
        if count < BULKY:
            self._channel.out.append(head + text + body)
        else:
            self._channel.put_body(head + text, body)
        self.sent = count
        self.phase = COMPLETE

    def _put_body(self, kind: int, body: Any, text: bytes = b"", code: int = 0) -> None:
        texts, count = len(text), len(body)
        head = _pack(texts + count, kind, 0, code, self.ident, texts) + text
        if count < BULKY:
            self._channel.out.append(head + body)
        else:
            self._channel.put_body(head, body)
        self.sent += count

    def _put(
        self, kind: int, text: bytes = b"", body: bytes = b"", *, short: int = 0, flags: int = 0
    ) -> None:
        self._channel.out.append(
            frames.frame(kind, self.ident, text, body, short=short, flags=flags)
        )


def _text(said: Any) -> Any:
    return said.decode("latin-1") if isinstance(said, bytes) else said


def is_verdict(error: BaseException) -> bool:
    """Whether what is wrong is what the application has returned, and none of its code raised it:
    the words say all, and a traceback would be of ours alone.
    """
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if not is_ours(code.co_filename):
            return False
        if code in _VERDICTS and trace.tb_next is None:
            return True
        trace = trace.tb_next
    return False


_VERDICTS = tuple(judge.__code__ for judge in (check_piece, Response._deliver_each, Response._end))
