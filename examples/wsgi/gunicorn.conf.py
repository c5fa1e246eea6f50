"""A configuration in Python, as Gunicorn reads it: values may be computed, hooks run in the master or in the workers."""

import os
import time

bind = "127.0.0.1:" + os.environ.get("PORT", "8000")
workers = min(4, os.cpu_count() or 1)
threads = 2
accesslog = "-"


def when_ready(server):
    server.log.info("serving with %d workers", server.num_workers)


def pre_request(worker, req):
    req.begun = time.monotonic()


def post_request(worker, req, environ, resp):
    spent = (time.monotonic() - req.begun) * 1000
    worker.log.debug("%s %s: %s in %.1f ms", req.method, req.path, resp.status, spent)
