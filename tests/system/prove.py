#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# A service that has a secret and proves it without telling it: whoever reads the FIFO that is its argument gets one line with
# digests of the variable as it sees it, and as a program sees it that it starts anew.
import hashlib
import os
import socket
import subprocess
import sys

fifo = sys.argv[1]
if "--daemonize" in sys.argv and (daemon := os.fork()):
    with open(sys.argv[sys.argv.index("--pid-file") + 1], "w") as file:
        file.write(f"{daemon}\n")
    os._exit(0)
passed = "none"
if os.environ.get("LISTEN_PID") == str(os.getpid()):
    passed = socket.socket(fileno=3).getsockname()
if "NOTIFY_SOCKET" in os.environ:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
        line.send(b"READY=1")
while True:
    reader = os.open(fifo, os.O_WRONLY)
    own = hashlib.sha256(os.environ["DB_PASSWORD"].encode()).hexdigest()
    child = subprocess.run(["sh", "-c", 'printf %s "$DB_PASSWORD" | sha256sum'], capture_output=True, text=True)
    try:
        os.write(reader, f"pid={os.getpid()} own={own} child={child.stdout[:64]} socket={passed}\n".encode())
    except BrokenPipeError:
        pass  # the reader of before, which has its line
    os.close(reader)
