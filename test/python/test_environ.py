"""The environ that an application sees (PEP 3333, "environ Variables")."""

from __future__ import annotations

import os
import unittest
from unittest import mock

from front import Worker, eventually
from tsgunicorn_wsgi.environ import LEADING, ErrorStream, Shape, base_environ, decoded, mount


class Keep:
    """An application that keeps the environ of the last request."""

    def __init__(self):
        self.environ = {}
        self.body = b""

    def __call__(self, environ, start_response):
        self.environ = environ
        self.body = environ["wsgi.input"].read()
        start_response("200 OK", [])
        return []


def seen(*args, options=None, **request):
    app = Keep()
    with Worker(app, **(options or {})) as worker:
        answer = worker.connect().request(*args, **request)
        assert answer.status == 200, worker.records.lines
    return app.environ


class Keys(unittest.TestCase):
    def test_what_a_get_without_headers_shows(self):
        environ = seen()
        stream, hints, errors, wrapper = (
            environ.pop(key)
            for key in ("wsgi.input", "wsgi.early_hints", "wsgi.errors", "wsgi.file_wrapper")
        )
        self.assertIs(type(environ), dict)
        self.assertEqual(
            environ,
            {
                "REQUEST_METHOD": "GET",
                "RAW_URI": "/",
                "PATH_INFO": "/",
                "SCRIPT_NAME": "",
                "QUERY_STRING": "",
                "REMOTE_ADDR": "127.0.0.1",
                "REMOTE_PORT": "54321",
                "SERVER_NAME": "example.org",
                "SERVER_PORT": "80",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "SERVER_SOFTWARE": "tsgunicorn/test",
                "wsgi.version": (1, 0),
                "wsgi.url_scheme": "http",
                "wsgi.multithread": False,
                "wsgi.multiprocess": False,
                "wsgi.run_once": False,
                "wsgi.input_terminated": True,
            },
        )
        self.assertTrue(callable(hints) and callable(wrapper))
        self.assertTrue(hasattr(stream, "readline") and hasattr(errors, "writelines"))

    def test_headers_and_the_query(self):
        environ = seen(
            "POST", "/a?b=c%20&d", [("Accept", "x, y"), ("Content-Type", "text/x")], b"12345"
        )
        self.assertEqual(environ["RAW_URI"], "/a?b=c%20&d")
        self.assertEqual((environ["PATH_INFO"], environ["QUERY_STRING"]), ("/a", "b=c%20&d"))
        self.assertEqual(environ["HTTP_ACCEPT"], "x, y")
        self.assertEqual(environ["CONTENT_TYPE"], "text/x")
        self.assertEqual(environ["CONTENT_LENGTH"], "5")
        for key, value in environ.items():
            if key.isupper():
                self.assertIs(type(value), str, key)

    def test_threads_and_processes_are_told(self):
        environ = seen(options={"threads": 2, "multiprocess": True})
        self.assertIs(environ["wsgi.multithread"], True)
        self.assertIs(environ["wsgi.multiprocess"], True)

    def test_requests_do_not_share_an_environ(self):
        def counts(environ, start_response):
            environ["n"] = environ.get("n", 0) + 1
            environ["wsgi.input"].close()
            start_response("200 OK", [])
            return [b"%d" % environ["n"]]

        with Worker(counts) as worker:
            channel = worker.connect()
            self.assertEqual([channel.request().body for _ in range(3)], [b"1"] * 3)


