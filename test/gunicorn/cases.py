"""What is sent to both servers: name, parts, the client's address, and how the servers are set up.

A part is text (latin-1) to send, a number of seconds to read for, or "FIN".
"""

from __future__ import annotations

from typing import List, NamedTuple, Sequence, Union

import echo

Part = Union[str, float]


class Case(NamedTuple):
    name: str
    parts: Sequence[Part]
    source: str
    setup: str


CASES: List[Case] = []


def case(name: str, parts: Sequence[Part], source: str = "127.0.0.1", setup: str = "plain") -> None:
    CASES.append(Case(name, parts, source, setup))


GET = "GET %s HTTP/1.1\r\nHost: shop.example:81\r\nConnection: close\r\n\r\n"


def get(target: str) -> List[Part]:
    return [GET % target]


def req(line: str, *fields: str, body: str = "", close: bool = True) -> List[Part]:
    head = [
        line,
        "Host: shop.example:81",
        *fields,
        *(["Connection: close"] if close else []),
        "",
        "",
    ]
    return ["\r\n".join(head) + body]


# methods
METHODS = """
GET POST PUT DELETE PATCH HEAD OPTIONS TRACE PROPFIND LOCK MKCOL SEARCH QUERY M-SEARCH 
VERSION-CONTROL BASELINE-CONTROL ABCDEFGHIJKLMNOPQRSTU AB get Get FO#O
"""
for m in METHODS.split():
    case("method " + m, req(m + " /m HTTP/1.1"))
case("CONNECT", req("CONNECT host:443 HTTP/1.1"))
case("OPTIONS *", req("OPTIONS * HTTP/1.1"))
# targets
TARGETS = (
    "/ /a?b=c /a? /a%20b /a%2Fb /%C3%A0 /%c3%a0?x=%C3%A0 /%FF /%zz% /% /a%00b /\xc3\xa0 "
    '/\xff%20 /a//b //a/b /a/../b/./c /+;p=1 /a?b?c /a?x#f /a#f /?q=\xe9 /a|b^c`d{} /a"b<c> '
    "/~u /a;b /:80 /a@b http://other.example/x?y http://other.example http://other.example?x "
    "HTTP://Other.Example:8080/x https://other.example/x ftp://o/x x?http://y abc http:///x "
    "http://u:p@other.example/x * /a\tb /a\x7fb /%2e%2e/x /a\\b /a%0d%0aX:y"
).split(" ")
for t in [*TARGETS, "/" + "a" * 3000, "/" + "a" * 5000]:
    case("target " + t[:40], get(t))
# fields
# A field each, or some behind one another.
FIELDS = """\
X-Two: a & X-Two: b
Cookie: a=1 & Cookie: b=2
Cookie: a=1; & Cookie: b=2
X-Empty:
X-Lat: caf\xe9
X-UTF: \xc3\xa9
X_Under: a
X-Under: a & X_Under: b
x-lower: A
X.Dot: a
X!$: a
X-Sp:   a b   
X-Tab:\ta\tb\t
Content-Type: text/plain
Content-Type: a/b & Content-Type: c/d
Content-Length: 0
Content-Length: 3
Content_Length: 3
Content_Type: x/y
Proxy: http://evil
Authorization: Basic YWRhOng=
Accept: a & Accept: b & X-B: 1 & Accept: c
Transfer-Encoding: chunked
If-Modified-Since: x
X-Ctl: a\x01b
X-Nul: a\x00b
X Sp: a
X-Sp : a
: a
NoColon
X-Fold: a &  b
Expect: 100-continue
Expect: 200-ok
Upgrade: websocket
TE: trailers
Keep-Alive: 5
Host: second
Range: bytes=0-1
Content-Encoding: gzip
""".splitlines()
LONG = ["X-" + "n" * 500 + ": a", "X-Long: " + "v" * 9000]
for h in [*(line.split(" & ") for line in FIELDS), *([line] for line in LONG)]:
    case("field " + repr(h)[:50], req("GET /f HTTP/1.1", *h))
case("101 fields", req("GET /f HTTP/1.1", *["X-%d: a" % i for i in range(101)]))
case("99 fields", req("GET /f HTTP/1.1", *["X-%d: a" % i for i in range(97)]))
# forwarded
FORWARDED = """\
X-Forwarded-For: 9.9.9.9
X-Forwarded-For: 9.9.9.9, 8.8.8.8
X-Forwarded-Proto: https
X-Forwarded-Protocol: ssl
X-Forwarded-Ssl: on
X-Forwarded-Proto: http
X-Forwarded-Proto: HTTPS
X-Forwarded-Proto: https & X-Forwarded-Ssl: off
X-Forwarded-Proto: https & X-Forwarded-Ssl: on
X-Forwarded-Proto: https & X-Forwarded-Proto: https
X-Forwarded-Proto: https,http
X-Forwarded-Host: a.b
X-Forwarded-Prefix: /p
Forwarded: for=9.9.9.9;proto=https
SCRIPT_NAME: /f
SCRIPT_NAME: /nope
SCRIPT_NAME: /f/
PATH_INFO: /other
REMOTE_USER: ada
SCRIPT-NAME: /f
X_Forwarded_Proto: https
REMOTE_ADDR: 1.2.3.4
HTTPS: on
""".splitlines()
FW = [line.split(" & ") for line in FORWARDED]
for h in FW:
    for src in ("127.0.0.1", "127.0.0.2"):
        case("fwd %s from %s" % (h, src), req("GET /f/x HTTP/1.1", *h), src)
