"""A service manager as far as a service can see: it holds the notification socket, keeps descriptors
that are sent to it, passes them on at the next start, and kills or starts the service when told.

Usage: notify-manager.py SOCKET COMMAND...; reads orders from the file SOCKET.orders, one a line
(`start`, `kill`, `store`), and appends what it is told to SOCKET.said. Ends with its service, unless that was
killed by order.
"""

import array
import json
import os
import select
import signal
import socket
import sys
import time

path, command = sys.argv[1], sys.argv[2:]
notifications = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notifications.bind(path)
notifications.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
said = open(path + ".said", "a", buffering=1)
orders = open(path + ".orders", "a+")
orders.seek(0)
kept = {}


def start():
    pid = os.fork()
    if pid:
        return pid
    os.environ["NOTIFY_SOCKET"] = path
    if kept:
        # First out of the way of the numbers they are to get.
        high = [os.dup2(fd, 100 + at) for at, fd in enumerate(kept.values())]
        for at, fd in enumerate(high):
            os.dup2(fd, 3 + at, inheritable=True)
            os.close(fd)
        os.environ["LISTEN_PID"] = str(os.getpid())
        os.environ["LISTEN_FDS"] = str(len(kept))
        os.environ["LISTEN_FDNAMES"] = ":".join(kept)
    os.execvp(command[0], command)


def receive():
    data, ancillary, _, _ = notifications.recvmsg(4096, 512)
    sender, fds = 0, []
    for _, kind, content in ancillary:
        if kind == socket.SCM_RIGHTS:
            fds = list(array.array("i", content[: len(content) - len(content) % 4]))
        elif kind == socket.SCM_CREDENTIALS:
            sender = array.array("i", content)[0]
    pairs = [line.split("=", 1) for line in data.decode().splitlines()]
    if ["BARRIER", "1"] not in pairs:
        said.write(json.dumps({"pid": sender, "fds": len(fds), **dict(pairs)}) + "\n")
    name = dict(pairs).get("FDNAME", "")
    if ["FDSTORE", "1"] in pairs:
        kept[name] = fds.pop()
    if ["FDSTOREREMOVE", "1"] in pairs and name in kept:
        os.close(kept.pop(name))
    for fd in fds:
        os.close(fd)


pid = start()
signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
expected = False
while True:
    if select.select([notifications], [], [], 0.02)[0]:
        receive()
        continue
    for order in orders.read().split():
        if order == "kill":
            expected = True
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        elif order == "start":
            pid, expected = start(), False
        said.write(json.dumps({"done": order, "kept": sorted(kept)}) + "\n")
    if not expected:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            said.write(json.dumps({"ended": os.waitstatus_to_exitcode(status), "kept": sorted(kept)}) + "\n")
            time.sleep(0)
            sys.exit(max(0, os.waitstatus_to_exitcode(status)))
