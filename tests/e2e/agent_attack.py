# SPDX-License-Identifier: Apache-2.0
"""An agent under attack: agent_attack.py PORT INSTALLING-PID NETWORK-PID

1,000 slow connections from many addresses, and 100 garbage requests a second,
for 20 seconds, while good requests are measured by another process.
"""
import os
import random
import resource
import selectors
import socket
import ssl
import sys
import time

from agent_client import Connection, Tap, context

PORT, PIDS = int(sys.argv[1]), [int(pid) for pid in sys.argv[2:4]]
SLOW, GARBAGE, SECONDS = 1000, 100, 20
AGAIN = 2  # seconds until a slow one that was closed comes back
HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(32)) + b"\x20" + bytes(32)
REQUEST = b"GET /v1/component/web HTTP/1.1\r\nHost: a\r\n\r\n"


# ---- the attack ----

class Slow:
    """A connection that takes its time, in one of several ways."""
    kinds = ["silent", "drip", "half a hello", "hello, then nothing", "header", "body"]

    def __init__(self, number, attack):
        self.kind = self.kinds[number % len(self.kinds)]
        self.source = f"127.{1 + number % 50}.{number // 50 % 250}.{1 + number % 200}"
        self.attack = attack
        self.sock = None
        self.tls = None
        self.state = "closed"
        self.due = time.monotonic() + random.random() * 3

    def open(self):
        self.sock = socket.socket()
        self.sock.setblocking(False)
        try:
            self.sock.bind((self.source, 0))
            self.sock.connect_ex(("127.0.0.1", PORT))
        except OSError:
            self.close()
            return
        self.state = "connecting"
        self.attack.watch(self, selectors.EVENT_WRITE)

    def close(self):
        self.attack.unwatch(self)
        if self.sock:
            self.sock.close()
        self.sock = self.tls = None
        self.state = "closed"
        self.due = time.monotonic() + AGAIN

    def connected(self):
        self.state = "slow"
        if self.kind in ("header", "body"):
            self.tls = self.attack.operator.wrap_socket(
                self.sock, do_handshake_on_connect=False)
            self.sock = self.tls
            self.state = "handshake"
            self.attack.watch(self, selectors.EVENT_READ)
            self.handshake()
            return
        self.attack.watch(self, selectors.EVENT_READ)
        data = {"half a hello": HELLO[:40], "hello, then nothing": self.attack.hello}.get(self.kind)
        if data:
            self.sock.send(data)

    def handshake(self):
        try:
            self.tls.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        self.state = "slow"
        self.tls.send(b"GET /v1/component/web HTTP/1.1\r\nHost: a\r\nX: " if self.kind == "header" else
                      b"PUT /v1/staged/web HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{")

    def event(self):
        if self.state == "connecting":
            if self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self.close()
            else:
                self.connected()
        elif self.state == "handshake":
            self.handshake()
        else:
            try:
                if not self.sock.recv(65536):
                    self.close()
            except (BlockingIOError, ssl.SSLWantReadError):
                pass

    def drip(self):
        if self.state == "slow" and self.kind in ("drip", "header", "body"):
            try:
                self.sock.send(b"\x16" if self.kind == "drip" else b"x")
            except (BlockingIOError, ssl.SSLWantWriteError):
                pass


