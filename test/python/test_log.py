"""The error log: lines as the TypeScript side writes them, one write a record, reopened, captured."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from typing import Any, Dict

from life_support import SOURCES
from tsgunicorn_wsgi.crash import Failure
from tsgunicorn_wsgi.line import JournalLine, JsonLine, TextLine, block, is_journal, one_line
from tsgunicorn_wsgi.log_config import configure
from tsgunicorn_wsgi.syslog_handler import parse_address

HEAD = r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] "


def record(message: str, *args: Any, level: int = logging.INFO, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord(
        "gunicorn.error", level, "", 0, message, args, more.pop("exc_info", None)
    )
    made.__dict__.update(more)
    return made


def thrown() -> Any:
    try:
        raise ValueError("bad\x1b")
    except ValueError:
        return sys.exc_info()


class LineTest(unittest.TestCase):
    def test_control_characters_are_spelled_as_the_typescript_side_spells_them(self) -> None:
        self.assertEqual(
            one_line("a\tb\r\n\x00\x7f\x85\u2028\u202eé→"),
            "a\\tb\\r\\n\\x00\\x7F\\x85\\u2028\\u202Eé→",
        )

    def test_a_block_is_indented_and_its_tabs_are_spaces(self) -> None:
        self.assertEqual(block("one\r\n\ttwo\x07\n"), "  one\n    two\\x07\n  ")

    def test_a_text_line(self) -> None:
        line = TextLine().format(record("%s is %d", "it", 3, level=logging.WARNING))
        self.assertRegex(line, f"^{HEAD}\\[WARNING\\] it is 3\n$")

    def test_what_is_below_the_first_line_can_not_be_taken_for_a_record(self) -> None:
        line = TextLine().format(
            record("first\n[2026] forged", detail="more\nlines", exc_info=thrown())
        )
        head, *below = line.splitlines()
        self.assertRegex(head, f"^{HEAD}\\[INFO\\] first$")
        self.assertTrue(all(one.startswith("  ") for one in below), below)
        self.assertEqual(below[0:3], ["  [2026] forged", "  more", "  lines"])
        self.assertIn("  ValueError: bad\\x1B", below)

    def test_a_json_line_has_pinos_order_facts_and_what_was_thrown(self) -> None:
        text = JsonLine("worker").format(
            record("two\nlines", age=3, pid="x", odd={1, 2}, exc_info=thrown())
        )
        self.assertEqual(text.count("\n"), 1)
        line: Dict[str, Any] = json.loads(text)
        self.assertEqual(
            list(line), ["level", "time", "pid", "name", "age", "pid_", "odd", "err", "msg"]
        )
        self.assertEqual(
            (line["level"], line["name"], line["msg"]), ("info", "worker", "two\nlines")
        )
        self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual((line["err"]["type"], line["err"]["message"]), ("ValueError", "bad\x1b"))

    def test_each_line_for_the_journal_begins_with_its_priority(self) -> None:
        for level, mark in ((50, "<2>"), (40, "<3>"), (30, "<4>"), (20, "<6>"), (10, "<7>")):
            for inner in (TextLine(), JsonLine("worker")):
                text = JournalLine(inner).format(record("one\ntwo", level=level, detail="three"))
                self.assertTrue(text.endswith("\n"))
                lines = text.splitlines()
                self.assertTrue(all(line.startswith(mark) for line in lines), lines)
                self.assertEqual(len(lines), 3 if isinstance(inner, TextLine) else 1)

    def test_the_journal_is_known_by_device_and_inode(self) -> None:
        with tempfile.TemporaryFile() as stream:
            found = os.fstat(stream.fileno())
            for text, answer in (
                (f"{found.st_dev}:{found.st_ino}", True),
                (f"{found.st_dev}:{found.st_ino + 1}", False),
                ("", False),
            ):
                with unittest.mock.patch.dict(os.environ, JOURNAL_STREAM=text):
                    self.assertIs(is_journal(stream.fileno()), answer)

    def test_lone_surrogates_do_not_stop_a_line(self) -> None:
        text = JsonLine("worker").format(record("\udc80"))
        self.assertEqual(json.loads(text.encode("utf-8", "backslashreplace"))["msg"], "\udc80")


PROGRAM = """
import logging, os, sys, json
sys.path.insert(0, {sources!r})
from tsgunicorn_wsgi.log import open_log
values = json.loads(sys.argv[1])
log = open_log(values, role="worker", name="test")
exec(sys.argv[2])
"""


class LogTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="tsg-log-")
        self.file = os.path.join(self.folder, "error.log")
        self.addCleanup(shutil.rmtree, self.folder)

    def run_code(self, code: str, status: int = 0, **values: Any) -> str:
        """What is on the standard error after a process ran this code with an open log."""
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(sources=str(SOURCES)), json.dumps(values), code],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=20,
        )
        text = done.stdout.decode()
        self.assertEqual(done.returncode, status, text)
        return text

    def logged(self, name: str = "error.log") -> str:
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()

    def test_lines_go_to_the_standard_error_by_default_and_the_level_counts(self) -> None:
        text = self.run_code("log.logger.info('seen'); log.logger.debug('unseen')")
        self.assertRegex(text, f"^{HEAD}\\[INFO\\] seen\n$")

    def test_gunicorns_loggers_are_there_for_applications_that_borrow_their_handlers(self) -> None:
        code = """
