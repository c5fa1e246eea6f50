"""Asks Gunicorn and tsgunicorn the same, byte by byte, and prints where they differ.

    python3 test/gunicorn/compare.py --gunicorn VENV/bin/gunicorn [WORD] [-v]

Both run echo.py. For developers: docs/wsgi.md has what came of it. WORD chooses cases by a part of
their name, or a setup. The server is the built one (dist/).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from typing import Any, Dict, List, Sequence, Tuple, Union

from cases import CASES, Case, Part

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TLS = os.path.join(ROOT, "test", "fixtures", "tls", "server")

Target = Union[str, Tuple[str, int]]
Difference = Tuple[str, Any, Any]

#: Flags and environment of both servers, by setup.
SETUPS: Dict[str, Tuple[List[str], Dict[str, str]]] = {
    "plain": ([], {}),
    "script": ([], {"SCRIPT_NAME": "/mount"}),
    "unix": ([], {}),
    "proxy": (["--proxy-protocol", "auto"], {}),
    "map_refuse": (["--header-map", "refuse"], {}),
    "map_dangerous": (["--header-map", "dangerous"], {}),
    "fwd_all": (["--forwarder-headers", "*"], {}),
    "tls": (["--certfile", TLS + ".crt", "--keyfile", TLS + ".key"], {}),
    "last": ([], {}),
}

#: Different in every implementation, and nobody's business.
PASSED_OVER = (
    "gunicorn.socket",
    "wsgi.errors",
    "wsgi.input",
    "wsgi.early_hints",
    "wsgi.file_wrapper",
)
FIELDS_PASSED_OVER = ("Server:", "Keep-Alive:", "Date:", "Transfer-Encoding:", "Content-Length:")


class Server:
    """One of the two, running."""

    def __init__(self, kind: str, setup: str, program: Sequence[str], folder: str) -> None:
        args, env = SETUPS[setup]
        port = free_port()
        path = os.path.join(folder, kind + ".sock")
        self.setup = setup
        self.target: Target = path if setup == "unix" else ("127.0.0.1", port)
        bind = "unix:" + path if setup == "unix" else "127.0.0.1:%d" % port
        common = ["-b", bind, "-w", "1", "-k", "gthread", "--threads", "2", "--chdir", HERE]
        log = open(os.path.join(folder, kind + ".log"), "wb")
        self.process = subprocess.Popen(
            [*program, *common, *args, "echo:app"],
            cwd=folder,
            env={**os.environ, **env},
            stdout=log,
            stderr=log,
        )
        self._await(log.name)

    def _await(self, log: str) -> None:
        for _ in range(100):
            try:
                text = "GET /mount/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                if b"HTTP/1.1" in self.ask([text], "127.0.0.1"):
                    return
            except OSError:
                pass  # Not listening yet.
            time.sleep(0.1)
        with open(log) as file:
            raise SystemExit("no answer:\n" + file.read())

    def ask(self, parts: Sequence[Part], source: str) -> bytes:
        """All that was answered on a connection of its own, and behind `||` how it ended."""
        sock = self._connect(source)
        answer, fate = b"", "open"
        try:
            for part in [*parts, 1.0]:
                if part == "FIN":
                    sock.shutdown(socket.SHUT_WR)
                elif isinstance(part, str):
                    sock.sendall(part.encode("latin-1"))
                else:
                    read, fate = listen(sock, part)
                    answer += read
        except OSError as error:
            fate = type(error).__name__
        sock.close()
        return answer + b"||" + fate.encode()

    def _connect(self, source: str) -> socket.socket:
        if isinstance(self.target, str):
            sock = socket.socket(socket.AF_UNIX)
        else:
            sock = socket.socket()
            sock.bind((source, 0))
        sock.connect(self.target)
        if self.setup != "tls":
            return sock
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(sock)

    def text(self, case: Case) -> str:
        """The answer, without what is different each time."""
        try:
            text = self.ask(case.parts, case.source).decode("latin-1")
        except OSError as error:
            return "||" + type(error).__name__
        text = re.sub(r'"REMOTE_PORT": "\d{4,}"', '"REMOTE_PORT": "N"', text)
        text = re.sub(r'"SERVER_SOFTWARE": "[^"]*"', '"SERVER_SOFTWARE": "S"', text)
        return (
            text
            if isinstance(self.target, str)
            else text.replace('"%d"' % self.target[1], '"PORT"')
        )

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def listen(sock: socket.socket, seconds: float) -> Tuple[bytes, str]:
    read = b""
    sock.settimeout(seconds)
    try:
        for piece in iter(lambda: sock.recv(65536), b""):
            read += piece
    except socket.timeout:
        return read, "open"
    except ConnectionResetError:
        return read, "reset"
    finally:
        sock.settimeout(10)
    return read, "fin"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def answers(text: str) -> List[Tuple[List[str], str]]:
    """Head lines and body of each answer on a connection."""
    found = []
    for piece in re.split(r"(?=HTTP/1\.[0-9] (?:\d\d\d|None))", text):
        if piece:
            head, _, body = piece.partition("\r\n\r\n")
            lines = head.split("\r\n")
            chunked = any(line.lower() == "transfer-encoding: chunked" for line in lines)
            found.append((lines, dechunk(body) if chunked else body))
    return found


def dechunk(text: str) -> str:
    body = ""
    while text:
        size, _, text = text.partition("\r\n")
        if not re.fullmatch("[0-9A-Fa-f]+", size):
            return body + "!!" + size
        if int(size, 16) == 0:
            return body if text == "\r\n" else body + "!!" + text
        body += text[: int(size, 16)]
        text = text[int(size, 16) + 2 :]
    return body + "!!cut"


def differences(one: str, other: str) -> List[Difference]:
    (text, _, fate), (text2, _, fate2) = one.rpartition("||"), other.rpartition("||")
    found: List[Difference] = [("fate", fate, fate2)] if fate != fate2 else []
    ours, theirs = answers(text), answers(text2)
    if len(ours) != len(theirs):
        found.append(("answers", len(ours), len(theirs)))
    for (head, body), (head2, body2) in zip(ours, theirs):
        if head[0] != head2[0]:
            found.append(("status", head[0], head2[0]))
        fields, fields2 = (
            [f for f in h[1:] if not f.startswith(FIELDS_PASSED_OVER)] for h in (head, head2)
        )
        found += [("field", field, "") for field in fields if field not in fields2]
        found += [("field", "", field) for field in fields2 if field not in fields]
        found += body_differences(body, body2)
    return found


def body_differences(one: str, other: str) -> List[Difference]:
    if one.startswith("<html>") and (other.startswith("<!doctype") or not other):
        return []  # Pages of errors.
    try:
        seen, seen2 = json.loads(one), json.loads(other)
        keys = sorted({*seen, *seen2} - {*PASSED_OVER})
        return [
            (key, seen.get(key), seen2.get(key)) for key in keys if seen.get(key) != seen2.get(key)
        ]
    except (ValueError, TypeError, AttributeError):
        return [("body", one[:200], other[:200])] if one != other else []


def compare(programs: Dict[str, List[str]], cases: Sequence[Case], verbose: bool) -> int:
    """Prints what differs; gives how many cases do."""
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        servers = [
            Server(kind, cases[0].setup, program, folder) for kind, program in programs.items()
        ]
        try:
            for case in cases:
                texts = [server.text(case) for server in servers]
                found = differences(*texts)
                count += bool(found)
                if found:
                    print("##", case.setup, "|", case.name)
                for what, one, other in found:
                    print("    %-20s %-60r | %r" % (what, one, other))
                if verbose:
                    print("\n".join(texts))
        finally:
            for server in servers:
                server.end()
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("--gunicorn", required=True, help="the program of Gunicorn 26 or later")
    parser.add_argument("-v", action="store_true", help="print the answers")
    given = parser.parse_args()
    programs = {
        "gunicorn": [given.gunicorn, "--no-control-socket"],
        "tsgunicorn": [
            "node",
            os.path.join(ROOT, "dist", "cli", "tsgunicorn.js"),
            "--python",
            sys.executable,
        ],
    }
    total = count = 0
    for setup in SETUPS:
        cases = [
            one
            for one in CASES
            if one.setup == setup and (given.word in one.name or given.word == setup)
        ]
        if cases:
            total += len(cases)
            count += compare(programs, cases, given.v)
    print("%d of %d requests are answered differently" % (count, total))


if __name__ == "__main__":
    main()