class Paths(unittest.TestCase):
    def test_percent_encoding_is_taken_off_as_bytes(self):
        for sent, path in {
            "/a%20b": "/a b",
            "/caf%C3%A9": "/caf\xc3\xa9",
            "/caf\xc3\xa9": "/caf\xc3\xa9",  # raw bytes are not encoded twice
            "/\xc3\xa0%20k": "/\xc3\xa0 k",
            "/%2F%3f%": "//?%",
            "/%00x": "/\0x",
            "/%zz": "/%zz",
            "*": "*",
        }.items():
            self.assertEqual(seen(uri=sent)["PATH_INFO"], path)
            self.assertEqual(decoded(sent), path)

    def test_script_name_of_the_environment_is_taken_off(self):
        with mock.patch.dict(os.environ, SCRIPT_NAME="/app"):
            for uri, path in {
                "/app": "",
                "/app/": "/",
                "/app/x%20y": "/x y",
                "/%61pp/x": "/x",
            }.items():
                environ = seen(uri=uri)
                self.assertEqual((environ["SCRIPT_NAME"], environ["PATH_INFO"]), ("/app", path))

    def test_script_name_of_a_trusted_header_wins(self):
        with mock.patch.dict(os.environ, SCRIPT_NAME="/app"):
            environ = seen(uri="/other/x", extra=[("SCRIPT_NAME", "/other/")])
        self.assertEqual((environ["SCRIPT_NAME"], environ["PATH_INFO"]), ("/other", "/x"))
        for root in ("", "/"):
            environ = seen(uri="/x", extra=[("SCRIPT_NAME", root)])
            self.assertEqual((environ["SCRIPT_NAME"], environ["PATH_INFO"]), ("", "/x"))

    def test_a_path_outside_of_script_name_is_500_with_words(self):
        app = Keep()
        with mock.patch.dict(os.environ, SCRIPT_NAME="/app"), Worker(app) as worker:
            channel = worker.connect()
            for uri in ("/x", "/apple", "/"):
                self.assertEqual(channel.request(uri=uri).ending, "error")
            eventually(lambda: len(worker.records.troubles) == 3)
            self.assertIn("does not begin with SCRIPT_NAME '/app'", worker.records.troubles[0])
            self.assertEqual(app.environ, {})

    def test_the_peer_of_a_unix_socket_has_no_port(self):
        base = base_environ(
            software="", multithread=False, multiprocess=False, errors=None, script_name=""
        )
        shape = Shape(base, "\0".join(["0", *LEADING, "SERVER_NAME", "SERVER_PORT"]))
        values = ["GET", "/a", "/a", "", "", "", "h", "80"]
        environ = shape.environ(values)
        self.assertNotIn("REMOTE_PORT", environ)
        self.assertEqual((environ["REMOTE_ADDR"], environ["PATH_INFO"]), ("", "/a"))
        # A PROXY header says more.
        values[4:6] = ["192.0.2.1", "1234"]
        self.assertEqual(shape.environ(values)["REMOTE_PORT"], "1234")

    def test_mount_leaves_the_asterisk(self):
        environ = {"SCRIPT_NAME": "/a", "PATH_INFO": "*"}
        mount(environ)
        self.assertEqual(environ["PATH_INFO"], "*")


class Errors(unittest.TestCase):
    def test_wsgi_errors_is_the_error_log_line_by_line(self):
        def complains(environ, start_response):
            errors = environ["wsgi.errors"]
            print("first", file=errors)
            errors.write("sec")
            errors.writelines(["ond\nthird\n", "rest %s"])
            errors.flush()
            errors.close()
            start_response("200 OK", [])
            return []

        with Worker(complains) as worker:
            channel = worker.connect()
            for _ in range(2):
                self.assertEqual(channel.request().status, 200)
            lines = ["ERROR first", "ERROR second", "ERROR third", "ERROR rest %s"]
            self.assertEqual(worker.records.lines, lines * 2)

    def test_only_text_is_taken(self):
        with self.assertRaises(TypeError):
            ErrorStream(mock.Mock()).write(b"x")

    def test_a_line_without_end_is_not_kept_for_ever(self):
        log = mock.Mock()
        ErrorStream(log).write("x" * 100000)
        self.assertEqual(log.error.call_count, 1)


if __name__ == "__main__":
    unittest.main()
