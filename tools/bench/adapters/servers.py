"""The servers that are reloaded under load: the demonstration's under fectld, gunicorn, HAProxy."""

import os
import shutil
import signal

from tools.bench import processes
from tools.bench.adapters.fectld import toml_section
from tools.bench.adapters.server import BODY, WORKERS, Server


class HelloUnderFectld(Server):
    name = "fectld"

    def config(self) -> str:
        http = {"name": "http", "host": "127.0.0.1", "port": self.port}
        service = {"name": "web", "num": WORKERS, "command": [str(self.programs / "testdata/demo/hello_cpp")]}
        return (
            toml_section("[master]", {"sock": str(self.folder / "sock")})
            + toml_section("[[socket]]", http)
            + toml_section("[[service]]", service)
        )

    def prepare(self) -> None:
        (self.folder / "fectld.toml").write_text(self.config(), encoding="utf-8")
        (self.folder / "fectld.toml").chmod(0o644)

    def command(self) -> list[str]:
        return [str(self.programs / "master/fectld"), "-c", str(self.folder / "fectld.toml")]

    def reload(self) -> None:
        client = [self.programs / "client/fectl", "--sock", self.folder / "sock", "reload", "web"]
        processes.wall_ns(client, os.environ)  # which fails if the reload does


class Gunicorn(Server):
    name = "gunicorn"
    program = "gunicorn"

    def prepare(self) -> None:
        application = f"""
BODY = {BODY.encode()!r}


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))])
    return [BODY]
"""
        (self.folder / "bench_hello.py").write_text(application, encoding="utf-8")

    def command(self) -> list[str]:
        # Threads: its plain workers keep no connection.
        workers = ["--worker-class", "gthread", "--workers", str(WORKERS), "--threads", "16", "--keep-alive", "5"]
        place = ["--chdir", str(self.folder), "--bind", f"127.0.0.1:{self.port}"]
        return [shutil.which("gunicorn") or "", *workers, *place, "bench_hello:application"]


class Haproxy(Server):
    name = "haproxy"
    program = "haproxy"
    reload_signal = signal.SIGUSR2

    def config(self) -> str:
        # The socket hands the listeners over to the next process, so that none is closed in between.
        return f"""global
  nbthread {WORKERS}
  stats socket {self.folder}/admin mode 600 level admin expose-fd listeners

defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s

frontend bench
  bind 127.0.0.1:{self.port}
  http-request return status 200 content-type text/plain string "{BODY}"
"""

    def prepare(self) -> None:
        (self.folder / "haproxy.cfg").write_text(self.config(), encoding="utf-8")

    def command(self) -> list[str]:
        return [shutil.which("haproxy") or "/usr/sbin/haproxy", "-W", "-db", "-f", str(self.folder / "haproxy.cfg")]


SERVERS: list[type[Server]] = [HelloUnderFectld, Gunicorn, Haproxy]
