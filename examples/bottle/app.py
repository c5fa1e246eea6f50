"""Bottle: `tsgunicorn --chdir examples/bottle app:app` (pip install bottle)."""

import os
import time

from bottle import Bottle, request, response, static_file, template

app = Bottle()
# Signs cookies; set it wherever others can reach the site.
SECRET = os.environ.get("BOTTLE_SECRET", "an example's key, known to everybody")


@app.route("/")
def hello():
    return "hello from bottle"


@app.route("/greet/<name>")
def greet(name):
    return template("<p>hello {{name}}</p>", name=name)


@app.route("/visits")
def visits():
    count = int(request.get_cookie("visits", secret=SECRET) or 0) + 1
    response.set_cookie("visits", str(count), secret=SECRET)
    return {"visits": count}


@app.post("/upload")
def upload():
    file = request.files.get("file")
    return {"name": file.raw_filename, "size": len(file.file.read())}


@app.route("/ticks")
def ticks():
    """Each line is sent when it is made."""
    for number in range(3):
        yield f"tick {number}\n"
        time.sleep(0.1)


@app.route("/source")
def source():
    """A file, sent by the server itself."""
    return static_file(os.path.basename(__file__), root=os.path.dirname(os.path.abspath(__file__)))
