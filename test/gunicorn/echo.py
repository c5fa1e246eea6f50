"""What both servers run: a path tells what it saw, or answers as an application may.

`/do/NAME` calls `do_NAME`; any other path tells the environ and the body as JSON.
"""

from __future__ import annotations

import io
import json
import sys
import time


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path.startswith("/do/"):
        return globals()["do_" + path[4:].replace("-", "_")](environ, start_response)
    seen = {}
    for k, v in environ.items():
        plain = repr(v) if isinstance(v, (bool, tuple, int)) else "<%s>" % type(v).__name__
        seen[k] = v if isinstance(v, str) else plain
    try:
        body = environ["wsgi.input"].read()
        seen["~body"] = "%d %r" % (len(body), body[:60])
    except OSError:
        seen["~body"] = "OSError"
    out = json.dumps(seen, sort_keys=True).encode()
    start_response(
        "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(out)))]
    )
    return [out]


def simple(status="200 OK", headers=(), body=(b"body",)):
    def run(environ, start_response):
        start_response(status, [("Content-Type", "text/plain"), *headers])
        return list(body)

    return run


do_plain = simple()
do_nolength_list2 = simple(body=[b"one", b"two"])
do_empty = simple(body=[])
do_blank = simple(body=[b""])
do_204 = simple("204 No Content", body=[])
do_204_body = simple("204 No Content", body=[b"never"])
do_204_length = simple("204 No Content", [("Content-Length", "5")], body=[])
do_304 = simple("304 Not Modified", [("ETag", '"x"')], body=[])
do_304_body = simple("304 Not Modified", [("ETag", '"x"')], body=[b"never"])
do_304_length = simple("304 Not Modified", [("Content-Length", "4")], body=[])
do_length = simple(headers=[("Content-Length", "4")])
do_length0 = simple(headers=[("Content-Length", "0")], body=[])
do_short = simple(headers=[("Content-Length", "10")])
do_long = simple(headers=[("Content-Length", "2")])
do_badlength = simple(headers=[("Content-Length", "x")])
do_neglength = simple(headers=[("Content-Length", "-1")])
do_twolength = simple(headers=[("Content-Length", "4"), ("Content-Length", "4")])
do_status_only = simple("200")
do_status_custom = simple("299 Fine with me")
do_status_empty_reason = simple("200 ")
do_status_bad = simple("abc")
do_status_int = simple(200)
do_status_100 = simple("100 Continue")
do_status_999 = simple("999 Odd")
do_status_latin = simple("200 Tr\xe8s bien")
do_status_ctl = simple("200 a\r\nX: y")
do_dup = simple(
    headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-A", ""), ("x-lower", "v")]
)
do_latin = simple(headers=[("X-L", "caf\xe9")])
do_unicode = simple(headers=[("X-L", "\u20ac")])
do_crlf = simple(headers=[("X-L", "a\r\nB: c")])
do_badname = simple(headers=[("X L", "a")])
do_ctlvalue = simple(headers=[("X-L", "a\x01b")])
do_tab = simple(headers=[("X-L", "a\tb")])
do_spacevalue = simple(headers=[("X-L", "  a  ")])
do_intvalue = simple(headers=[("X-L", 5)])
do_connection = simple(headers=[("Connection", "close")])
do_keepalive = simple(headers=[("Keep-Alive", "timeout=9")])
do_te = simple(headers=[("Transfer-Encoding", "chunked")])
do_upgrade = simple(headers=[("Upgrade", "websocket"), ("Connection", "Upgrade")])
do_trailer = simple(headers=[("Trailer", "X")])
do_server = simple(headers=[("Server", "mine")])
do_date = simple(headers=[("Date", "Thu, 01 Jan 1970 00:00:00 GMT")])
do_str = simple(body=["text"])
do_bytearray = simple(body=[bytearray(b"ba")])
do_memoryview = simple(body=[memoryview(b"mv")])
do_redirect = simple("302 Found", [("Location", "/x")], body=[])
do_500 = simple("500 Oops", body=[b"mine"])


def returning(result, headers=()):
    def run(environ, start_response):
        start_response("200 OK", headers)
        return result

    return run


do_tuple_headers = returning([b"x"], (("Content-Type", "text/plain"),))
do_str_result = returning("text", [])
do_bytes_result = returning(b"bytes", [])
do_none_result = returning(None, [])


def do_never(e, s):
    return [b"x"]


def do_never_empty(e, s):
    return []


def do_gen(e, s):
    s("200 OK", [("Content-Type", "text/plain")])
    yield b"a"
    yield b""
    yield b"b"