class Garbage:
    """One request that makes no sense, and is given up after a second."""

    def __init__(self, number, attack):
        self.sock = socket.create_connection(("127.0.0.1", PORT), 1, (f"127.200.{number % 200}.1", 0))
        kind = number % 4
        try:
            if kind == 3:
                self.sock = attack.operator.wrap_socket(self.sock)
                self.sock.sendall(random.randbytes(50) + b"\r\n\r\n")
            elif kind == 2:
                attack.stranger.wrap_socket(self.sock).sendall(REQUEST)
            else:
                self.sock.sendall(random.randbytes(200) if kind else b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        finally:
            self.sock.close()


class Attack:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.operator = context()
        self.stranger = context(None)
        self.hello = self.make_hello()
        self.slow = [Slow(i, self) for i in range(SLOW)]
        self.opened = self.peak = self.garbage = 0

    def make_hello(self):
        """The first flight of a client, which goes no further."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.operator.wrap_bio(incoming, outgoing)
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return outgoing.read()

    def watch(self, slow, events):
        try:
            self.selector.modify(slow.sock, events, slow)
        except KeyError:
            self.selector.register(slow.sock, events, slow)

    def unwatch(self, slow):
        try:
            self.selector.unregister(slow.sock)
        except (KeyError, ValueError):
            pass

    def turn(self, now):
        for slow in self.slow:
            if slow.state == "closed" and slow.due <= now:
                slow.open()
                self.opened += 1
        for key, _ in self.selector.select(0.02):
            try:
                key.data.event()
            except OSError:
                key.data.close()
        self.peak = max(self.peak, sum(s.state != "closed" for s in self.slow))

    def drip(self):
        for slow in self.slow:
            try:
                slow.drip()
            except OSError:
                slow.close()

    def run(self):
        end, drip = time.monotonic() + SECONDS, 0
        while time.monotonic() < end:
            now = time.monotonic()
            self.turn(now)
            if now >= drip:
                self.drip()
                drip = now + 1
        for slow in self.slow:
            slow.close()


def attack_slowly(out):
    attack = Attack()
    attack.run()
    os.write(out, f"slow {attack.peak} at a time, of all {attack.opened} connections\n".encode())


def attack_with_garbage(out):
    """So many as make GARBAGE a second; a machine that is busy takes longer."""
    attack = Attack()
    begin, tried, refused = time.monotonic(), 0, 0
    while tried < GARBAGE * SECONDS and time.monotonic() < begin + 10 * SECONDS:
        if tried < (time.monotonic() - begin) * GARBAGE:
            tried += 1
            try:
                Garbage(tried, attack)
            except OSError:
                refused += 1
        else:
            time.sleep(0.002)
    os.write(out, f"garbage {tried} requests, {refused} of them cut off\n".encode())


# ---- good requests ----

def ask_anew():
    """A client that gets little of the processor is a slow one, and may be sent away: it comes again."""
    for again in range(3):
        try:
            c = Connection(PORT)
            answer = c.ask("GET", "/v1/component/web")
            c.close()
            return answer
        except (OSError, EOFError):
            if again == 2:
                raise


def measure(out):
    """p50, p99 and the worst of both kinds, in milliseconds, and failures."""
    times, failed = {"new": [], "kept": []}, []
    kept = Connection(PORT)
    end = time.monotonic() + SECONDS + 2
    while time.monotonic() < end:
        for kind in ("new", "kept", "kept", "kept"):
            begin = time.monotonic()
            try:
                answer = ask_anew() if kind == "new" else kept.ask("GET", "/v1/component/web")
                if answer.status != 200:
                    failed.append("status")
                times[kind].append(time.monotonic() - begin)
            except (OSError, EOFError) as why:
                failed.append(f"{kind} {why!r}")
                times[kind].append(99)
                if kind == "kept":
                    kept = Connection(PORT)
        time.sleep(0.02)
    for kind, list_ in times.items():
        list_.sort()
        at = [list_[int(len(list_) * q)] * 1000 for q in (0.5, 0.99)] + [list_[-1] * 1000]
        os.write(out, f"{kind} {len(list_)} {at[0]:.1f} {at[1]:.1f} {at[2]:.1f}\n".encode())
    os.write(out, f"failed {len(failed)} {failed[:3]}\n".encode())


# ---- what the agent uses ----

def memory():
    """Resident memory of both processes, in KiB."""
    total = 0
    for pid in PIDS:
        for line in open(f"/proc/{pid}/status"):
            if line.startswith("VmRSS:"):
                total += int(line.split()[1])
    return total


def processor():
    ticks = 0
    for pid in PIDS:
        fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def descriptors():
    return [len(os.listdir(f"/proc/{pid}/fd")) for pid in PIDS]


def start(fn):
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            fn(writer)
        except BaseException as why:
            os.write(writer, f"broken {fn.__name__}: {why!r}\n".encode())
        os._exit(0)
    os.close(writer)
    return pid, os.fdopen(reader)


def main():
    tap = Tap()
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    first = Connection(PORT)
    first.ask("GET", "/v1/component/web")
    first.close()
    time.sleep(0.5)
    before, used, most = descriptors(), processor(), 0
    children = [start(fn) for fn in (attack_slowly, attack_with_garbage, measure)]
    begin = time.monotonic()
    while time.monotonic() < begin + SECONDS + 1:
        most = max(most, memory())
        time.sleep(0.1)
    said = {}
    for pid, reader in children:
        for line in reader:
            print("#", line.rstrip())
            word, _, rest = line.partition(" ")
            said[word] = rest.split()
        os.waitpid(pid, 0)
    over = time.monotonic()
    while descriptors() != before and time.monotonic() < over + 60:
        time.sleep(0.2)
    back = time.monotonic() - over
    print(f"# memory of both at most {most / 1024:.1f} MiB, processor {processor() - used:.1f} s in {SECONDS} s, "
          f"descriptors {before} before, {descriptors()} after {back:.1f} s")
    tap.ok("broken" not in said, "the attack was carried out")
    # how many there are at a time is the agent's choice: it closes what is slow
    tap.ok(int(said["slow"][6]) >= 2 * SLOW and int(said["slow"][0]) >= SLOW / 2,
           "by 1,000 slow connections that come back when they are closed")
    tap.equal(int(said["garbage"][0]), GARBAGE * SECONDS, "and by 2,000 garbage requests")
    tap.ok(int(said["garbage"][2]) < GARBAGE * SECONDS, "of which some were read")
    tap.equal(said["failed"][0], "0", "no good request failed, when it may be made again")
    for kind in ("new", "kept"):
        tap.ok(int(said[kind][0]) > 0, f"requests on {kind} connections were answered")
    small = "both processes together have up to 64 MiB"
    if "-san/" in os.environ.get("CERTFLEET", ""):
        tap.skip(small, "the sanitizers' own memory counts here")
    else:
        tap.ok(most <= 64 * 1024, small)
    tap.ok(descriptors() == before, "their descriptors are back to the start within 60 s")
    c = Connection(PORT)
    tap.equal(c.ask("GET", "/v1/component/web").status, 200, "and it is there as before")


main()
