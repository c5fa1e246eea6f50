"""The smallest WSGI application, no package needed: it says who answers."""

import os


def app(environ, start_response):
    body = f"hello {environ['PATH_INFO']} from Python worker {os.getpid()}\n".encode()
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
