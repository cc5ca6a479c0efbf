#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
load.py PORT [STARTTLS]: new handshakes with 127.0.0.1:PORT from several
threads at once, until the file run/load.stop is there or two minutes are over.
Between them is a short pause: with both processors taken, by threads that are
made for one handshake each, others may not get to run for minutes.  A line for each: when it began and ended, then the
fingerprint of the leaf that was presented, or "failed" and why.
"""
import hashlib
import os
import re
import socket
import ssl
import sys
import threading
import time

THREADS = 6
SECONDS = 120
PATIENCE = 60
PAUSE = 0.01

port = int(sys.argv[1])
starttls = sys.argv[2] if len(sys.argv) > 2 else ""
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
printing = threading.Lock()
together = threading.Barrier(THREADS)
end = time.time() + SECONDS


# What each protocol wants to hear before TLS, and what each answer ends with.
DIALOGUES = {
    "": [],
    "postgres": [(bytes((0, 0, 0, 8, 4, 0xD2, 0x16, 0x2F)), rb"S")],
    "imap": [(b"", rb"\* OK.*\n"), (b"a STARTTLS\r\n", rb"a OK.*\n")],
    "ldap": [
        (b"0\x1d\x02\x01\x01w\x18\x80\x161.3.6.1.4.1.1466.20037",
         rb"0.\x02\x01\x01x.\n\x01\x00.*"),
    ],
}


def say_before(plain):
    for words, answer in DIALOGUES[starttls]:
        plain.sendall(words)
        heard = b""
        while not re.fullmatch(answer, heard, re.DOTALL):
            more = plain.recv(1000)
            if not more:
                raise OSError(f"after {heard!r} it hung up")
            heard += more


def shake_hands():
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain:
        say_before(plain)
        with context.wrap_socket(plain) as tls:
            return hashlib.sha256(tls.getpeercert(True)).hexdigest()


def wait_for_others():
    time.sleep(PAUSE)
    try:
        together.wait()
    except threading.BrokenBarrierError:
        pass


def load():
    while time.time() < end and not os.path.exists("run/load.stop"):
        wait_for_others()
        begin = time.time()
        try:
            told = shake_hands()
        except OSError as e:
            told = f"failed {e}"
        with printing:
            print(f"{begin:.6f} {time.time():.6f} {told}", flush=True)
    together.abort()


threads = [threading.Thread(target=load) for _ in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
