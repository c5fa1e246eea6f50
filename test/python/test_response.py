"""Responses, by the rules of PEP 3333: what an application does, and what its client then sees."""

from __future__ import annotations

import gzip
import io
import os
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from wsgiref.validate import validator

from front import PATIENCE, Worker, eventually
from tsgunicorn_wsgi import frames
from tsgunicorn_wsgi.files import FileWrapper

OK = "200 OK"
MEGABYTE = 1024 * 1024


class Closing:
    """An iterable that counts its closings."""

    def __init__(self, pieces):
        self.pieces = iter(pieces)
        self.closed = 0

    def __iter__(self):
        return self

    def __next__(self):
        piece = next(self.pieces)
        if isinstance(piece, BaseException):
            raise piece
        return piece

    def close(self):
        self.closed += 1


def gives(result, headers=(), status=OK):
    """An application that answers with this; `result` may be a function that makes it."""

    def app(environ, start_response):
        start_response(status, list(headers))
        return result() if callable(result) else result

    return app


class ResponseCase(unittest.TestCase):
    def ask(self, app, *args, troubles=0, **request):
        """One request to an application of its own. `self.lines` is the log from warning on."""
        with Worker(app) as worker:
            answer = worker.connect().request(*args, **request)
        self.lines = worker.records.troubles
        self.assertEqual(len(self.lines), troubles, self.lines)
        return answer

    def kinds(self, answer):
        return [frame.kind for frame in answer.frames]


class Whole(ResponseCase):
    def test_lists_and_tuples_are_one_frame_with_their_length(self):
        for result in ([b"abc"], (b"abc",), [b"a", b"", b"bc"], (b"ab", b"c")):
            answer = self.ask(gives(result))
            self.assertEqual(self.kinds(answer), [frames.FULL])
            self.assertEqual((answer.body, answer.header("content-length")), (b"abc", "3"))
        answer = self.ask(gives([]))
        self.assertEqual((answer.body, answer.header("content-length")), (b"", "0"))

    def test_a_length_that_was_told_stays(self):
        answer = self.ask(gives([b"abc"], [("content-length", "3"), ("A", "\xe9")]))
        self.assertEqual(answer.headers, [("content-length", "3"), ("A", "\xe9")])

    def test_up_to_a_megabyte_goes_whole_and_more_in_chunks(self):
        for sizes in ([MEGABYTE], [MEGABYTE - 5, 5], [70000], [65535], [65536]):
            answer = self.ask(gives([b"x" * size for size in sizes]))
            self.assertEqual(self.kinds(answer), [frames.FULL])
            self.assertEqual(len(answer.body), sum(sizes))
        for sizes in ([MEGABYTE + 1], [MEGABYTE, 1], [1] * (MEGABYTE + 1), [300000, 1, 2, 900000]):
            parts = [bytes([65 + at % 26]) * size for at, size in enumerate(sizes)]
            answer = self.ask(gives(parts))
            self.assertEqual(self.kinds(answer)[0], frames.HEAD)
            self.assertLess(len(answer.frames), 40)
            self.assertLessEqual(max(len(frame.body) for frame in answer.frames), 256 * 1024)
            self.assertTrue(answer.body == b"".join(parts))
            self.assertEqual(answer.header("content-length"), str(sum(sizes)))
            self.assertEqual(answer.ending, "whole")

    def test_a_very_large_list_is_not_copied(self):
        import resource

        body = b"x" * (200 * MEGABYTE)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with Worker(gives([body])) as worker:
            channel = worker.connect()
            channel.send(channel.pack())
            size = 0
            while True:
                frame = channel.receive()
                if frame.kind == frames.END:
                    break
                size += len(frame.body)
            self.assertEqual(size, len(body))
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self.assertLess(after - before, 50 * 1024)


