"""Stands in for the side process: it reads a configuration and runs its hooks, by the lines of src/front/README.md."""

import importlib
import json
import os
import sys
import traceback
import types

answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
space: dict = {}


def say(**message):
    answers.write(json.dumps(message) + "\n")


def load(request):
    global space
    if "module" in request:
        sys.path.insert(0, os.getcwd())
        module = importlib.import_module(request["module"])
        space, path = vars(module), module.__file__
    else:
        path = request["file"]
        space = {"__name__": "__config__", "__file__": path}
    source = request.get("source") or open(path).read()
    if "module" not in request:
        exec(compile(source, path, "exec"), space)
    values, hooks, objects = {}, [], {}
    for name, value in space.items():
        if name.startswith("_"):
            continue
        if isinstance(value, type):
            objects[name] = "class '%s.%s'" % (value.__module__, value.__qualname__)
        elif callable(value):
            hooks.append(name)
        else:
            try:
                values[name] = json.loads(json.dumps(value))
            except TypeError:
                kind = type(value)
                what = "object of class '%s.%s'" % (kind.__module__, kind.__qualname__)
                objects[name] = "module '%s'" % name if isinstance(value, types.ModuleType) else what
    return {"values": values, "hooks": hooks, "objects": objects, "source": source, "file": path, "files": [path]}


class Log:
    def __getattr__(self, level):
        return lambda message: say(log={"level": level, "message": message})


class Facts:
    def __init__(self, facts):
        self.__dict__.update(facts)
        self.log = Log()
        self.cfg = types.SimpleNamespace(**facts.get("cfg", {}))


def hook(request):
    given = [Facts(request[name]) for name in ("server", "worker") if name in request]
    space[request["name"]](*given, *request.get("args", []))


for line in sys.stdin:
    request = json.loads(line)
    try:
        say(id=request["id"], ok=load(request) if request["do"] == "load" else hook(request))
    except BaseException as error:
        at = getattr(error, "lineno", None) or traceback.extract_tb(error.__traceback__)[-1].lineno
        words = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[-1]
        say(id=request["id"], error={"message": words, "traceback": traceback.format_exc(), "line": at})
