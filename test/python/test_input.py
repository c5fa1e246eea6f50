"""`wsgi.input`: with the request, or asked for piece by piece."""

from __future__ import annotations

import hashlib
import resource
import struct
import threading
import unittest

from front import PATIENCE, Worker, eventually
from tsgunicorn_wsgi import frames


def echo(environ, start_response):
    """Reads in the way that the path says, answers with what was read."""
    stream = environ["wsgi.input"]
    read = {
        "/read": lambda: stream.read(),
        "/read100": lambda: b"".join(iter(lambda: stream.read(100), b"")),
        "/readline": lambda: b"|".join(iter(stream.readline, b"")),
        "/readline5": lambda: b"|".join(iter(lambda: stream.readline(5), b"")),
        "/readlines": lambda: b"|".join(stream.readlines()),
        "/hint": lambda: b"|".join(stream.readlines(1)),
        "/iter": lambda: b"|".join(stream),
        "/nothing": lambda: b"",
    }[environ["PATH_INFO"]]()
    ends = [stream.read(), stream.read(10), stream.readline(), stream.readlines()]
    start_response("200 OK", [])
    return [read, repr(ends).encode() if environ["PATH_INFO"] not in ("/hint", "/nothing") else b""]


ENDS = b"[b'', b'', b'', []]"


class Reading(unittest.TestCase):
    def test_all_ways_to_read_agree_for_bodies_that_came_along_and_streamed_ones(self):
        text = b"one\ntwo two\n\nlast"
        wanted = {
            "/read": text,
            "/read100": text,
            "/readline": b"one\n|two two\n|\n|last",
            "/readline5": b"one\n|two t|wo\n|\n|last",
            "/readlines": b"one\n|two two\n|\n|last",
            "/iter": b"one\n|two two\n|\n|last",
        }
        with Worker(echo) as worker:
            channel = worker.connect()
            for path, body in wanted.items():
                with self.subTest(path):
                    self.assertEqual(channel.request("POST", path, body=text).body, body + ENDS)
                    self.assertEqual(channel.upload([text], "POST", path).body, body + ENDS)
                    pieces = [bytes([byte]) for byte in text]
                    self.assertEqual(channel.upload(pieces, "POST", path).body, body + ENDS)
            self.assertEqual(channel.request("POST", "/hint", body=text).body, b"one\n")
            self.assertEqual(channel.request(uri="/read").body, ENDS)
            self.assertEqual(channel.upload([], "POST", "/read").body, ENDS)
            self.assertEqual(worker.records.lines, [])

    def test_a_body_that_nobody_reads_is_not_asked_for(self):
        with Worker(echo) as worker:
            channel = worker.connect()
            answer = channel.upload([], "POST", "/nothing")
            # /nothing reads past its end: one WANT. An application that never reads sends none.
            self.assertEqual(answer.status, 200)

        def deaf(environ, start_response):
            start_response("200 OK", [])
            return [b"no"]

        with Worker(deaf) as worker:
            channel = worker.connect()
            answer = channel.request("POST", streamed=True)
            self.assertEqual([frame.kind for frame in answer.frames], [frames.FULL])
            # What the front had sent of it is no concern of the next request.
            self.assertEqual(channel.request().body, b"no")

    def test_what_comes_of_a_body_after_its_request_is_dropped(self):
        def first_byte(environ, start_response):
            data = environ["wsgi.input"].read(1)
            start_response("200 OK", [])
            return [data]

        with Worker(first_byte) as worker:
            channel = worker.connect()
            channel.send(channel.pack("POST", streamed=True))
            ident = channel.ident
            self.assertEqual(channel.receive().kind, frames.WANT)
            channel.send(frames.frame(frames.BODY, ident, body=b"abc"))
            self.assertEqual(channel.answer().body, b"a")
            channel.send(frames.frame(frames.BODY, ident, body=b"late"))
            channel.send(frames.frame(frames.BODYEND, ident))
            self.assertEqual(channel.request("POST", body=b"xyz").body, b"x")

    def test_more_than_was_asked_for_breaks_the_channel(self):
        with Worker(echo) as worker:
            channel = worker.connect()
            channel.send(channel.pack("POST", "/read", streamed=True))
            self.assertEqual(channel.receive().kind, frames.WANT)
            for _ in range(2):
                channel.send(frames.frame(frames.BODY, channel.ident, body=b"x" * 40000))
            self.assertTrue(channel.ended())
            eventually(lambda: worker.records.of("ERROR"))