class Streams(ResponseCase):
    def test_each_piece_is_sent_before_the_next_is_asked_for(self):
        steps = threading.Semaphore(0)

        def pieces():
            for piece in (b"", b"one", b"", b"two", b"three"):
                yield piece
                if piece:
                    steps.acquire(timeout=PATIENCE)

        with Worker(gives(pieces)) as worker:
            channel = worker.connect()
            channel.send(channel.pack() + channel.pack())
            for _ in range(2):
                for kind, body in (
                    (frames.HEAD, b"one"),
                    (frames.CHUNK, b"two"),
                    (frames.CHUNK, b"three"),
                ):
                    frame = channel.receive()
                    self.assertEqual((frame.kind, frame.body), (kind, body))
                    steps.release()
                self.assertEqual(channel.receive()[:2], (frames.END, 0))

    def test_a_stream_whose_length_is_told_ends_with_its_last_byte(self):
        late = threading.Event()

        def pieces():
            yield b"ab"
            yield b"c"
            late.wait(PATIENCE)

        for count in ("2", "3"):
            late.clear()
            with Worker(gives(pieces, [("Content-Length", count)])) as worker:
                channel = worker.connect()
                answer = channel.request()
                late.set()
                self.assertEqual((answer.body, answer.ending), (b"abc"[: int(count)], "whole"))
        answer = self.ask(gives(lambda: iter([b"abc"]), [("Content-Length", "3")]))
        self.assertEqual(self.kinds(answer), [frames.FULL])

    def test_a_stream_of_nothing_is_an_empty_response(self):
        for pieces in ([], [b""], [b"", b""]):
            answer = self.ask(gives(lambda pieces=pieces: iter(pieces)))
            self.assertEqual((answer.body, answer.header("content-length")), (b"", "0"))

    def test_start_response_may_be_called_by_the_iterable(self):
        def app(environ, start_response):
            start_response(OK, [("A", "b")])
            yield b"lazy"

        answer = self.ask(app)
        self.assertEqual((answer.body, answer.header("a")), (b"lazy", "b"))

    def test_large_pieces_are_cut_into_chunks(self):
        data = os.urandom(700000)
        answer = self.ask(gives(lambda: iter([data, data])))
        self.assertLessEqual(max(len(frame.body) for frame in answer.frames), 256 * 1024)
        self.assertTrue(answer.body == data * 2)


class Writing(ResponseCase):
    def test_write_sends_at_once_and_the_iterable_goes_on(self):
        go = threading.Event()

        def app(environ, start_response):
            write = start_response(OK, [])
            write(b"one")
            go.wait(PATIENCE)
            write(b"")
            write(b"two")
            return [b"three"]

        with Worker(app) as worker:
            channel = worker.connect()
            channel.send(channel.pack())
            first = channel.receive()
            self.assertEqual((first.kind, first.body), (frames.HEAD, b"one"))
            go.set()
            self.assertEqual(channel.answer([first]).body, b"onetwothree")

    def test_write_takes_bytes_only(self):
        def app(environ, start_response):
            start_response(OK, [])("text")
            return []

        self.assertEqual(self.ask(app, troubles=1).ending, "error")
        self.assertIn("TypeError", self.lines[0])

    def test_write_and_start_response_of_a_request_that_is_over_do_nothing(self):
        kept = []

        def app(environ, start_response):
            if not kept:
                kept.extend([start_response(OK, []), start_response, environ["wsgi.early_hints"]])
                return [b"first"]
            with self.assertRaises(ConnectionResetError):
                kept[0](b"stale")
            with self.assertRaises(AssertionError):
                kept[1]("500 X", [])
            kept[2]([("Link", "x")])
            start_response(OK, [])
            return [b"second"]

        with Worker(app) as worker:
            channel = worker.connect()
            self.assertEqual(channel.request().body, b"first")
            answer = channel.request()
            self.assertEqual((answer.body, len(answer.frames)), (b"second", 1))