for name in ("gunicorn.error", "gunicorn.access"):
    logger = logging.getLogger(name)
    assert logger.handlers and not logger.propagate
mine = logging.getLogger("app")
mine.handlers = logging.getLogger("gunicorn.error").handlers
mine.warning("borrowed")
"""
        self.assertIn("[WARNING] borrowed", self.run_code(code))

    def test_what_is_printed_and_what_children_print_reaches_the_file(self) -> None:
        code = "print('from print'); sys.stderr.write('from stderr\\n'); os.system('echo from a child')"
        self.assertEqual(self.run_code(code, errorlog=self.file), "")
        self.assertEqual(self.logged().splitlines(), ["from print", "from stderr", "from a child"])

    def test_a_reopened_log_goes_on_in_a_fresh_file_with_the_same_descriptor(self) -> None:
        code = f"""
fd = log.fd
log.logger.info("old"); os.rename({self.file!r}, {self.file + ".1"!r}); log.reopen()
log.logger.info("new"); print("printed")
assert log.fd == fd
"""
        self.run_code(code, errorlog=self.file)
        self.assertIn("old", self.logged("error.log.1"))
        self.assertNotIn("new", self.logged("error.log.1"))
        self.assertRegex(self.logged(), f"^{HEAD}\\[INFO\\] new\nprinted\n$")

    def test_a_log_that_can_not_be_reopened_stays_where_it_was(self) -> None:
        nest = os.path.join(self.folder, "nest")
        os.mkdir(nest)
        code = f"os.rename({nest!r}, {nest + '2'!r}); log.reopen(); log.logger.info('on')"
        self.run_code(code, errorlog=os.path.join(nest, "error.log"))
        self.assertRegex(
            self.logged("nest2/error.log"), r"a log stays where it was: .*\n.*\[INFO\] on\n"
        )

    def test_a_record_is_one_write(self) -> None:
        code = """
real, writes = os.write, []
os.write = lambda fd, data: writes.append(bytes(data)) or real(fd, data)
try: 1 / 0
except ZeroDivisionError: log.logger.exception("failed")
os.write = real
assert len(writes) == 1 and writes[0].endswith(b"division by zero\\n"), writes
"""
        self.run_code(code)

    def test_lines_that_can_not_be_written_are_counted_and_told_of_later(self) -> None:
        code = """
from tsgunicorn_wsgi.kept import identity
reader, writer = os.pipe()
os.set_blocking(writer, False)
try:
    while True: os.write(writer, b"x" * 4096)
except BlockingIOError: pass
os.dup2(writer, log.fd)
log._file = identity(log.fd)
for n in range(3): log.logger.info("lost %d", n)
os.read(reader, 1 << 20)
log.logger.info("found")
sys.stdout.write(os.read(reader, 1 << 20).decode())
"""
        text = self.run_code(code)
        self.assertRegex(
            text, f"^{HEAD}\\[WARNING\\] 3 log lines were lost.*\n{HEAD}\\[INFO\\] found\n$"
        )

    def test_odd_letters_never_raise_in_print(self) -> None:
        self.run_code("print('\\udc80 \\u2192')", errorlog=self.file)
        self.assertIn("\\udc80", self.logged())

    def test_a_file_that_can_not_be_opened_says_so(self) -> None:
        self.assertIn(
            "cannot be opened for appending", self.run_code("", 1, errorlog="/nowhere/error.log")
        )

    def test_logconfig_dict_is_applied_on_top(self) -> None:
        code = "logging.getLogger('app').info('hello'); log.logger.info('ours')"
        given = {
            "formatters": {"generic": {"format": "APP %(message)s"}},
            "root": {"level": "INFO", "handlers": ["console"]},
        }
        text = self.run_code(code, logconfig_dict={**given, "version": 1})
        self.assertRegex(text, "(?m)^APP hello$")
        self.assertRegex(text, f"(?m)^{HEAD}\\[INFO\\] ours$")

    def test_logconfig_and_logconfig_json_are_read_from_files(self) -> None:
        ini = os.path.join(self.folder, "log.ini")
        with open(ini, "w", encoding="utf-8") as file:
            file.write(
                "[loggers]\nkeys=root\n[handlers]\nkeys=h\n[formatters]\nkeys=f\n[logger_root]\nlevel=INFO\nhandlers=h\n"
                "[handler_h]\nclass=StreamHandler\nformatter=f\nargs=(sys.stderr,)\n[formatter_f]\nformat=INI %(message)s\n"
            )
        self.assertIn("INI hello", self.run_code("logging.info('hello')", logconfig=ini))
        path = os.path.join(self.folder, "log.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"formatters": {"generic": {"format": "JSON %(message)s"}}}, file)
        self.assertIn("JSON hello", self.run_code("logging.info('hello')", logconfig_json=path))

    def test_a_logging_configuration_that_is_wrong_names_the_setting(self) -> None:
        for values in (
            {"logconfig_dict": {"handlers": {"x": {"class": "no.Such"}}}},
            {"logconfig": "/nowhere"},
            {"logconfig_json": "/nowhere"},
        ):
            with self.subTest(values), self.assertRaisesRegex(Failure, f"^{next(iter(values))}: "):
                configure(values)

    def test_a_crash_below_python_leaves_its_stack_in_the_log(self) -> None:
        code = """
