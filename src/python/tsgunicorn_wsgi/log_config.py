"""`logconfig_dict`, `logconfig_json` and `logconfig`: Python's own logging configuration, on top of
ours.

In Gunicorn's order: the first that is given is the one. A configuration that names `gunicorn.error`
takes its lines away from our handler, as there.
"""

from __future__ import annotations

import json
import logging.config
import os
from typing import Any, Dict, Mapping

from .crash import Failure, describe

#: What a configuration may lean on, as in Gunicorn; `root` is given where its handler is.
_DEFAULTS: Dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "generic": {
            "format": "%(asctime)s [%(process)d] [%(levelname)s] %(message)s",
            "datefmt": "[%Y-%m-%d %H:%M:%S %z]",
            "class": "logging.Formatter",
        }
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "generic",
            "stream": "ext://sys.stdout",
        },
        "error_console": {
            "class": "logging.StreamHandler",
            "formatter": "generic",
            "stream": "ext://sys.stderr",
        },
    },
}
_ROOT = {"level": "INFO", "handlers": ["console"]}


def configure(values: Mapping[str, Any]) -> None:
    """Applies the first of the three that is given. Raises Failure 3 with Python's words."""
    name = next(
        name for name in ("logconfig_dict", "logconfig_json", "logconfig") if values.get(name)
    )
    try:
        if name == "logconfig":
            _from_file(str(values[name]))
        else:
            given = values[name] if name == "logconfig_dict" else _read(str(values[name]))
            logging.config.dictConfig(_complete(given))
    except Exception as error:
        cause = error.__cause__ or error.__context__
        because = f" ({describe(cause)})" if cause else ""
        raise Failure(
            3, f"{name}: {describe(error)}{because}. The logging configuration cannot be used."
        ) from error


def _complete(given: Mapping[str, Any]) -> Dict[str, Any]:
    whole = {**_DEFAULTS, **given}
    if "root" not in whole and "console" in whole["handlers"]:
        whole["root"] = _ROOT
    return whole


def _read(path: str) -> Mapping[str, Any]:
    with open(path, encoding="utf-8") as file:
        given = json.load(file)
    if not isinstance(given, dict):
        raise ValueError(f"{path} holds no JSON object")
    return given


def _from_file(path: str) -> None:
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path} does not exist")
    defaults = {"__file__": path, "here": os.path.dirname(os.path.abspath(path))}
    logging.config.fileConfig(path, defaults=defaults, disable_existing_loggers=False)
