"""A Flask route with a converter, for `bench:wsgi`."""
from __future__ import annotations

from flask import Flask

application = Flask(__name__)


@application.get("/hello/<name>")
def hello(name: str) -> str:
    return f"hello, {name}"
