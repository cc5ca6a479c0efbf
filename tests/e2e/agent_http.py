# SPDX-License-Identifier: Apache-2.0
"""Requests of all kinds to an agent: agent_http.py PORT"""
import socket
import sys
import threading
import time

from agent_client import Connection, Tap, connect

port = int(sys.argv[1])
tap = Tap()


def new():
    return Connection(port)


def raw(data, within=60):
    """The first answer to these bytes on a new connection, None: closed."""
    c = new()
    c.sock.settimeout(within)
    try:
        return c.send(data).read(), c
    except (EOFError, OSError):
        return None, c


def get(path, headers=""):
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode()


GOOD = "/v1/component/web"

# ---- what HTTP/1.1 is made of ----
c = new()
first = c.ask("GET", GOOD)
tap.equal(first.status, 200, "a component is told of")
tap.equal(first.headers["content-type"], "application/json", "as JSON")
tap.equal(first.headers["cache-control"], "no-store", "that nobody stores")
tap.equal(c.ask("GET", "/healthz").json(), {"status": "ok"}, "a kept connection is used again")
tap.equal(c.ask("GET", "/nothing").problem(), "unknown-path", "a path that is none")
tap.equal(c.ask("GET", "/v1/component/%C3%A4").problem(), "unknown-component", "a component that is none")
tap.equal(c.ask("GET", "/v1/component/%FF%01").problem(), "unknown-component", "nor are any bytes")
got = c.ask("POST", GOOD, b"")
tap.equal((got.problem(), got.headers.get("allow")), ("wrong-method", "GET"), "a wrong method names the right one")
got = c.ask("HEAD", "/healthz")
tap.equal((got.status, got.body), (405, b""), "HEAD has no body")
tap.equal(c.ask("GET", GOOD).status, 200, "and the connection goes on")
c.close()

c = new().send(get(GOOD) + get("/healthz") + get("/nothing") + get(GOOD))
tap.equal([c.read().status for _ in range(4)], [200, 200, 404, 200], "requests in a row are answered in theirs")
c.close()
c = new().send(get(GOOD) + get("/healthz")[:20])
tap.equal(c.read().status, 200, "one and a half: the first is answered")
c.send(get("/healthz")[20:])
tap.equal(c.read().status, 200, "and then the other")
c.close()

c = new()
for byte in get("/healthz"):
    c.send(bytes([byte]))
tap.equal(c.read().status, 200, "byte by byte")
c.close()
answer, c = raw(b"GET /healthz HTTP/1.0\r\n\r\n")
tap.equal(answer.status, 200, "HTTP/1.0")
tap.ok(c.is_closed(), "which closes")
answer, c = raw(get("/healthz", "Connection: close\r\n"))
tap.ok(answer.status == 200 and c.is_closed(), "as it does when asked to")

