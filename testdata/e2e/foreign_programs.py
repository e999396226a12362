"""Programs that know nothing of fectl, as services of a master: what they are started with under fectl-run."""

import dataclasses
import os
import shutil
from typing import Any, Optional

import pytest

from testdata.e2e.harness import Place, tcp

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_ASGI = '''
import os


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    await receive()
    body = b"pid %d" % os.getpid()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
'''

_WSGI = '''
import os


def app(environ, start_response):
    body = b"pid %d" % os.getpid()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
'''

_NODE = '''
const server = require("http").createServer((request, response) => response.end("pid " + process.pid));
server.listen({fd: 3}, () => console.log("listening"));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
'''

_NGINX = '''
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    server {{
        listen 127.0.0.1:{port} backlog=256;
        location / {{ return 200 "pid $pid"; }}
    }}
}}
'''

# READY=1 and the like, as every library for it does it.
NOTIFY = '''
import os
import socket


def say(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])
'''

_SPEAKS = '''
import http.server
import os
import signal
import socket
import sys
import threading

from notify import say


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"pid %d" % os.getpid()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *unused):
        pass


assert os.environ["LISTEN_PID"] == str(os.getpid())
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers, bind_and_activate=False)
server.socket = socket.socket(fileno=3)
# Of all that wait for a connection one gets it; the others must not wait on, deaf to shutdown().
server.socket.setblocking(False)
signal.signal(signal.SIGTERM, lambda *unused: threading.Thread(target=server.shutdown).start())
say("STATUS=serving\\nREADY=1")
server.serve_forever(poll_interval=0.05)
say("STOPPING=1")
'''


@dataclasses.dataclass(frozen=True)
class Kind:
    """What stands in fectld.toml of one kind of server; {folder} is the test's."""

    program: str  # what must be installed
    command: str
    ready: str
    stop_signal: Optional[str] = None


KINDS = {
    "uvicorn": Kind("/usr/lib/python3/dist-packages/uvicorn",
                    "/usr/bin/python3 -m uvicorn --fd {{fd:http}} asgi_app:app", "log:Application startup complete"),
    "gunicorn": Kind("gunicorn", "gunicorn --threads 4 wsgi_app:app", "http:/"),
    "hypercorn": Kind("hypercorn", "hypercorn --bind fd://{{fd:http}} asgi_app:app", "log:Running on"),
    "node": Kind("node", "node server.js", "log:listening"),
    # nginx takes sockets from its predecessor at an upgrade, named in this variable.
    "nginx": Kind("nginx", "sh -c 'exec env \"NGINX={{fd:http}};\" nginx -e stderr -p {folder} -c nginx.conf "
                  "-g \"daemon off; pid {folder}/nginx.$$.pid;\"'", "http:http/", "QUIT"),
    "notify": Kind("python3", "/usr/bin/python3 speaks.py", "notify"),
}


def require(program: str) -> None:
    if not os.path.exists(program) and shutil.which(program, path=_PATH) is None:
        pytest.skip(f"{program} is not installed")


def surroundings(found: Place) -> list[str]:
    """For `environ`: what a killed fectl-run leaves is removed with the test's folder."""
    return ["PATH=" + _PATH, f"TMPDIR={found.directory}"]


def write_applications(found: Place, port: int) -> None:
    found.write("asgi_app.py", _ASGI)
    found.write("wsgi_app.py", _WSGI)
    found.write("server.js", _NODE)
    found.write("notify.py", NOTIFY)
    found.write("speaks.py", _SPEAKS)
    found.write("nginx.conf", _NGINX.format(folder=found.directory, port=port))


def configured(found: Place, name: str, port: int, **values: Any) -> str:
    """The sections of the service `web` that runs this kind of server, and of its socket."""
    kind = KINDS[name]
    require(kind.program)
    write_applications(found, port)
    keys: dict[str, Any] = {"ready": kind.ready, "environ": [*surroundings(found), "PYTHONUNBUFFERED=1"]}
    if kind.stop_signal is not None:
        keys["stop_signal"] = kind.stop_signal
    command = kind.command.format(folder=found.directory)
    return tcp("http", port) + found.service("web", command, **{**keys, **values})


def program(found: Place, text: str, **values: Any) -> str:
    """The section of the service `web` that runs this Python program."""
    found.write("notify.py", NOTIFY)
    found.write("program.py", text)
    return found.service("web", "/usr/bin/python3 program.py", **{"environ": surroundings(found), **values})
