# SPDX-License-Identifier: Apache-2.0
"""A TLS server that drains, for tests: draining.py PORT DIRECTORY [N [stays]]

It loads DIRECTORY/fullchain.pem and key.pem at its start and at each SIGHUP.
After a SIGHUP handshake number N, 2 by default, is served by the old pair and all
others by the new one, as where an old worker of a server still accepts for a
moment; with "stays" every Nth is, as where one of N workers never takes it up.  run/draining.pid holds its process, run/draining.log
a line for each handshake: seconds and new or old.
"""
import os, signal, socket, ssl, sys, time

port, directory = int(sys.argv[1]), sys.argv[2]
late = int(sys.argv[3]) if len(sys.argv) > 3 else 2
stays = len(sys.argv) > 4
contexts, count = [], 0

def load(*_):
    global count
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{directory}/fullchain.pem", f"{directory}/key.pem")
    contexts.append(context)
    count = 0

load()
signal.signal(signal.SIGHUP, load)
listener = socket.create_server(("127.0.0.1", port))
with open("run/draining.pid", "w") as f:
    f.write(f"{os.getpid()}\n")
while True:
    connection, _ = listener.accept()
    count += 1
    age = "old" if (count % late == 0 if stays else count == late) and len(contexts) > 1 else "new"
    with open("run/draining.log", "a") as log:
        log.write(f"{time.monotonic():.6f} {age}\n")
    try:
        connection.settimeout(10)
        with contexts[-2 if age == "old" else -1].wrap_socket(connection, server_side=True) as tls:
            tls.recv(1)
    except OSError:
        pass
