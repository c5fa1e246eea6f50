"""Metrics of the log: Gunicorn's names and formats, by datagrams."""

from __future__ import annotations

import logging
import os
import socket
import tempfile
import unittest
import unittest.mock

import front  # noqa: F401  puts src/python on the path

from tsgunicorn_wsgi.statsd import Statsd, statsd_filter


class StatsdTest(unittest.TestCase):
    def setUp(self) -> None:
        self.daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.daemon.close)
        self.daemon.bind(("127.0.0.1", 0))
        self.daemon.settimeout(5)
        self.logger = logging.Logger("test")
        self.lines: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: self.lines.append(record.getMessage())  # type: ignore
        self.logger.addHandler(handler)

    def count(self, **values: str) -> Statsd:
        counter = statsd_filter({"statsd_host": "127.0.0.1:%d" % self.port, **values})
        assert counter
        self.logger.addFilter(counter)
        self.addCleanup(lambda: counter._socket and counter._socket.close())
        return counter

    @property
    def port(self) -> int:
        return int(self.daemon.getsockname()[1])

    def heard(self) -> str:
        return self.daemon.recv(1000).decode()

    def test_records_are_counted_by_their_kind(self) -> None:
        self.count()
        self.logger.info("not counted")
        self.logger.warning("a")
        self.logger.error("b")
        try:
            raise ValueError
        except ValueError:
            self.logger.exception("c")
        self.logger.critical("d")
        for kind in ("warning", "error", "exception", "critical"):
            self.assertEqual(self.heard(), f"gunicorn.log.{kind}:1|c|@1.0")
        self.assertEqual(self.lines, ["not counted", "a", "b", "c", "d"])

    def test_metrics_of_the_application_are_sent_and_not_logged_without_words(self) -> None:
        self.count(statsd_prefix="shop..", dogstatsd_tags="env:x")
        for mtype, kind in (
            ("gauge", "g"), ("counter", "c|@1.0"), ("timer", "ms"), ("histogram", "h")
        ):  # fmt: skip
            self.logger.info("", extra={"metric": "baskets", "value": 3.5, "mtype": mtype})
            self.assertEqual(self.heard(), f"shop.baskets:3.5|{kind}|#env:x")
        self.assertEqual(self.lines, [])
        self.logger.info("words", extra={"metric": "baskets", "value": 0, "mtype": "gauge"})
        self.assertEqual(self.heard(), "shop.baskets:0|g|#env:x")
        self.logger.info("other", extra={"metric": "baskets", "value": 1, "mtype": "nonsense"})
        self.assertEqual(self.lines, ["words", "other"])

    def test_a_daemon_that_is_away_stops_nobody(self) -> None:
        self.daemon.close()
        self.daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.daemon.close)
        self.daemon.bind(("127.0.0.1", 0))
        counter = self.count()
        port = self.port
        self.daemon.close()
        for _ in range(3):
            self.logger.error("away")
        self.daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.daemon.bind(("127.0.0.1", port))
        self.daemon.settimeout(5)
        self.logger.error("back")
        self.logger.error("back")
        self.assertEqual(self.heard(), "gunicorn.log.error:1|c|@1.0")
        self.assertEqual(len(self.lines), 5)
        self.assertIsNotNone(counter)

    def test_names_that_nobody_knows_are_not_asked_for_with_every_line(self) -> None:
        asked = []

        def lookup(*place: object, **options: object) -> None:
            asked.append(place)
            raise socket.gaierror("unknown")

        with unittest.mock.patch("socket.getaddrinfo", lookup):
            self.logger.addFilter(Statsd(("nowhere.invalid", 1)))
            self.logger.error("one")
            self.logger.error("two")
        self.assertEqual((len(asked), self.lines), (1, ["one", "two"]))

    def test_a_path_takes_datagrams_also_from_a_daemon_that_was_started_anew(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "statsd")
            self.count(statsd_host=f"unix://{path}", dogstatsd_tags="env:x")
            for _ in range(2):
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
                    daemon.bind(path)
                    daemon.settimeout(5)
                    self.logger.warning("a")
                    self.assertEqual(
                        daemon.recv(1000), b"gunicorn.log.warning:1|c|@1.0|#env:x"
                    )
                os.unlink(path)

    def test_the_settings(self) -> None:
        self.assertIsNone(statsd_filter({}))
        for host, place in (("h", ("h", 8125)), ("[::1]:5", ("::1", 5)), ("h:1", ("h", 1))):
            counter = statsd_filter({"statsd_host": host})
            assert counter
            self.assertEqual(counter._place, place)


if __name__ == "__main__":
    unittest.main()
