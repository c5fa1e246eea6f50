"""Frames, and what a response's head may say: judged without a socket."""

from __future__ import annotations

import struct
import unittest

import front  # noqa: F401  puts src/python on the path
from tsgunicorn_wsgi import frames, headers


class Frames(unittest.TestCase):
    def test_a_header_has_sixteen_bytes_in_the_order_of_the_contract(self):
        data = frames.frame(frames.FULL, 0x01020304, b"OK", b"body", short=200, flags=1)
        self.assertEqual(data, struct.pack("<IBBHII", 6, 66, 1, 200, 0x01020304, 2) + b"OKbody")

    def test_a_shape_is_split_into_constants_and_keys(self):
        text = frames.shape_text([("a", "1"), ("b", "")], ["X", "Y"])
        self.assertEqual(frames.split_shape(text), ([("a", "1"), ("b", "")], ["X", "Y"]))
        self.assertEqual(frames.split_shape("0\0X"), ([], ["X"]))

    def test_a_shape_that_counts_wrong_is_a_broken_peer(self):
        for text in ("", "x", "-1\0a", "3\0a\0b"):
            with self.assertRaises(frames.BrokenPeer, msg=text):
                frames.split_shape(text)

    def test_returned_and_want_carry_numbers(self):
        self.assertEqual(frames.returned(2, [7, 8])[16:], struct.pack("<II", 7, 8))
        self.assertEqual(frames.want(3, 65536)[16:], struct.pack("<I", 65536))


class Statuses(unittest.TestCase):
    def test_good_ones(self):
        for status, judged in {
            "200 OK": (200, "OK"),
            "404 Not Found": (404, "Not Found"),
            "299 ": (299, ""),
            "200": (200, ""),
            "200 caf\xe9": (200, "caf\xe9"),
        }.items():
            self.assertEqual(headers.judge_status(status), judged)
            self.assertEqual(headers.judge_status(status), judged)  # remembered

    def test_bad_ones(self):
        controls = ["200\tOK", "200 a\nb", "200 a\rb", "200 \0", "200 OK\n"]
        others = ["", "OK", "20 OK", "2000 OK", "100 Continue", "\xb2\xb200 OK", "200 \u20ac"]
        for status in controls + others:
            with self.assertRaises(ValueError, msg=repr(status)):
                headers.judge_status(status)
        for status in (200, b"200 OK", None, ["200 OK"]):
            with self.assertRaises(TypeError, msg=repr(status)):
                headers.judge_status(status)


class Headers(unittest.TestCase):
    def test_text_is_joined_by_newlines_and_encoded_as_latin_1(self):
        text, length = headers.judge_headers("OK", [("A", "b"), ("C-D", "\xe9\t ")])
        self.assertEqual((text, length), (b"OK\nA\nb\nC-D\n\xe9\t ", None))
        self.assertEqual(headers.judge_headers("", []), (b"", None))

    def test_content_length_is_found_in_any_case(self):
        self.assertEqual(headers.judge_headers("", [("content-LENGTH", "12")])[1], 12)
        self.assertEqual(headers.judge_headers("", [("Content-Length", "0")])[1], 0)

    def test_content_length_must_be_one_number(self):
        for value in ("", "-1", "+1", "1_0", " 1", "0x1", "\xb2", "\u0661", "1, 1"):
            with self.assertRaises(ValueError, msg=repr(value)):
                headers.judge_headers("", [("Content-Length", value)])
        with self.assertRaises(ValueError):
            headers.judge_headers("", [("Content-Length", "1"), ("content-length", "1")])

    def test_control_characters_are_refused_wherever_they_stand(self):
        for code in [*range(9), *range(10, 32), 127]:
            for pair in (("A", "b" + chr(code)), ("A" + chr(code), "b")):
                with self.assertRaises(ValueError, msg=repr(pair)):
                    headers.judge_headers("OK", [("X", "y"), pair])

    def test_a_newline_cannot_hide_behind_a_missing_item(self):
        with self.assertRaises((ValueError, TypeError)):
            headers.judge_headers("OK", [("A", "b\nC", "d")])

    def test_hop_by_hop_names_are_refused(self):
        for name in ("Connection", "keep-alive", "TE", "Transfer-Encoding", "Upgrade", "trailers",
                     "Proxy-Authenticate", "Proxy-Authorization"):  # fmt: skip
            with self.assertRaises(ValueError, msg=name):
                headers.judge_headers("OK", [(name, "x")])

    def test_names_are_tokens(self):
        for name in ("", "a b", "a:", "caf\xe9", "a\t", "(a)"):
            with self.assertRaises(ValueError, msg=name):
                headers.judge_headers("OK", [(name, "x")])

    def test_what_is_not_text_is_refused(self):
        for pair in ((b"A", "b"), ("A", b"b"), ("A", 1), ("A", None), (1, "b")):
            with self.assertRaises(TypeError, msg=repr(pair)):
                headers.judge_headers("OK", [pair])
        with self.assertRaises(ValueError):
            headers.judge_headers("OK", [("A", "\u20ac")])

    def test_text_of_other_classes_is_what_it_holds(self):
        class Shy(str):
            def __format__(self, spec):
                return "hidden"

            def __str__(self):
                return "hidden\n"

        self.assertEqual(headers.judge_headers("", [(Shy("A"), Shy("b"))])[0], b"\nA\nb")

    def test_what_is_remembered_is_judged_as_it_was(self):
        for _ in range(2):
            self.assertEqual(headers.judge_headers("OK", [("A", "b")])[0], b"OK\nA\nb")
            self.assertEqual(headers.judge_headers("No", [("A", "b")])[0], b"No\nA\nb")
            self.assertEqual(headers.judge_headers("OK", [["A", "b"]])[0], b"OK\nA\nb")
            with self.assertRaises(ValueError):
                headers.judge_headers("OK", [("A", "b\n")])

    def test_what_is_remembered_is_bounded(self):
        for number in range(3 * headers.REMEMBERED):
            headers.judge_headers("", [("X-%d" % number, "")])
            headers.judge_status("200 %d" % number)
        self.assertLessEqual(len(headers._heads), headers.HEADS)
        self.assertLessEqual(len(headers._names), headers.REMEMBERED)
        self.assertLessEqual(len(headers.known_statuses), headers.REMEMBERED)


if __name__ == "__main__":
    unittest.main()