# versions, keep-alive
for v in ["1.0", "1.1", "1.2", "2.0", "0.9", "1", "1.1x"]:
    case("version " + v, req("GET /v HTTP/" + v))
case("1.0 no host", ["GET /v HTTP/1.0\r\n\r\n"])
case("1.1 no host", ["GET /v HTTP/1.1\r\nConnection: close\r\n\r\n"])
case("1.0 keepalive", ["GET /v HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"])
case(
    "1.1 keepalive then second",
    req("GET /v1 HTTP/1.1", close=False),
)
case("two sequential", [req("GET /v1 HTTP/1.1", close=False)[0], 0.4, req("GET /v2 HTTP/1.1")[0]])
case("two pipelined", [req("GET /v1 HTTP/1.1", close=False)[0] + req("GET /v2 HTTP/1.1")[0]])
case(
    "pipelined POST GET",
    [
        req("POST /v1 HTTP/1.1", "Content-Length: 3", body="abc", close=False)[0],
        0.3,
        req("GET /v2 HTTP/1.1")[0],
    ],
)
case("host empty", ["GET /v HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n"])
case("empty lines first", ["\r\n\r\nGET /v HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"])
case("LF only", ["GET /v HTTP/1.1\nHost: a\n\n"])
# bodies
case("POST length", req("POST /b HTTP/1.1", "Content-Length: 5", body="hello"))
case("POST length zero", req("POST /b HTTP/1.1", "Content-Length: 0"))
case("POST none", req("POST /b HTTP/1.1"))
case(
    "POST length in pieces",
    [req("POST /b HTTP/1.1", "Content-Length: 10")[0], 0.1, "hello", 0.1, "world"],
)
case("POST extra bytes", req("POST /b HTTP/1.1", "Content-Length: 3", body="abcdef"))
case("POST short then close", req("POST /b HTTP/1.1", "Content-Length: 10", body="abc") + ["FIN"])
case(
    "POST chunked",
    req(
        "POST /b HTTP/1.1",
        "Transfer-Encoding: chunked",
        body="5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    ),
)
case("POST chunked empty", req("POST /b HTTP/1.1", "Transfer-Encoding: chunked", body="0\r\n\r\n"))
case(
    "POST chunked ext trailers",
    req(
        "POST /b HTTP/1.1",
        "Transfer-Encoding: chunked",
        "Trailer: X-T",
        body="5;a=b\r\nhello\r\n0\r\nX-T: v\r\n\r\n",
    ),
)
case(
    "POST chunked Chunked case",
    req("POST /b HTTP/1.1", "Transfer-Encoding: Chunked", body="5\r\nhello\r\n0\r\n\r\n"),
)
case(
    "POST chunked bad",
    req("POST /b HTTP/1.1", "Transfer-Encoding: chunked", body="zz\r\nhello\r\n0\r\n\r\n"),
)
case(
    "POST both",
    req("POST /b HTTP/1.1", "Transfer-Encoding: chunked", "Content-Length: 5", body="0\r\n\r\n"),
)
case(
    "POST chunked large",
    [req("POST /b HTTP/1.1", "Transfer-Encoding: chunked")[0]]
    + ["10000\r\n" + "x" * 65536 + "\r\n"] * 3
    + ["0\r\n\r\n"],
)
case("POST length large", req("POST /b HTTP/1.1", "Content-Length: 200000", body="y" * 200000))
case(
    "POST expect",
    [req("POST /b HTTP/1.1", "Content-Length: 5", "Expect: 100-continue")[0], 0.3, "hello"],
)
case(
    "POST expect unread",
    [req("POST /do/unread HTTP/1.1", "Content-Length: 5", "Expect: 100-continue")[0], 0.3, "hello"],
)
case(
    "POST expect 1.0",
    [req("POST /b HTTP/1.0", "Content-Length: 5", "Expect: 100-continue")[0], 0.3, "hello"],
)
case(
    "POST expect chunked",
    [
        req("POST /b HTTP/1.1", "Transfer-Encoding: chunked", "Expect: 100-continue")[0],
        0.3,
        "5\r\nhello\r\n0\r\n\r\n",
    ],
)
case(
    "POST expect with body",
    req("POST /b HTTP/1.1", "Content-Length: 5", "Expect: 100-continue", body="hello"),
)
case(
    "POST chunked 1.0",
    req("POST /b HTTP/1.0", "Transfer-Encoding: chunked", body="5\r\nhello\r\n0\r\n\r\n"),
)
case("GET with body", req("GET /b HTTP/1.1", "Content-Length: 5", body="hello"))
case(
    "POST read shapes",
    req("POST /do/read HTTP/1.1", "Content-Length: 22", body="one\ntwo\r\n\nlast line !!"),
)
case(
    "POST read shapes chunked",
    req(
        "POST /do/read HTTP/1.1",
        "Transfer-Encoding: chunked",
        body="16\r\none\ntwo\r\n\nlast line !!\r\n0\r\n\r\n",
    ),
)
case("POST read odd", req("POST /do/read-odd HTTP/1.1", "Content-Length: 5", body="a\nb\nc"))
case(
    "POST read odd large",
    req("POST /do/read-odd HTTP/1.1", "Content-Length: 100000", body="a\nbcd" * 20000),
)
case(
    "POST unread keepalive",
    [
        req("POST /do/unread HTTP/1.1", "Content-Length: 5", body="hello", close=False)[0],
        0.3,
        req("GET /b HTTP/1.1")[0],
    ],
)
case(
    "POST form",
    req(
        "POST /b HTTP/1.1",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: 7",
        body="a=1&b=2",
    ),
)
# responses
for n in sorted(x for x in dir(echo) if x.startswith("do_")):
    if n in ("do_exit", "do_read", "do_read_odd", "do_unread", "do_script"):
        continue
    case("resp " + n[3:], get("/do/" + n[3:]))
for n in "plain gen length gen_length empty hints 204 file write short".split():
    case("1.0 " + n, ["GET /do/%s HTTP/1.0\r\n\r\n" % n])
    case("HEAD " + n, req("HEAD /do/%s HTTP/1.1" % n))
for (
    n
) in "plain gen short long raise 204 big gen_raise 304 file connection nolength_list2 HEAD".split():
    case(
        "keepalive " + n,
        req("%s /do/%s HTTP/1.1" % (("HEAD", "plain") if n == "HEAD" else ("GET", n)), close=False),
    )
case("resp exit", get("/do/exit"), setup="last")
# SCRIPT_NAME by environment
for t in ["/mount", "/mount/", "/mount/x", "/mountx", "/x", "/%6dount/x", "http://h/mount/y"]:
    case("script " + t, get(t), setup="script")
case("script *", req("OPTIONS * HTTP/1.1"), setup="script")
case("script header too", req("GET /mount/x HTTP/1.1", "SCRIPT_NAME: /mount/x"), setup="script")
# unix
for h in ["Host: shop.example:81", "Host: shop.example", "Host: [::1]:8", "Host: [::1]", "Host:"]:
    case(
        "unix " + h,
        [
            "GET /u HTTP/1.1\r\n%s\r\n" % h
            + "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
        ],
        setup="unix",
    )
case("unix no proto", ["GET /u HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"], setup="unix")
case("unix 1.0", ["GET /u HTTP/1.0\r\n\r\n"], setup="unix")
# proxy protocol
P1 = "PROXY TCP4 9.9.9.9 10.0.0.1 1234 80\r\n"
case("proxy v1", [P1 + GET % "/p"], setup="proxy")
case("proxy v1 6", ["PROXY TCP6 2001:db8::1 ::1 1234 80\r\n" + GET % "/p"], setup="proxy")
case(
    "proxy v1 fwd",
    [P1 + req("GET /p HTTP/1.1", "X-Forwarded-For: 7.7.7.7", "X-Forwarded-Proto: https")[0]],
    setup="proxy",
)
case(
    "proxy v1 second request",
    [P1 + req("GET /p1 HTTP/1.1", close=False)[0], 0.3, GET % "/p2"],
    setup="proxy",
)
case("proxy none", get("/p"), setup="proxy")
case(
    "proxy v2",
    [
        "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\x09\x09\x09\x09\x0a\x00\x00\x01\x04\xd2\x00\x50"
        + GET % "/p"
    ],
    setup="proxy",
)
case("proxy foreign", [P1 + GET % "/p"], "127.0.0.2", setup="proxy")
# header_map, limits
for hm in ("refuse", "dangerous"):
    case(
        "map " + hm,
        req("GET /f HTTP/1.1", "X_Under: a", "X-Under: b"),
        "127.0.0.2",
        setup="map_" + hm,
    )
for h in FW[14:]:
    case("fwdall %s" % h, req("GET /f/x HTTP/1.1", *h), setup="fwd_all")
# https
case("tls", get("/t"), setup="tls")
