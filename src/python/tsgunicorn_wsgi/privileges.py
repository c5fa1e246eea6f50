"""From the user that started the server to the one that runs the application, for good. Names were
made ids before.
"""

from __future__ import annotations

import os
from typing import Any, Mapping, Optional

from .crash import Failure


def drop(privileges: Optional[Mapping[str, Any]]) -> None:
    """Takes on `uid` and `gid` (and with `initgroups` all groups of `userName`); nothing to do when
    they are ours.

    Raises Failure when this process is not root, or the system refuses, or would let us come back.
    """
    if not privileges:
        return
    uid, gid = int(privileges["uid"]), int(privileges["gid"])
    if os.geteuid() == uid and os.getegid() == gid:
        return
    if os.geteuid() != 0:
        raise Failure(
            3,
            f"user, group: only root may become {uid}:{gid}, this process is "
            f"{os.geteuid()}:{os.getegid()}. Start as root, or leave the settings out.",
        )
    try:
        _become(uid, gid, privileges.get("userName") if privileges.get("initgroups") else None)
    except OSError as error:
        raise Failure(3, f"user, group: cannot become {uid}:{gid}: {error}") from error
    if uid != 0 and _can_return():
        raise Failure(3, f"user: the system let user {uid} become root again; not going on.")


def _become(uid: int, gid: int, name: Optional[str]) -> None:
    """Groups while we still may, the user last. Gunicorn without initgroups keeps root's groups:
    that is not copied.
    """
    if name is not None:
        os.initgroups(name, gid)
    else:
        os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)


def _can_return() -> bool:
    try:
        os.setuid(0)
    except PermissionError:
        return False
    return True