class StartResponse(ResponseCase):
    def test_again_without_exc_info_is_an_error(self):
        def app(environ, start_response):
            start_response(OK, [])
            start_response(OK, [])
            return []

        self.assertEqual(self.ask(app, troubles=1).ending, "error")
        self.assertIn("start_response() was called again", self.lines[0])

    def test_exc_info_replaces_a_head_that_was_not_sent(self):
        def app(environ, start_response):
            start_response(OK, [("Content-Length", "1"), ("A", "b")])
            try:
                raise LookupError("x")
            except LookupError:
                start_response("500 Oops", [("C", "d")], sys.exc_info())
            return [b"sorry"]

        answer = self.ask(app)
        self.assertEqual((answer.status, answer.reason, answer.body), (500, "Oops", b"sorry"))
        self.assertEqual(answer.headers, [("C", "d"), ("Content-Length", "5")])

    def test_exc_info_after_the_head_raises_it_again(self):
        def app(environ, start_response):
            start_response(OK, [])
            yield b"begun"
            try:
                raise LookupError("half-way")
            except LookupError:
                start_response("500 Oops", [], sys.exc_info())

        answer = self.ask(app, troubles=1)
        self.assertEqual((answer.status, answer.body, answer.ending), (200, b"begun", "cut"))
        self.assertIn("LookupError: half-way", self.lines[0])

    def test_never_called(self):
        for result in ([], [b"x"], iter([]), iter([b"x"])):
            answer = self.ask(lambda environ, start_response, result=result: result, troubles=1)
            self.assertEqual(answer.ending, "error")
            self.assertIn("start_response() was not called", self.lines[0])

    def test_a_bad_head_is_500(self):
        for status, headers in (
            ("100 Continue", []),
            ("OK", []),
            (200, []),
            (OK, [("Connection", "close")]),
            (OK, [("A", "b\r\nSet-Cookie: x")]),
            (OK, [("A\n", "b")]),
            (OK, [("A", 1)]),
            (OK, [("A", "\u20ac")]),
            (OK, [("A",)]),
            (OK, None),
            (OK, [("Content-Length", "x")]),
        ):
            answer = self.ask(self._bad(status, headers), troubles=1)
            self.assertEqual(answer.ending, "error", (status, headers))

    def _bad(self, status, headers):
        def app(environ, start_response):
            start_response(status, headers)
            return [b"x"]

        return app


class Lengths(ResponseCase):
    def test_what_is_too_long_is_cut_and_logged_once(self):
        for result in (
            [b"abcdef"],
            [b"ab", b"cd", b"ef"],
            lambda: iter([b"ab", b"cd", b"ef", b"gh"]),
        ):
            for count in ("0", "1", "3", "4"):
                answer = self.ask(gives(result, [("Content-Length", count)]), troubles=1)
                self.assertEqual((answer.body, answer.ending), (b"abcdef"[: int(count)], "whole"))
                self.assertIn("more than its Content-Length", self.lines[0])

    def test_what_is_too_short_is_cut_off_and_logged(self):
        for result in ([b"abc"], [], lambda: iter([]), [b"a", b"bc"], lambda: iter([b"ab", b"c"])):
            answer = self.ask(gives(result, [("Content-Length", "9")]), troubles=1)
            self.assertEqual((answer.ending, answer.header("content-length")), ("cut", "9"))
            self.assertIn("less than its Content-Length of 9", self.lines[0])


class NoBody(ResponseCase):
    def test_head_204_and_304_begin_and_close_the_iterable_and_send_no_body(self):
        for method, status in (
            ("HEAD", OK),
            ("GET", "204 No Content"),
            ("GET", "304 Not Modified"),
        ):
            for headers in ([], [("Content-Length", "4")]):
                result = Closing([b"ab", b"", b"cd"])
                answer = self.ask(gives(lambda r=result: r, headers, status), method)
                self.assertEqual(self.kinds(answer), [frames.FULL])
                # What comes behind the first piece is not asked for: it might never end.
                self.assertEqual((answer.body, result.closed), (b"", 1))
                self.assertEqual(list(result), [b"", b"cd"])
                self.assertEqual(answer.headers, headers)
                answer = self.ask(gives([b"abcd"], headers, status), method)
                self.assertEqual((answer.body, len(answer.frames)), (b"", 1))

    def test_head_tells_the_length_of_a_list(self):
        self.assertEqual(self.ask(gives([b"abcd"]), "HEAD").header("content-length"), "4")
        self.assertEqual(self.ask(gives([]), "HEAD").header("content-length"), None)
        self.assertEqual(self.ask(gives([b"abcd"], (), "204 X")).header("content-length"), None)

    def test_write_to_head_goes_nowhere(self):
        def app(environ, start_response):
            start_response(OK, [("Content-Length", "6")])(b"abc")
            return [b"def"]

        self.assertEqual(self.ask(app, "HEAD").body, b"")


