"""A worker as its front sees it: channels, order, giving back, draining, overdue requests."""

from __future__ import annotations

import errno
import gc
import os
import random
import struct
import threading
import time
import unittest
from unittest import mock

from front import PATIENCE, Wire, Worker, eventually
from tsgunicorn_wsgi import frames
from tsgunicorn_wsgi.doorway import Doorway


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


class Gate:
    """An application that waits in /slow until it is let go."""

    def __init__(self):
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()
        self.paths = []

    def __call__(self, environ, start_response):
        self.paths.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/slow":
            self.entered.release()
            self.open.wait(PATIENCE)
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]


def returned(frame):
    return list(struct.unpack("<%dI" % (len(frame.body) // 4), frame.body))


class Channels(unittest.TestCase):
    def test_a_channel_is_greeted_by_its_thread_and_answered(self):
        with Worker(hello) as worker:
            channel = worker.connect()
            self.assertEqual((channel.greeting.kind, channel.greeting.short), (frames.GREET, 0))
            self.assertEqual(channel.greeting.ident, os.getpid())
            answer = channel.request()
            self.assertEqual((answer.status, answer.reason, answer.body), (200, "OK", b"hello"))
            self.assertEqual(answer.header("content-length"), "5")
            self.assertEqual([frame.kind for frame in answer.frames], [frames.FULL])
            eventually(lambda: worker.server.requests() == 1)
            self.assertEqual(worker.records.lines, [])

    def test_a_wrong_token_is_shown_the_door(self):
        with Worker(hello) as worker:
            for options in ({"token": "x" * 32}, {"token": "short"}, {"version": 2}, {"flags": 2}):
                wire = Wire(worker.path, **options)
                self.assertTrue(wire.ended())
                wire.close()
            self.assertEqual(len(worker.records.troubles), 4)
            self.assertEqual(worker.connect().request().body, b"hello")

    def test_requests_of_one_write_are_answered_in_order(self):
        def echo(environ, start_response):
            start_response("200 OK", [])
            return [environ["PATH_INFO"].encode()]

        with Worker(echo) as worker:
            channel = worker.connect()
            channel.send(b"".join(channel.pack(uri="/%d" % n) for n in range(500)))
            self.assertEqual(
                [channel.answer().body for _ in range(500)],
                [b"/%d" % n for n in range(500)],
            )

    def test_frames_may_be_split_anywhere(self):
        def echo(environ, start_response):
            start_response("200 OK", [])
            return [environ["PATH_INFO"].encode(), environ["wsgi.input"].read()]

        rng = random.Random(7)
        with Worker(echo) as worker:
            channel = worker.connect()
            wanted, data = [], b""
            for n in range(60):
                body = rng.randbytes(rng.choice([0, 0, 1, 30, 5000, 70000]))
                data += channel.pack("POST", "/%d" % n, body=body)
                wanted.append(b"/%d" % n + body)

            def trickle():
                at = 0
                while at < len(data):
                    step = rng.choice([1, 2, 15, 16, 17, 300, 65536, 100000])
                    channel.send(data[at : at + step])
                    at += step

            sender = threading.Thread(target=trickle)
            sender.start()
            for body in wanted:
                self.assertEqual(channel.answer().body, body)
            sender.join()

    def test_what_no_front_sends_closes_the_channel_with_one_error(self):
        frame = frames.frame
        broken = {
            "type": frame(77, 1),
            "length": frames.HEADER.pack(frames.MAX_FRAME + 1, frames.REQ, 0, 0, 1, 0),
            "text": frames.HEADER.pack(3, frames.REQ, 0, 0, 1, 4) + b"abc",
            "shape": frame(frames.REQ, 1, b"GET", short=9),
            "count": frame(frames.SHAPE, text=b"9\0a\0b"),
        }
        with Worker(hello) as worker:
            for name, data in broken.items():
                with self.subTest(name):
                    channel = worker.connect()
                    channel.send(data)
                    self.assertTrue(channel.ended())
                    eventually(lambda: worker.records.troubles)
                    self.assertEqual(len(worker.records.troubles), 1, worker.records.troubles)
                    worker.records.lines.clear()
            channel = worker.connect()
            self.assertEqual(channel.request().body, b"hello")
            values = b"\0".join([b"GET", b"/", b"/", b"", b"", b"", b"a smuggled one"])
            channel.send(frame(frames.REQ, 9, values))
            self.assertTrue(channel.ended())
            eventually(lambda: worker.records.troubles)

    def test_a_thread_serves_the_next_front_when_one_has_gone(self):
        with Worker(hello) as worker:
            first = worker.connect()
            self.assertEqual(first.request().body, b"hello")
            second = Wire(worker.path)  # waits for a thread
            first.close()
            self.assertEqual(second.receive().kind, frames.GREET)
            second.close()

    def test_each_thread_has_a_channel_and_they_run_beside_one_another(self):
        gate = Gate()
        with Worker(gate, threads=3) as worker:
            channels = [worker.connect() for _ in range(3)]
            self.assertEqual({channel.greeting.short for channel in channels}, {0, 1, 2})
            for channel in channels[:2]:
                channel.send(channel.pack(uri="/slow"))
                self.assertTrue(gate.entered.acquire(timeout=PATIENCE))
            self.assertEqual(channels[2].request(uri="/fast").body, b"/fast")
            slow = [("GET", "/slow")] * 2
            eventually(lambda: [flight[1:3] for flight in worker.server.inflight()] == slow)
            gate.open.set()
            self.assertEqual([channel.answer().body for channel in channels[:2]], [b"/slow"] * 2)
            eventually(lambda: worker.server.inflight() == [])


class Garbage(unittest.TestCase):
    def test_a_request_leaves_nothing_for_the_collector(self):
        def app(environ, start_response):
            environ["wsgi.input"].read()
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"x"] if environ["PATH_INFO"] == "/list" else iter([b"x", b"y"])

        with Worker(app) as worker:
            channel = worker.connect()
            gc.collect()
            gc.disable()
            try:
                for _ in range(100):
                    channel.request(uri="/list")
                    channel.request("POST", "/iter", body=b"abc")
                    channel.upload([b"abc"], "POST", "/iter")
                self.assertLess(gc.collect(), 100)
            finally:
                gc.enable()


class GivingBack(unittest.TestCase):
    def test_poke_returns_what_was_not_started_and_sends_what_was_held_back(self):
        gate = Gate()
        with Worker(gate) as worker:
            control, channel = worker.control_channel(), worker.connect()
            # The first answer is held back, because more requests wait when it is complete.
            channel.send(b"".join(channel.pack(uri=uri) for uri in ("/a", "/slow", "/b", "/c")))
            self.assertTrue(gate.entered.acquire(timeout=PATIENCE))
            channel.send(channel.pack(uri="/d"))  # still in the socket
            control.send(frames.frame(frames.POKE, short=0))
            answer = control.receive()
            self.assertEqual((answer.kind, answer.short), (frames.RETURNED, 0))
            self.assertEqual(returned(answer), [3, 4, 5])
            self.assertEqual(channel.answer().body, b"/a")
            gate.open.set()
            self.assertEqual(channel.answer().body, b"/slow")
            self.assertEqual(channel.request(uri="/e").body, b"/e")
            self.assertEqual(gate.paths, ["/a", "/slow", "/e"])

    def test_poke_of_an_idle_or_unknown_thread_returns_nothing(self):
        with Worker(hello) as worker:
            control, channel = worker.control_channel(), worker.connect()
            for thread in (0, 5):
                control.send(frames.frame(frames.POKE, short=thread))
                answer = control.receive()
                self.assertEqual((answer.short, returned(answer)), (thread, []))
            self.assertEqual(channel.request().body, b"hello")

    def test_each_request_is_answered_or_given_back_never_both(self):
        def quick(environ, start_response):
            start_response("200 OK", [])
            return [environ["PATH_INFO"].encode()]

        with Worker(quick) as worker:
            control, channel = worker.control_channel(), worker.connect()
            given, answered, pokes = [], [], 300
            stop = threading.Event()

            def poke():
                for _ in range(pokes):
                    control.send(frames.frame(frames.POKE, short=0))
                    given.extend(returned(control.receive()))
                stop.set()

            poker = threading.Thread(target=poke)
            total = 0
            poker.start()
            while not stop.is_set():
                data = b"".join(channel.pack(uri="/%d" % n) for n in range(20))
                channel.send(data)
                total += 20
                last = channel.pack(uri="/last")
                # The last one of a round may be given back too: ask until one comes through.
                sent = []
                while True:
                    channel.send(last)
                    total += 1
                    sent.append(channel.ident)
                    time.sleep(0.0005)
                    channel.sock.setblocking(False)
                    try:
                        while True:
                            chunk = channel.sock.recv(262144)
                            channel.held += chunk
                    except BlockingIOError:
                        pass
                    channel.sock.settimeout(PATIENCE)
                    while len(channel.held) >= 16:
                        answered.append(channel.receive().ident)
                    if answered and answered[-1] in sent:
                        break
                    last = channel.pack(uri="/last")
            poker.join()
            eventually(lambda: worker.server.requests() + len(given) >= total)
            while len(answered) + len(given) < total:
                answered.append(channel.receive().ident)
            self.assertEqual(sorted(answered + given), list(range(1, total + 1)))
            self.assertEqual(answered, sorted(answered))


class Draining(unittest.TestCase):
    def test_drain_says_goaway_and_ends_when_the_front_has_closed(self):
        gate = Gate()
        with Worker(gate, threads=2) as worker:
            control = worker.control_channel()
            busy, idle = worker.connect(), worker.connect()
            busy.send(busy.pack(uri="/slow"))
            self.assertTrue(gate.entered.acquire(timeout=PATIENCE))
            worker.server.drain()
            self.assertEqual(control.receive().kind, frames.GOAWAY)
            with self.assertRaises(OSError):
                Wire(worker.path)
            self.assertEqual(idle.request(uri="/late").body, b"/late")
            idle.close()
            self.assertFalse(worker.drained.is_set())
            gate.open.set()
            self.assertEqual(busy.answer().body, b"/slow")
            busy.close()
            self.assertTrue(worker.drained.wait(PATIENCE))

    def test_drain_without_a_front_is_over_at_once(self):
        for threads in (1, 2):
            with Worker(hello, threads=threads) as worker:
                worker.server.drain()
                self.assertTrue(worker.drained.wait(PATIENCE))

    def test_drain_closes_channels_that_no_thread_has_taken(self):
        with Worker(hello) as worker:
            channel = worker.connect()
            waiting = Wire(worker.path)
            channel.request()
            time.sleep(0.01)
            worker.server.drain()
            self.assertTrue(waiting.ended())
            channel.close()
            waiting.close()
            self.assertTrue(worker.drained.wait(PATIENCE))


class Overdue(unittest.TestCase):
    def test_an_overdue_request_is_logged_with_its_stack_and_given_up(self):
        gate, seen = Gate(), []
        with Worker(gate, threads=2, timeout=0.2, on_overdue=seen.append) as worker:
            control = worker.control_channel()
            hung, fine = worker.connect(), worker.connect()
            thread = hung.greeting.short
            hung.send(b"".join(hung.pack(uri=uri) for uri in ("/slow", "/b", "/c")))
            self.assertTrue(gate.entered.acquire(timeout=PATIENCE))
            back, over = control.receive(), control.receive()
            self.assertEqual(
                (back.kind, back.short, returned(back)), (frames.RETURNED, thread, [2, 3])
            )
            self.assertEqual((over.kind, over.short, over.ident), (frames.TIMEOUT, thread, 1))
            eventually(lambda: seen == [False])
            self.assertEqual(fine.request(uri="/fine").body, b"/fine")
            told = worker.records.of("CRITICAL")
            self.assertEqual(len(told), 1)
            for words in ("WORKER TIMEOUT (pid:%d)" % os.getpid(), "GET /slow", "self.open.wait"):
                self.assertIn(words, told[0])
            gate.open.set()
            # What the thread sends later is dropped.
            hung.sock.settimeout(0.2)
            with self.assertRaises(OSError):
                hung.receive()
            hung.close()
            fine.close()
            again = [worker.connect() for _ in range(2)]
            self.assertEqual([one.request(uri="/").body for one in again], [b"/", b"/"])

    def test_alone_says_that_no_other_thread_serves(self):
        gate, seen = Gate(), []
        with Worker(gate, timeout=0.1, on_overdue=seen.append) as worker:
            channel = worker.connect()
            channel.send(channel.pack(uri="/slow"))
            eventually(lambda: seen == [True])
            gate.open.set()

    def test_a_drain_does_not_wait_for_a_thread_that_hangs(self):
        gate, seen = Gate(), []
        with Worker(gate, threads=2, timeout=0.1, on_overdue=seen.append) as worker:
            channel = worker.connect()
            channel.send(channel.pack(uri="/slow"))
            eventually(lambda: seen)
            worker.server.drain()
            self.assertTrue(worker.drained.wait(PATIENCE))
            worker.thread.join(PATIENCE)
            self.assertFalse(worker.thread.is_alive())
            gate.open.set()

    def test_waiting_for_a_client_that_does_not_read_is_not_the_applications_time(self):
        def big(environ, start_response):
            start_response("200 OK", [])
            return [b"x" * 4000000]

        seen = []
        with Worker(big, timeout=0.2, on_overdue=seen.append) as worker:
            channel = worker.connect()
            channel.send(channel.pack())
            time.sleep(0.7)  # several looks at it
            self.assertEqual(len(channel.answer().body), 4000000)
            self.assertEqual(seen, [])

    def test_waiting_for_a_slow_upload_is_not_the_applications_time_what_follows_is(self):
        gate = Gate()

        def reads(environ, start_response):
            data = environ["wsgi.input"].read()
            gate(environ, start_response)
            return [data]

        def slowly():
            for letter in (b"a", b"b", b"c"):
                time.sleep(0.25)  # several looks at it
                yield letter

        seen = []
        with Worker(reads, timeout=0.3, on_overdue=seen.append) as worker:
            channel = worker.connect()
            self.assertEqual(channel.upload(slowly(), "POST", "/read").body, b"abc")
            self.assertEqual(seen, [])
            channel.send(channel.pack("POST", "/slow", streamed=True))
            self.assertEqual(channel.receive().kind, frames.WANT)
            channel.send(frames.frame(frames.BODYEND, channel.ident))
            eventually(lambda: seen == [True])
            gate.open.set()


class Hooks(unittest.TestCase):
    def test_hooks_see_request_and_response(self):
        calls = []

        def pre(worker, request):
            calls.append(("pre", worker, request.method, request.path, request.headers))

        def post(worker, request, environ, response):
            told = (response.status, response.status_code, response.sent)
            calls.append(("post", request.query, environ["PATH_INFO"], *told))

        totals = []
        options = {"pre_request": pre, "post_request": post, "hook_worker": "me"}
        with Worker(hello, on_request=totals.append, **options) as worker:
            channel = worker.connect()
            channel.request(uri="/a%20b?q=1", headers=[("X-Y", "z")])
            eventually(lambda: totals == [1])
            self.assertEqual(calls[0], ("pre", "me", "GET", "/a%20b", [("X-Y", "z")]))
            self.assertEqual(calls[1], ("post", "q=1", "/a b", "200 OK", 200, 5))

    def test_pre_request_that_raises_is_500_and_post_request_is_logged(self):
        def pre(worker, request):
            raise LookupError("before")

        def post(worker, request, environ, response):
            raise LookupError("after")

        with Worker(hello, pre_request=pre, post_request=post) as worker:
            self.assertEqual(worker.connect().request().ending, "error")
            eventually(lambda: len(worker.records.troubles) == 2)
            self.assertIn("LookupError: before", worker.records.troubles[0])
            self.assertIn("LookupError: after", worker.records.troubles[1])

    def test_a_callback_that_raises_costs_the_channel_and_not_the_thread(self):
        def refuses(total):
            if total == 1:
                raise LookupError("told")

        with Worker(hello, on_request=refuses) as worker:
            self.assertEqual(worker.connect().request().body, b"hello")
            self.assertEqual(worker.connect().request().body, b"hello")
            self.assertIn("LookupError: told", worker.records.troubles[0])


class Descriptors(unittest.TestCase):
    def test_a_worker_without_descriptors_says_so_once_and_tries_again_each_second(self):
        class Full:
            def _accept(self):
                raise OSError(errno.EMFILE, "too many")

            def setblocking(self, _):
                pass

        class Registry(dict):
            register, every = dict.__setitem__, dict.__setitem__

            def unregister(self, key):
                del self[key]

        registry, log, listener = Registry(), mock.Mock(), Full()
        Doorway(registry, listener, "t", log, mock.Mock(), mock.Mock())
        for _ in range(2):
            registry[listener]()
            self.assertNotIn(listener, registry)
            self.assertEqual(log.error.call_count, 1)
            registry[1.0]()
            self.assertIn(listener, registry)

    def test_a_channel_that_the_application_closed_is_a_front_that_left(self):
        def closes(environ, start_response):
            os.close(worker.server.lanes[0].channel.sock.fileno())
            start_response("200 OK", [])
            return [b"x"]

        with Worker(closes) as worker:
            first = worker.connect()
            first.send(first.pack())
            self.assertTrue(first.ended())
            eventually(lambda: worker.records.troubles)  # before its number is somebody else's
            self.assertEqual(worker.connect().greeting.kind, frames.GREET)
            self.assertIn("somebody closed the channel", worker.records.troubles[0])


class Forks(unittest.TestCase):
    def test_a_child_of_the_application_never_answers_for_it(self):
        def forks(environ, start_response):
            child = os.fork()
            if child:
                os.waitpid(child, 0)
            start_response("200 OK", [])
            return [b"parent" if child else b"child"]

        with Worker(forks) as worker:
            channel = worker.connect()
            self.assertEqual([channel.request().body for _ in range(3)], [b"parent"] * 3)


if __name__ == "__main__":
    unittest.main()