# ---- bodies ----
c = new().send(b"PUT /v1/staged/web HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
tap.equal(c.read().status, 100, "a client that asks first may go on")
tap.equal(c.send(b"{}").read().problem(), "bad-request", "and is answered then")
c.close()
c = new()
tap.equal(c.ask("PUT", "/v1/staged/web", b" " * 1048576).problem(), "bad-request", "a body of 1 MiB is read")
tap.equal(c.ask("GET", "/healthz").status, 200, "and the connection goes on")
tap.equal(c.ask("PUT", "/v1/nothing/web", b"x" * 500000).problem(), "unknown-path",
          "a body for nobody is read to its end")
tap.equal(c.ask("GET", "/healthz").status, 200, "and the connection goes on")
tap.equal(c.ask("GET", GOOD, b"x" * 5000).status, 200, "a body where none belongs is dropped")
c.close()


def refused(headers, problem, text, body=b""):
    answer, c = raw(f"PUT /v1/staged/web HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode() + body)
    if answer and answer.headers.get("content-type") == "application/problem+json":
        tap.equal(answer.problem(), problem, text)
    else:
        tap.equal(answer and answer.status, {"bad-request": 400, "too-large": 413}[problem], text)
    tap.ok(c.is_closed(), "and the connection ends")
    c.close()


refused("Content-Length: 1048577\r\n", "too-large", "a byte more than 1 MiB")
refused("Content-Length: 99999999999999999999999999\r\n", "too-large", "more than any number")
refused("Content-Length: -1\r\n", "bad-request", "a negative length")
refused("Content-Length: +5\r\n", "bad-request", "a length with a sign")
refused("Content-Length: 0x5\r\n", "bad-request", "a length in hex")
refused("Content-Length: 5, 5\r\n", "bad-request", "a list of lengths")
refused("Content-Length: \r\n", "bad-request", "no length")
refused("Content-Length: 2\r\nContent-Length: 40\r\n", "bad-request", "two lengths", b"{}")
refused("Content-Length: 2\r\nContent-Length: 2\r\n", "bad-request", "the same length twice", b"{}")
refused("Transfer-Encoding: chunked\r\n", "bad-request", "chunks", b"2\r\n{}\r\n0\r\n\r\n")
refused("Transfer-Encoding: gzip\r\n", "bad-request", "another encoding", b"{}")
refused("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "bad-request", "a length and chunks", b"{}")

# ---- headers ----


def of_size(size):
    """A request whose header has so many bytes, to the empty line."""
    head = get("/healthz", "X: \r\n")
    return get("/healthz", "X: " + "x" * (size - len(head)) + "\r\n")


def of_lines(count):
    return get("/healthz", "".join(f"X-{i}: 1\r\n" for i in range(count - 1)))


answer, c = raw(of_size(8192))
tap.equal(answer and answer.status, 200, "a header of 8 KiB")
answer, c = raw(of_size(8193))
tap.equal(answer and answer.problem(), "too-large", "a byte more")
answer, c = raw(of_size(12000))
tap.equal(answer and answer.problem(), "too-large", "and much more")
answer, c = raw(of_size(100000))
tap.ok(answer is None or answer.status in (413, 414, 431), "and very much more")
answer, c = raw(b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
tap.ok(answer is None or answer.status in (404, 413, 414, 431), "a path without end")
answer, c = raw(of_lines(64))
tap.equal(answer and answer.status, 200, "64 lines")
answer, c = raw(of_lines(65))
tap.equal(answer and answer.problem(), "too-large", "one more")
answer, c = raw(of_lines(2000))
tap.ok(answer is None or answer.status in (413, 431), "and many more")
answer, c = raw(b"GET /healthz HTTP/1.1\r\n\r\n")
tap.ok(answer is None or answer.status == 400, "HTTP/1.1 without Host")

for what, data in {
        "a NUL in the path": b"GET /v1/component/we\0b HTTP/1.1\r\nHost: a\r\n\r\n",
        "an escaped one": get("/v1/component/web%00"),
        "control bytes in the path": b"GET /v1/component/\x01\x1b\x7f HTTP/1.1\r\nHost: a\r\n\r\n",
        "a blank in the path": b"GET /v1/component/we b HTTP/1.1\r\nHost: a\r\n\r\n",
        "a path that climbs": get("/v1/component/../components/x"),
        "a whole URL": get("https://127.0.0.1/v1/component/web"),
        "no version": b"GET /v1/component/web\r\n\r\n",
        "a later version": b"GET /v1/component/web HTTP/2.0\r\nHost: a\r\n\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "no method": b" /v1/component/web HTTP/1.1\r\nHost: a\r\n\r\n",
        "noise": bytes(range(256)) * 4 + b"\r\n\r\n",
        "a header without a colon": b"GET /v1/component/web HTTP/1.1\r\nHost a\r\n\r\n",
        "a folded length": b"PUT /v1/staged/web HTTP/1.1\r\nHost: a\r\nContent-Leng: 5\r\n th\r\n\r\n{}{}{",
}.items():
    answer, c = raw(data)
    tap.ok(answer is None or 400 <= answer.status < 600, f"{what} is refused")
    c.close()
tap.equal(new().ask("GET", GOOD).status, 200, "it is still there")

# ---- the same name, another case or escape ----
c = new()
tap.equal(c.ask("GET", "/v1/component/%77eb").status, 200, "an escape means what it means")
tap.equal(c.ask("GET", "/v1/component/WEB").status, 404, "a name in capitals is another")
c.close()

# ---- connections that take their time, all at once ----
TIMES = []
LONGEST = 90  # seconds: a machine may be busy, and nothing else would end them


def timed(text, low, make):
    """How long a connection lasts that make() made, which may go on."""
    def run():
        begin = time.monotonic()
        try:
            sock, drip = make()
        except OSError as why:
            TIMES.append((text, low, -1, why))
            return
        sock.settimeout(0.5)
        while time.monotonic() - begin < 2 * LONGEST:
            try:
                if not sock.recv(4096):
                    break
            except (TimeoutError, BlockingIOError):
                pass
            except OSError:
                break
            try:
                if drip:
                    sock.sendall(drip)
            except OSError:
                break
        TIMES.append((text, low, time.monotonic() - begin, None))
        sock.close()
    thread = threading.Thread(target=run)
    thread.start()
    return thread


def plain(data, drip=b""):
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(data)
    return sock, drip


def secure(data, drip=b""):
    sock = connect(port)
    sock.sendall(data)
    return sock, drip


HELLO = bytes.fromhex("1603010200010001fc0303")
threads = [
    timed("the beginning of a handshake", 8, lambda: plain(HELLO)),
    timed("a handshake that drips", 8, lambda: plain(HELLO, b"\0")),
    timed("a connection without a request", 8, lambda: secure(b"")),
    timed("the beginning of a header", 8, lambda: secure(b"GET / HT")),
    timed("a header that drips", 8, lambda: secure(b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"x")),
    timed("a body that does not come", 28,
          lambda: secure(b"PUT /v1/staged/web HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{")),
    timed("a body for nobody", 4,
          lambda: secure(b"PUT /v9/staged/web HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{")),
    timed("a body that drips", 28,
          lambda: secure(b"PUT /v1/staged/web HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{", b" ")),
]
for thread in threads:
    thread.join()
for text, low, took, why in TIMES:
    later = min((other for _, its, other, _ in TIMES if its > low), default=LONGEST)
    tap.ok(low <= took < later, f"{text} lasts {took:.1f} s, {low} at least, and ends before those with more {why or ''}")
sys.exit(0)
