"""What the master asks for people: where the threads are, and a profile of them.

Runs on the control thread and on a hidden one of its own, so that an application that keeps its
threads busy is no hindrance; native code that keeps Python's lock is. It answers each question
once. Limits are those of src/ipc/messages.ts: longer answers would not be believed.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from types import FrameType
from typing import Any, Callable, Dict, List, Optional

from .crash import is_ours, stack_of, thread_names
from .kept import get_ident, monotonic, sleep, start_hidden

Message = Dict[str, Any]

_MOST_STACKS = 200
_MOST_TEXT = 20_000
#: Letters of all stacks together. As JSON each may be six, and the master takes 4 MiB in a line.
_MOST_IN_ALL = 400_000
_MOST_WORDS = 1000
#: Seconds between two looks at all threads: each takes some ten microseconds of Python's lock.
_INTERVAL = 0.01
#: Frames of one stack that are told apart; recursion is no reason to fill a disk.
_DEEPEST = 200


class Asked:
    """Answers questions of the master. `hidden()` gives the threads that are the server's own."""

    def __init__(
        self, send: Callable[[Message], object], hidden: Callable[[], List[Optional[int]]]
    ) -> None:
        self._send = send
        self._hidden = hidden

    def heard(self, message: Message) -> None:
        """A message `ask`; what takes time is begun."""
        ident, question = message.get("id"), message.get("question") or {}
        what = question.get("what")
        if what == "stack":
            self._answer(ident, {"what": "stack", "stacks": self._stacks()})
        elif what == "cpu":
            start_hidden(lambda: self._profile(ident, question))
        else:
            self._fail(ident, f"a Python worker knows nothing of {what!r}")

    def _answer(self, ident: Any, answer: Message) -> None:
        self._send({"type": "answer", "id": ident, "answer": answer})

    def _fail(self, ident: Any, words: str) -> None:
        self._answer(ident, {"what": "failed", "message": words[:_MOST_WORDS]})

    def _stacks(self) -> List[Message]:
        names, hidden = thread_names(), {get_ident(), *self._hidden()}
        idents = [ident for ident in sys._current_frames() if ident not in hidden]
        stacks, left = [], _MOST_IN_ALL
        for ident in idents[:_MOST_STACKS]:
            name = names.get(ident, f"thread {ident}")[:100]
            # The innermost calls stand last.
            text = stack_of(ident)[-min(_MOST_TEXT, max(1, left)) :]
            left -= len(name) + len(text)
            stacks.append({"thread": name, "text": text})
        return stacks

    def _profile(self, ident: Any, question: Message) -> None:
        try:
            with _anew(question["file"]) as file:
                stacks = self._sample(float(question["seconds"]))
                file.writelines(f"{stack} {count}\n" for stack, count in stacks.most_common())
        except Exception as error:
            self._fail(ident, str(error))
            return
        samples = sum(stacks.values())
        note = f"{samples} samples of all threads, those that wait too, {_INTERVAL} s apart at best"
        self._answer(ident, {"what": "cpu", "note": note})

    def _sample(self, seconds: float) -> Counter[str]:
        hidden = {get_ident(), *self._hidden()}
        end = monotonic() + seconds
        found: Counter[str] = Counter()
        while monotonic() < end:
            names = thread_names()
            for ident, frame in sys._current_frames().items():
                if ident not in hidden:
                    found[_collapsed(names.get(ident, "thread"), frame)] += 1
            sleep(_INTERVAL)
        return found


def _anew(path: str) -> Any:
    """A file that did not exist, for its owner alone. Raises OSError."""
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")


def _collapsed(name: str, frame: Optional[FrameType]) -> str:
    """`thread;outermost;...;innermost`, as flame graphs are made of; without our own frames."""
    parts: List[str] = []
    while frame is not None and len(parts) < _DEEPEST:
        code = frame.f_code
        if not is_ours(code.co_filename):
            parts.append(_place(code.co_filename, code.co_name, frame.f_lineno))
        frame = frame.f_back
    return ";".join([name.replace(";", ","), *reversed(parts)])


def _place(file: str, name: str, line: Optional[int]) -> str:
    return f"{name} ({os.path.basename(file)}:{line})".replace(";", ",")