class Demand(unittest.TestCase):
    def test_credit_grows_and_is_never_more_than_a_megabyte(self):
        with Worker(echo) as worker:
            channel = worker.connect()
            answer = channel.upload([b"x" * 4000000], "POST", "/read")
            self.assertEqual(len(answer.body), 4000000 + len(ENDS))
            asked = [struct.unpack("<I", f.body)[0] for f in answer.frames if f.kind == frames.WANT]
            self.assertEqual(asked[:4], [65536, 262144, 1048576, 1048576])
            self.assertEqual(max(asked), 1048576)

    def test_a_long_body_takes_no_memory(self):
        def digest(environ, start_response):
            sha, stream = hashlib.sha1(), environ["wsgi.input"]
            for block in iter(lambda: stream.read(65536), b""):
                sha.update(block)
            start_response("200 OK", [])
            return [sha.hexdigest().encode()]

        piece, count = b"0123456789abcdef" * 4096, 2048  # 128 MB
        sha = hashlib.sha1()
        for _ in range(count):
            sha.update(piece)
        with Worker(digest) as worker:
            channel = worker.connect()
            channel.upload([piece] * 64, "POST")
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            answer = channel.upload((piece for _ in range(count)), "POST")
            after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            self.assertEqual(answer.body, sha.hexdigest().encode())
            self.assertLess(after - before, 16 * 1024)


class Failing(unittest.TestCase):
    def test_a_body_that_breaks_off_is_an_oserror_with_the_fronts_words(self):
        seen = []

        def app(environ, start_response):
            try:
                environ["wsgi.input"].read()
            except OSError as error:
                seen.append(str(error))
                raise
            raise AssertionError("read")

        with Worker(app) as worker:
            channel = worker.connect()
            answer = channel.upload([b"abc"], "POST", "/up", failing="it was too slow")
            self.assertEqual(answer.ending, "error")
            self.assertEqual(seen, ["the request body did not arrive whole: it was too slow"])
            eventually(lambda: worker.records.troubles)
            self.assertEqual(len(worker.records.troubles), 1)
            self.assertIn(
                "Error handling request POST /up: the request body", worker.records.troubles[0]
            )
            self.assertNotIn("Traceback", worker.records.troubles[0])

    def test_a_body_that_failed_before_anybody_read_it(self):
        with Worker(echo) as worker:
            channel = worker.connect()
            data = channel.pack("POST", "/read", streamed=True)
            channel.send(data + frames.frame(frames.BODYEND, channel.ident, b"cut", flags=1))
            self.assertEqual(channel.answer().ending, "error")
            eventually(lambda: worker.records.troubles)

    def test_a_client_that_leaves_is_seen_while_reading(self):
        seen, reading = [], threading.Event()

        def app(environ, start_response):
            reading.set()
            try:
                environ["wsgi.input"].read()
            except ConnectionResetError as error:
                seen.append(error)
                raise RuntimeError("wrapped") from error

        with Worker(app) as worker:
            channel = worker.connect()
            channel.send(channel.pack("POST", streamed=True))
            self.assertEqual(channel.receive().kind, frames.WANT)
            self.assertTrue(reading.wait(PATIENCE))
            channel.send(frames.frame(frames.ABORT, channel.ident))
            self.assertEqual(channel.answer().ending, "error")
            self.assertEqual(len(seen), 1)
            self.assertEqual(worker.records.troubles, [])

    def test_a_front_that_dies_is_a_client_that_leaves(self):
        seen = threading.Event()

        def app(environ, start_response):
            try:
                environ["wsgi.input"].read()
            except ConnectionResetError:
                seen.set()
                raise

        with Worker(app) as worker:
            channel = worker.connect()
            channel.send(channel.pack("POST", streamed=True))
            channel.receive()
            channel.close()
            self.assertTrue(seen.wait(PATIENCE))
            with self.subTest("the worker goes on"):
                self.assertEqual(worker.connect().greeting.kind, frames.GREET)
            self.assertEqual(worker.records.troubles, [])

    def test_an_input_that_was_kept_too_long_reads_nothing_of_others(self):
        kept = []

        def app(environ, start_response):
            kept.append(environ["wsgi.input"])
            if len(kept) == 2:
                try:
                    kept[0].read()
                except ConnectionResetError:
                    kept.append("refused")
            start_response("200 OK", [])
            return [environ["wsgi.input"].read() if len(kept) > 1 else b""]

        with Worker(app) as worker:
            channel = worker.connect()
            channel.request("POST", streamed=True)
            self.assertEqual(channel.upload([b"mine"], "POST").body, b"mine")
            self.assertEqual(kept[2], "refused")


if __name__ == "__main__":
    unittest.main()
