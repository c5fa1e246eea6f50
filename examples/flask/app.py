"""Flask: `tsgunicorn --chdir examples/flask app:app` (pip install flask)."""

import hashlib
import os
import time

from flask import Flask, Response, jsonify, request, send_file, session

app = Flask(__name__)
# Signs the session's cookie; set it wherever others can reach the site.
app.secret_key = os.environ.get("FLASK_SECRET_KEY", "an example's key, known to everybody")


@app.route("/")
def hello():
    return "hello from flask"


@app.route("/greet/<name>")
def greet(name):
    return jsonify(greeting=f"hello {name}", times=request.args.get("times", 1, type=int))


@app.route("/visits")
def visits():
    """Flask keeps the session in the cookie itself, signed."""
    session["visits"] = session.get("visits", 0) + 1
    return jsonify(visits=session["visits"])


@app.route("/upload", methods=["POST"])
def upload():
    """Large files are spooled to disk by Werkzeug while they come."""
    file = request.files["file"]
    digest = hashlib.sha256()
    size = 0
    for piece in iter(lambda: file.stream.read(65536), b""):
        digest.update(piece)
        size += len(piece)
    return jsonify(name=file.filename, size=size, sha256=digest.hexdigest())


@app.route("/ticks")
def ticks():
    """Each line is sent when it is made."""

    def lines():
        for number in range(3):
            yield f"tick {number}\n"
            time.sleep(0.1)

    return Response(lines(), mimetype="text/plain")


@app.route("/source")
def source():
    """A file, with ranges and an ETag; the server sends its bytes, not Python."""
    return send_file(__file__, mimetype="text/x-python", conditional=True)
