#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
import multiprocessing
import os
import subprocess
import sys


def show():
    value = os.environ["DB_PASSWORD"]
    print("ready", flush=True)
    if not os.read(0, 1):
        return 3
    print(value, flush=True)
    return 7


def worker():
    os._exit(show())


if __name__ == "__main__":
    if sys.argv[1:] == ["spawn"]:  # a fresh interpreter by exec
        multiprocessing.set_start_method("spawn")
        child = multiprocessing.Process(target=worker)
        child.start()
        child.join()
        sys.exit(child.exitcode)
    if len(sys.argv) > 1:
        sys.exit(subprocess.run(sys.argv[1:]).returncode)
    sys.exit(show())
