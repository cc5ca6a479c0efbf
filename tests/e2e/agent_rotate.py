# SPDX-License-Identifier: Apache-2.0
"""The agent's own pair, changed again and again while others connect:
agent_rotate.py PORT FIRST-CERT FIRST-KEY NEXT-CERT NEXT-KEY"""
import sys
import threading

from agent_client import Connection, Pair, Tap, fingerprint, order
import hashlib

port = int(sys.argv[1])
first, next_one = Pair(*sys.argv[2:4]), Pair(*sys.argv[4:6])
tap = Tap()
failures, served, over = [], set(), threading.Event()


def load():
    while not over.is_set():
        try:
            c = Connection(port)
            served.add(hashlib.sha256(c.sock.getpeercert(True)).hexdigest())
            if c.ask("GET", "/healthz").status != 200:
                failures.append("status")
            c.close()
        except Exception as why:
            failures.append(repr(why))


threads = [threading.Thread(target=load) for _ in range(4)]
for thread in threads:
    thread.start()
kept = Connection(port)
sequence = 0
for round in range(6):
    pair = first if round % 2 else next_one
    sequence += 1
    for action, method, path in (("stage", "PUT", "staged"), ("commit", "POST", "commit"),
                                 ("activate", "POST", "activate")):
        agent = kept.ask("GET", "/v1/component/self").json()["agent"]["spki"]
        got = kept.ask(method, f"/v1/{path}/self", order(agent, action, "self", pair, sequence=sequence))
        if got.status != 200:
            failures.append(got.body)
    c = Connection(port)
    tap.equal(hashlib.sha256(c.sock.getpeercert(True)).hexdigest(), pair.fingerprint,
              f"after change {round + 1} new connections get the new pair")
    c.close()
over.set()
for thread in threads:
    thread.join()
tap.equal(failures[:3], [], "no handshake failed meanwhile")
tap.equal(served, {first.fingerprint, next_one.fingerprint}, "and both were served")
tap.equal(kept.ask("GET", "/healthz").status, 200, "a connection that was there before goes on")