import ctypes
from tsgunicorn_wsgi import crash
crash.watch(log.fd)
def the_culprit(): ctypes.string_at(0)
the_culprit()
"""
        self.run_code(code, -11, errorlog=self.file)
        self.assertIn("the_culprit", self.logged())


class SyslogTest(unittest.TestCase):
    def test_the_forms_of_an_address(self) -> None:
        self.assertEqual(parse_address("udp://localhost:5514"), ("udp", ("localhost", 5514)))
        self.assertEqual(parse_address("tcp://[::1]"), ("tcp", ("::1", 514)))
        self.assertEqual(parse_address("unix:///dev/log"), ("any", "/dev/log"))
        self.assertEqual(parse_address("unix:///dev/log#dgram"), ("dgram", "/dev/log"))
        self.assertEqual(parse_address("unix://@log#stream"), ("stream", "\0log"))
        for text in ("localhost", "udp://a:b", "unix://", "unix:///x#y", "http://x"):
            with self.subTest(text), self.assertRaisesRegex(Failure, "syslog_addr"):
                parse_address(text)

    def test_messages_arrive_with_severity_tag_and_each_line_of_a_traceback_by_itself(self) -> None:
        from tsgunicorn_wsgi.syslog_handler import syslog_handler

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
            daemon.bind(("127.0.0.1", 0))
            daemon.settimeout(10)
            address = f"udp://127.0.0.1:{daemon.getsockname()[1]}"
            handler = syslog_handler(
                {"syslog_addr": address, "syslog_facility": "local0"}, "my:app"
            )
            handler.handle(record("it failed", level=logging.ERROR, exc_info=thrown()))
            first, second = daemon.recv(9000).decode(), daemon.recv(9000).decode()
            handler.close()
        stamp = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
        host = re.escape(socket.gethostname())
        self.assertRegex(
            first, rf"^<131>{stamp} {host} gunicorn\.my\.app\.error: \[\d+\] it failed$"
        )
        self.assertTrue(second.endswith("Traceback (most recent call last):"), second)

    def daemon(self, path: str, kind: socket.SocketKind) -> socket.socket:
        daemon = socket.socket(socket.AF_UNIX, kind)
        self.addCleanup(daemon.close)
        daemon.bind(path)
        daemon.settimeout(10)
        if kind == socket.SOCK_STREAM:
            daemon.listen()
        return daemon

    def handler(self, address: str) -> logging.Handler:
        from tsgunicorn_wsgi.syslog_handler import syslog_handler

        handler = syslog_handler({"syslog_addr": address}, "app")
        self.addCleanup(handler.close)
        return handler

    def test_a_path_takes_datagrams_or_a_stream_as_its_socket_is(self) -> None:
        for kind, address, end in (
            (socket.SOCK_DGRAM, "unix://{}", b""),
            (socket.SOCK_DGRAM, "unix://{}#dgram", b""),
            (socket.SOCK_STREAM, "unix://{}", b"\n"),
            (socket.SOCK_STREAM, "unix://{}#stream", b"\n"),
        ):
            with self.subTest(address, kind=kind), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "log")
                daemon = self.daemon(path, kind)
                self.handler(address.format(path)).handle(record("hello"))
                if kind == socket.SOCK_STREAM:
                    daemon, _ = daemon.accept()
                    self.addCleanup(daemon.close)
                self.assertTrue(daemon.recv(9000).endswith(b"] hello" + end))

    def test_a_daemon_for_datagrams_that_was_started_anew_gets_the_next_message(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "log")
            first = self.daemon(path, socket.SOCK_DGRAM)
            handler = self.handler(f"unix://{path}")
            handler.handle(record("one"))
            first.close()
            os.unlink(path)
            second = self.daemon(path, socket.SOCK_DGRAM)
            handler.handle(record("two"))
            self.assertTrue(second.recv(9000).endswith(b"] two"))

    def test_a_daemon_that_is_away_is_told_of_once(self) -> None:
        code = "log.logger.info('one'); log.logger.info('two')"
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                PROGRAM.format(sources=str(SOURCES)),
                json.dumps({"syslog": True, "syslog_addr": "unix:///nowhere/log"}),
                code,
            ],
            capture_output=True,
            timeout=20,
        )
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr.count(b"does not take messages"), 1)
        self.assertEqual(done.stderr.count(b"[INFO]"), 2)


if __name__ == "__main__":
    unittest.main()
