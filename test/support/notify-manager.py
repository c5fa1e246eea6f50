"""A service manager as far as a service can see: it holds the notification socket, keeps descriptors
that are sent to it, passes them on at the next start, and kills or starts the service when told.
Only the main process may speak (NotifyAccess=main), and names its successor by MAINPID.

Usage: notify-manager.py SOCKET COMMAND...; reads orders from the file SOCKET.orders, one a line
(`start`, `kill`, `store`), and appends what it is told to SOCKET.said. Ends with its service, unless that
was killed by order.
"""

import array
import ctypes
import json
import os
import select
import signal
import socket
import sys

path, command = sys.argv[1], sys.argv[2:]
notifications = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notifications.bind(path)
notifications.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
said = open(path + ".said", "a", buffering=1)
orders = open(path + ".orders", "a+")
orders.seek(0)
kept = {}
# PR_SET_CHILD_SUBREAPER: the main process may be a child of a former one.
ctypes.CDLL(None).prctl(36, 1)


def start():
    pid = os.fork()
    if pid:
        return pid
    os.environ["NOTIFY_SOCKET"] = path
    if "WATCHDOG_USEC" in os.environ:
        os.environ["WATCHDOG_PID"] = str(os.getpid())
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
            for fd in fds:
                os.set_inheritable(fd, False)
        elif kind == socket.SCM_CREDENTIALS:
            sender = array.array("i", content)[0]
    pairs = [line.split("=", 1) for line in data.decode().splitlines()]
    denied = {} if sender == main else {"denied": "1"}
    if ["BARRIER", "1"] not in pairs:
        said.write(json.dumps({"pid": sender, "fds": len(fds), **dict(pairs), **denied}) + "\n")
    if not denied:
        obey(dict(pairs), pairs, fds)
    for fd in fds:
        os.close(fd)


def obey(values, pairs, fds):
    global main
    main = int(values.get("MAINPID", main))
    name = values.get("FDNAME", "")
    if ["FDSTORE", "1"] in pairs:
        kept[name] = fds.pop()
    if ["FDSTOREREMOVE", "1"] in pairs and name in kept:
        os.close(kept.pop(name))


main = start()
signal.signal(signal.SIGTERM, lambda *_: os.kill(main, signal.SIGTERM))
expected = False
while True:
    if select.select([notifications], [], [], 0.02)[0]:
        receive()
        continue
    for order in orders.read().split():
        if order == "kill":
            expected = True
            os.kill(main, signal.SIGKILL)
            os.waitpid(main, 0)
        elif order == "start":
            main, expected = start(), False
        said.write(json.dumps({"done": order, "kept": sorted(kept)}) + "\n")
    try:
        ended, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        continue
    if ended == main and not expected:
        code = os.waitstatus_to_exitcode(status)
        said.write(json.dumps({"ended": code, "kept": sorted(kept)}) + "\n")
        sys.exit(max(0, code))
