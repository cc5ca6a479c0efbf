#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
load.py PORT [STARTTLS]: new handshakes with 127.0.0.1:PORT from several
threads at once, without a pause, until the file run/load.stop is there or two
minutes are over.  A line for each: when it began and ended, then the
fingerprint of the leaf that was presented, or "failed" and why.
"""
import hashlib
import os
import socket
import ssl
import sys
import threading
import time

THREADS = 4
SECONDS = 120
PATIENCE = 20

port = int(sys.argv[1])
starttls = sys.argv[2] if len(sys.argv) > 2 else ""
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
printing = threading.Lock()
end = time.time() + SECONDS


def say_before(plain):
    """What the protocol wants to hear before TLS."""
    if starttls == "postgres":
        plain.sendall(bytes((0, 0, 0, 8, 4, 0xD2, 0x16, 0x2F)))
        if plain.recv(1) != b"S":
            raise OSError("it offers no TLS")


def shake_hands():
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain:
        say_before(plain)
        with context.wrap_socket(plain) as tls:
            return hashlib.sha256(tls.getpeercert(True)).hexdigest()


def load():
    while time.time() < end and not os.path.exists("run/load.stop"):
        begin = time.time()
        try:
            told = shake_hands()
        except OSError as e:
            told = f"failed {e}"
        with printing:
            print(f"{begin:.6f} {time.time():.6f} {told}", flush=True)


threads = [threading.Thread(target=load) for _ in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