class Verdicts(ResponseCase):
    def test_what_was_returned_is_judged_in_one_line(self):
        for result, words in (
            (["text"], "TypeError: a WSGI application gives an iterable of bytes; here came str"),
            ("text", "TypeError: a WSGI application gives an iterable of bytes; here came str"),
            (lambda: iter([None]), "here came NoneType"),
            (lambda: None, "TypeError: 'NoneType' object is not iterable"),
        ):
            self.assertEqual(self.ask(gives(result), troubles=1).ending, "error")
            self.assertIn(words, self.lines[0])
            self.assertNotIn("Traceback", self.lines[0])

        def app(environ, start_response):
            return [b"no head"]

        self.assertEqual(self.ask(app, troubles=1).ending, "error")
        self.assertIn("start_response() was not called", self.lines[0])

    def test_what_the_applications_code_raises_has_its_traceback(self):
        def pieces():
            yield b"" + None

        self.assertEqual(self.ask(gives(pieces), troubles=1).ending, "error")
        self.assertIn("Traceback", self.lines[0])

    def test_a_head_that_no_frame_holds_is_refused(self):
        answer = self.ask(gives([b"x"], [("X", "v" * 20_000_000)]), troubles=1)
        self.assertEqual(answer.ending, "error")
        self.assertIn("ValueError: status and headers of 20000", self.lines[0])


class Raising(ResponseCase):
    def test_whatever_is_raised_before_the_head_is_500_and_the_worker_goes_on(self):
        def recurse():
            recurse()

        def app(environ, start_response):
            path = environ["PATH_INFO"]
            if path == "/recursion":
                recurse()
            errors = {
                "/value": ValueError("v"),
                "/exit": SystemExit(3),
                "/interrupt": KeyboardInterrupt(),
                "/memory": MemoryError(),
                "/generator": GeneratorExit(),
                "/stop": StopIteration(),
                "/index": IndexError(),
            }
            if path in errors:
                raise errors[path]
            start_response(OK, [])
            return [b"fine"]

        names = "value exit interrupt memory generator stop index recursion".split()
        with Worker(app) as worker:
            channel = worker.connect()
            for name in names:
                answer = channel.request(uri="/%s?q" % name)
                self.assertEqual((answer.ending, answer.status), ("error", 500))
                self.assertEqual(channel.request().body, b"fine")
            self.assertEqual(len(worker.records.lines), len(names))
            for line, name in zip(worker.records.lines, names):
                self.assertTrue(line.startswith("ERROR Error handling request GET /%s?q\n" % name))
                self.assertIn("Traceback", line)

    def test_an_iterable_that_raises_is_closed_once(self):
        for pieces, ending in (([ValueError("x")], "error"), ([b"a", ValueError("x")], "cut")):
            result = Closing(pieces)
            answer = self.ask(gives(lambda r=result: r), troubles=1)
            self.assertEqual((answer.ending, result.closed), (ending, 1))

    def test_close_is_called_once_whatever_happens(self):
        for pieces, troubles in (([], 0), ([b"a"], 0), ([b"a", b"b"], 0), (["text"], 1)):
            result = Closing(pieces)
            self.ask(gives(lambda r=result: r), troubles=troubles)
            self.assertEqual(result.closed, 1)
        result = Closing([b"a"])
        self.ask(lambda environ, start_response: result, troubles=1)
        self.assertEqual(result.closed, 1)

    def test_close_that_raises_is_logged_and_changes_nothing(self):
        class Bad(Closing):
            def close(self):
                raise ValueError("in close")

        answer = self.ask(gives(lambda: Bad([b"a"])), troubles=1)
        self.assertEqual((answer.body, answer.ending), (b"a", "whole"))
        self.assertIn("Error closing the response of GET /", self.lines[0])

    def test_the_answer_is_sent_before_close(self):
        go = threading.Event()

        class Slow(Closing):
            def close(self):
                go.wait(PATIENCE)

        with Worker(gives(lambda: Slow([b"a"]), [("Content-Length", "1")])) as worker:
            channel = worker.connect()
            self.assertEqual(channel.request().body, b"a")
            go.set()

    def test_what_is_not_bytes_is_500(self):
        for result in ("text", b"bytes", ["text"], [1], [bytearray(b"x")], None, 5, {"a": 1}):
            answer = self.ask(gives(result), troubles=1)
            self.assertEqual(answer.ending, "error", result)
            self.assertIn("TypeError", self.lines[0])