def do_gen_length(e, s):
    s("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    yield b"a"
    yield b"b"


def do_gen_raise(e, s):
    s("200 OK", [("Content-Type", "text/plain")])
    yield b"a"
    time.sleep(0.05)
    raise ValueError("half")


def do_gen_raise_length(e, s):
    s("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    yield b"a"
    time.sleep(0.05)
    raise ValueError("half")


def do_gen_empty(e, s):
    s("200 OK", [("Content-Type", "text/plain")])
    return
    yield


def do_raise(e, s):
    raise ValueError("early")


def do_raise_started(e, s):
    s("200 OK", [])
    raise ValueError("after start")


def do_exc_info(e, s):
    s("200 OK", [("X-Which", "first")])
    try:
        raise ValueError("replaced")
    except ValueError:
        s("503 Replaced", [("X-Which", "second")], sys.exc_info())
    return [b"replaced"]


def do_exc_after(e, s):
    w = s("200 OK", [])
    w(b"sent")
    time.sleep(0.05)
    try:
        raise ValueError("late")
    except ValueError:
        s("503 Replaced", [], sys.exc_info())
    return [b"never"]


def do_twice(e, s):
    s("200 OK", [])
    s("201 Again", [])
    return [b"x"]


def do_write(e, s):
    w = s("200 OK", [("Content-Type", "text/plain")])
    for piece in (b"ab", b"", b"cd"):
        w(piece)
    return [b"ef"]


def do_write_length(e, s):
    w = s("200 OK", [("Content-Length", "6")])
    w(b"ab")
    w(b"cd")
    return [b"ef"]


def do_write_str(e, s):
    w = s("200 OK", [])
    w("text")
    return []


def do_late_start(e, s):
    s("200 OK", [("Content-Type", "text/plain")])
    yield b"late"


def do_file(e, s):
    f = open(__file__, "rb")
    s("200 OK", [("Content-Type", "text/plain")])
    return e["wsgi.file_wrapper"](f, 1000)


def do_file_length(e, s):
    f = open(__file__, "rb")
    f.seek(10)
    s("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "20")])
    return e["wsgi.file_wrapper"](f)


def do_file_bytes(e, s):
    s("200 OK", [("Content-Type", "text/plain")])
    return e["wsgi.file_wrapper"](io.BytesIO(b"in memory"))


def do_file_getitem(e, s):
    fw = e["wsgi.file_wrapper"](io.BytesIO(b"in memory"), 3)
    s("200 OK", [("Content-Type", "text/plain")])
    try:
        first = fw[0]
    except Exception as err:
        first = type(err).__name__.encode()
    return [first]


def do_hints(e, s):
    e["wsgi.early_hints"]([("Link", "</a.css>; rel=preload")])
    s("200 OK", [("Content-Type", "text/plain")])
    return [b"hinted"]


def do_hints_bytes(e, s):
    e["wsgi.early_hints"]([(b"Link", b"</a.css>; rel=preload")])
    s("200 OK", [("Content-Type", "text/plain")])
    return [b"hinted"]


def do_hints_late(e, s):
    w = s("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    w(b"a")
    e["wsgi.early_hints"]([("Link", "</a.css>; rel=preload")])
    return [b"b"]


def do_hints_bad(e, s):
    e["wsgi.early_hints"]([("Link", "a\r\nb: c")])
    s("200 OK", [])
    return [b"x"]


def do_unread(e, s):
    s("200 OK", [("Content-Type", "text/plain")])
    return [b"unread"]


def do_read(e, s):
    i = e["wsgi.input"]
    parts = [
        i.read(2),
        i.readline(),
        i.readline(3),
        i.read(0),
        i.readlines(),
        i.read(),
        i.readline(),
    ]
    out = repr(parts).encode()
    s("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(out)))])
    return [out]


def do_read_odd(e, s):
    i = e["wsgi.input"]
    r = []
    calls = (
        lambda: i.read(-1),
        lambda: i.read(None),
        lambda: i.readline(None),
        lambda: i.readlines(None),
        lambda: list(i),
        lambda: i.readline(0),
        lambda: i.readable(),
        lambda: i.closed,
        lambda: i.close(),
    )
    for f in calls:
        try:
            r.append(repr(f()))
        except Exception as err:
            r.append(type(err).__name__)
    out = "\n".join(r).encode()
    s("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(out)))])
    return [out]


def do_errors(e, s):
    r = []
    i = e["wsgi.errors"]
    lines = ["a\n", "b\n"]
    calls = (lambda: i.write("x\n"), lambda: i.writelines(lines), i.flush, lambda: i.write(b"x"))
    for f in calls:
        try:
            r.append(repr(f()))
        except Exception as err:
            r.append(type(err).__name__)
    out = "\n".join(r).encode()
    s("200 OK", [("Content-Length", str(len(out)))])
    return [out]


def do_socket(e, s):
    out = repr(sorted(k for k in e if k.startswith("gunicorn"))).encode()
    s("200 OK", [("Content-Length", str(len(out)))])
    return [out]


def do_exit(e, s):
    sys.exit(3)


def do_big(e, s):
    s("200 OK", [("Content-Type", "text/plain")])
    return [b"x" * 300000]


def do_script(e, s):
    out = json.dumps([e["SCRIPT_NAME"], e["PATH_INFO"]]).encode()
    s("200 OK", [("Content-Length", str(len(out)))])
    return [out]
