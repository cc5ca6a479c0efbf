# SPDX-License-Identifier: Apache-2.0
"""Raw requests and TLS byte streams that nobody here made, each to an agent:
agent_corpus.py PORT FOLDER"""
import json
import os
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from agent_client import Connection, Tap, connect

port, folder = int(sys.argv[1]), sys.argv[2]
tap = Tap()
WITHIN = 60  # seconds; an agent has 10, and may get little of the processor


def talk(sock, data):
    """What is answered, and whether the connection was ended in time."""
    got, end = b"", time.monotonic() + WITHIN
    try:
        sock.sendall(data)
    except OSError:
        pass
    while time.monotonic() < end:
        sock.settimeout(max(0.01, min(1 if b"HTTP/1." in got else WITHIN, end - time.monotonic())))
        try:
            piece = sock.recv(65536)
        except TimeoutError:
            if b"HTTP/1." in got:
                break
            continue
        except OSError:
            return got, True
        if not piece:
            return got, True
        got += piece
    return got, False


def first_bytes(number, data):
    """Where a handshake belongs."""
    source = f"127.10.{number}.1"
    with socket.create_connection(("127.0.0.1", port), WITHIN, (source, 0)) as sock:
        return talk(sock, data)


def inside(number, data):
    """Inside of TLS, as one of the callers."""
    with connect(port, source=f"127.11.{number}.1") as sock:
        return talk(sock, data)


def is_refused(name, got, ended):
    answers = [line.split(b" ")[1][:1] for line in got.split(b"\r\n") if line.startswith(b"HTTP/1.")]
    good = (answers or ended) and all(a in (b"4", b"5") for a in answers)
    if not good:
        print(f"# {name}: ended {ended}, {got[:200]!r}")
    return good


def check(numbered):
    number, entry = numbered
    data = open(os.path.join(folder, entry["file"]), "rb").read()
    good = is_refused("as first bytes", *first_bytes(number, data))
    if entry["cls"] == "http-request":
        good &= is_refused("inside of TLS", *inside(number, data))
    c = Connection(port, source=f"127.12.{number}.1")
    good &= c.ask("GET", "/v1/component/web").status == 200
    c.close()
    return good, f"{entry['id']} ({entry['cls']}) is refused, and a good request afterwards works"


entries = [json.loads(line) for line in open(os.path.join(folder, "index.jsonl"))]
connect(port).close()
with ThreadPoolExecutor(45) as pool:
    for good, text in pool.map(check, enumerate(entries)):
        tap.ok(good, text)
tap.ok(len(entries) > 0, f"{len(entries)} of them")