class ClientsThatLeave(ResponseCase):
    def test_iteration_stops_and_close_is_called(self):
        class Endless(Closing):
            def __next__(self):
                return b"x" * 1000

        result = Endless([])
        with Worker(gives(lambda: result)) as worker:
            channel = worker.connect()
            channel.send(channel.pack())
            channel.receive()
            channel.send(frames.frame(frames.ABORT, channel.ident))
            self.assertEqual(channel.answer().ending, "cut")
            eventually(lambda: result.closed == 1)
            other = Endless([])
            result, first = other, result
            channel.send(channel.pack())
            channel.receive()
            channel.close()
            eventually(lambda: other.closed == 1)
            self.assertEqual((first.closed, worker.records.troubles), (1, []))

    def test_write_raises(self):
        seen = []

        def app(environ, start_response):
            write = start_response(OK, [])
            try:
                while True:
                    write(b"x" * 1000)
            except ConnectionResetError as error:
                seen.append(error)
                raise

        with Worker(app) as worker:
            channel = worker.connect()
            channel.send(channel.pack())
            channel.receive()
            channel.send(frames.frame(frames.ABORT, channel.ident))
            self.assertEqual(channel.answer().ending, "cut")
            self.assertEqual(len(seen), 1)
            eventually(lambda: worker.records.lines == ["DEBUG the client of GET / left"])

    def test_a_request_whose_client_left_before_it_was_started_is_skipped(self):
        ran = []

        def app(environ, start_response):
            ran.append(environ["PATH_INFO"])
            start_response(OK, [])
            return [b"x"]

        with Worker(app) as worker:
            channel = worker.connect()
            data = channel.pack(uri="/a") + channel.pack(uri="/gone")
            abort = frames.frame(frames.ABORT, channel.ident)
            channel.send(data + abort + channel.pack(uri="/b"))
            endings = [channel.answer().ending for _ in range(3)]
            self.assertEqual((endings, ran), (["whole", "error", "whole"], ["/a", "/b"]))


class EarlyHints(ResponseCase):
    def test_hints_are_sent_at_once_and_only_before_the_head(self):
        def app(environ, start_response):
            environ["wsgi.early_hints"]([("Link", "</a>"), ("Link", "</b>")])
            environ["wsgi.early_hints"]([])
            environ["wsgi.early_hints"](((b"X-Bytes", b"caf\xe9"),))
            with self.assertRaises(ValueError):
                environ["wsgi.early_hints"]([("A", "b\n")])
            start_response(OK, [])
            yield b"x"
            environ["wsgi.early_hints"]([("Late", "x")])

        answer = self.ask(app)
        kinds = [frames.INFORM, frames.INFORM, frames.HEAD, frames.END]
        self.assertEqual(self.kinds(answer), kinds)
        hint, latin = answer.frames[:2]
        self.assertEqual((hint.short, hint.text), (103, b"Link\n</a>\nLink\n</b>"))
        self.assertEqual(latin.text, b"X-Bytes\ncaf\xe9")


