"""The channel to the master: envelopes, pieces of lines, and the master's end."""

from __future__ import annotations

import json
import os
import socket
import unittest

from life_support import TOKEN  # noqa: F401  (puts the package on the path)
from tsgunicorn_wsgi.ipc import Channel, inherited


class ChannelTest(unittest.TestCase):
    def setUp(self) -> None:
        self.master, ours = socket.socketpair()
        self.master.settimeout(10)
        self.channel = Channel(ours.detach())
        self.addCleanup(self.master.close)
        self.addCleanup(self.channel.close)

    def envelope(self, body: object) -> bytes:
        return json.dumps({"cmd": "NODE_TSGUNICORN", "body": body}).encode() + b"\n"

    def test_a_message_is_one_line_in_the_envelope(self) -> None:
        self.assertTrue(self.channel.send({"type": "failed", "message": "two\nlines \u2028"}))
        data = self.master.recv(4096)
        self.assertEqual(data.count(b"\n"), 1)
        self.assertEqual(
            json.loads(data),
            {"cmd": "NODE_TSGUNICORN", "body": {"type": "failed", "message": "two\nlines \u2028"}},
        )

    def test_lines_that_are_not_ours_are_passed_over(self) -> None:
        self.master.sendall(
            b'{"cmd":"NODE_HANDLE_ACK"}\nnot json\n[1]\n\n' + self.envelope(["no object"])
        )
        self.master.sendall(self.envelope({"type": "drain"}))
        self.assertEqual(self.channel.wait(), {"type": "drain"})

    def test_a_message_in_pieces_is_put_together(self) -> None:
        for byte in self.envelope({"type": "drain"}):
            self.master.sendall(bytes((byte,)))
        self.assertEqual(self.channel.wait(), {"type": "drain"})

    def test_messages_that_came_together_are_given_out_one_after_the_other_and_then_at_once(
        self,
    ) -> None:
        self.master.sendall(
            b"".join(self.envelope({"type": name}) for name in ("boot", "drain", "retire"))
        )
        self.assertEqual(self.channel.wait(), {"type": "boot"})
        self.assertTrue(self.channel.pending)
        self.assertEqual(self.channel.receive(), [{"type": "drain"}, {"type": "retire"}])
        self.assertFalse(self.channel.pending)

    def test_a_message_of_a_megabyte_goes_through(self) -> None:
        import threading

        text = "x" * (1 << 20)
        sender = threading.Thread(target=self.master.sendall, args=(self.envelope({"text": text}),))
        sender.start()
        message = self.channel.wait()
        sender.join()
        self.assertEqual(message, {"text": text})

    def test_the_masters_end_is_none_and_sending_says_no(self) -> None:
        self.master.close()
        self.assertIsNone(self.channel.receive())
        self.assertTrue(self.channel.gone)
        self.assertFalse(self.channel.send({"type": "hello"}))

    def test_what_came_before_the_end_is_still_given_out(self) -> None:
        self.master.sendall(self.envelope({"type": "drain"}))
        self.master.close()
        self.assertEqual(self.channel.receive(), [{"type": "drain"}])
        self.assertIsNone(self.channel.receive())

    def test_the_descriptor_is_hidden_from_programs_that_are_started(self) -> None:
        self.assertFalse(os.get_inheritable(self.channel.fileno()))

    def test_the_environment_says_no_more_of_the_server(self) -> None:
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        marks = {
            "NODE_CHANNEL_FD": str(theirs.detach()),
            "NODE_CHANNEL_SERIALIZATION_MODE": "json",
            "NODE_APP_INSTANCE": "3",
            "TSGUNICORN_MASTER": "1",
        }
        os.environ.update(marks)
        channel = inherited()
        self.addCleanup(channel.close)
        self.assertEqual([name for name in marks if name in os.environ], [])

    def test_without_a_channel_it_says_who_starts_this_program(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "started by tsgunicorn"):
            inherited()


if __name__ == "__main__":
    unittest.main()