class Files(ResponseCase):
    def wrapped(self, make, headers=(), size=None, method="GET", **options):
        kept = []

        def app(environ, start_response):
            start_response(OK, list(headers))
            kept.append(make())
            wrapper = environ["wsgi.file_wrapper"]
            return wrapper(kept[0], size) if size else wrapper(kept[0])

        answer = self.ask(app, method, **options)
        if hasattr(kept[0], "closed"):
            self.assertTrue(kept[0].closed)
        return answer

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "file")
        self.data = os.urandom(300000)
        with open(self.path, "wb") as file:
            file.write(self.data)

    def opened(self, at=0):
        file = open(self.path, "rb")
        file.seek(at)
        return file

    def test_regular_files_are_left_to_the_front(self):
        for at in (0, 1000):
            answer = self.wrapped(lambda: self.opened(at))
            self.assertEqual(self.kinds(answer), [frames.FILE])
            self.assertTrue(answer.body == self.data[at:])
            self.assertEqual(answer.header("content-length"), str(len(self.data) - at))

    def test_a_position_inside_of_pythons_buffer_is_known(self):
        def read_some():
            file = self.opened()
            file.read(10)
            return file

        self.assertTrue(self.wrapped(read_some).body == self.data[10:])

    def test_unbuffered_and_temporary_and_django_like_files(self):
        def temporary():
            file = tempfile.NamedTemporaryFile()
            file.write(b"temporary")
            file.seek(0)
            return file

        class Proxy:
            def __init__(self, file):
                self.file = file

            read = property(lambda self: self.file.read)
            close = property(lambda self: self.file.close)

        for make in (lambda: open(self.path, "rb", 0), temporary, lambda: Proxy(self.opened())):
            self.assertEqual(self.kinds(self.wrapped(make)), [frames.FILE])

    def test_a_length_that_was_told_is_all_that_is_sent(self):
        answer = self.wrapped(self.opened, [("Content-Length", "100")])
        self.assertEqual((self.kinds(answer), answer.body), ([frames.FILE], self.data[:100]))
        answer = self.wrapped(self.opened, [("Content-Length", "300001")], troubles=1)
        self.assertEqual(answer.ending, "cut")

    def test_what_is_no_plain_file_is_read_here(self):
        packed = gzip.compress(self.data)
        with open(self.path + ".gz", "wb") as file:
            file.write(packed)

        class Shouting:
            def __init__(self, file):
                self.file = file
                self.fileno = file.fileno

            def read(self, size):
                return self.file.read(size).upper()

        cases = {
            "memory": (lambda: io.BytesIO(self.data), self.data),
            "gzip": (lambda: gzip.open(self.path + ".gz"), self.data),
            "transformed": (lambda: Shouting(self.opened()), self.data.upper()),
            "proc": (lambda: open("/proc/self/comm", "rb"), Path("/proc/self/comm").read_bytes()),
        }
        for name, (make, data) in cases.items():
            with self.subTest(name):
                answer = self.wrapped(make)
                self.assertNotIn(frames.FILE, self.kinds(answer))
                self.assertTrue(answer.body == data)
        empty = self.wrapped(lambda: open(os.devnull, "rb"))
        self.assertEqual((empty.body, empty.header("content-length")), (b"", "0"))

    def test_blocks_are_of_the_size_that_was_asked_for(self):
        answer = self.wrapped(lambda: io.BytesIO(b"abcdefg"), size=3)
        self.assertEqual([frame.body for frame in answer.frames[:3]], [b"abc", b"def", b"g"])

    def test_head_sends_no_file(self):
        answer = self.wrapped(self.opened, method="HEAD")
        self.assertEqual((self.kinds(answer), answer.body), ([frames.FULL], b""))

    def test_a_front_that_refuses_gets_the_bytes(self):
        with Worker(lambda e, s: (s(OK, []), FileWrapper(self.opened()))[1]) as worker:
            channel = worker.connect()
            for _ in range(2):
                channel.send(channel.pack())
                head = channel.receive()
                self.assertEqual(head.kind, frames.FILE)
                channel.send(frames.frame(frames.FILEOK, channel.ident, flags=1))
                answer = channel.answer()
                self.assertTrue(answer.body == self.data)
                self.assertEqual(answer.ending, "whole")

    def test_a_client_that_leaves_instead(self):
        with Worker(lambda e, s: (s(OK, []), FileWrapper(self.opened()))[1]) as worker:
            channel = worker.connect()
            channel.send(channel.pack())
            channel.receive()
            channel.send(frames.frame(frames.ABORT, channel.ident))
            self.assertEqual(channel.answer().ending, "cut")


class Validated(ResponseCase):
    def test_wsgiref_finds_nothing_to_complain_of(self):
        def app(environ, start_response):
            stream = environ["wsgi.input"]
            body = (
                stream.read(4) + stream.readline() + b"".join(stream.readlines()) + b"".join(stream)
            )
            environ["wsgi.errors"].write("noted\n")
            environ["wsgi.errors"].flush()
            headers = [("Content-Type", "text/plain")]
            if environ["PATH_INFO"] == "/write":
                start_response(OK, headers)(body)
                return []
            start_response(OK, headers)
            return [body] if environ["PATH_INFO"] == "/list" else iter([b"", body])

        with Worker(validator(app)) as worker:
            channel = worker.connect()
            for path in ("/list", "/iter", "/write"):
                for ask in (
                    lambda: channel.request("POST", path + "?a", body=b"abc\ndef\nghi"),
                    lambda: channel.upload([b"abc\nd", b"ef\nghi"], "POST", path),
                ):
                    self.assertEqual(ask().body, b"abc\ndef\nghi", worker.records.lines)
            self.assertEqual(worker.records.lines, ["ERROR noted"] * 6)


if __name__ == "__main__":
    unittest.main()
