"""supervisord: one program with so many processes."""

import shutil

from tools.bench.adapters.adapter import Adapter


class Supervisord(Adapter):
    name = "supervisord"
    program = "supervisord"

    def config(self) -> str:
        folder, workers = self.job.folder, self.job.workers
        return f"""[unix_http_server]
file = {folder}/sock

[supervisord]
nodaemon = true
logfile = /dev/null
logfile_maxbytes = 0
pidfile = {folder}/pid
minfds = {4 * workers + 100}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl = unix://{folder}/sock

[program:bench]
command = {self.job.guest}
numprocs = {workers}
process_name = bench_%(process_num)05d
startsecs = 0
autorestart = true
stdout_logfile = NONE
stderr_logfile = NONE
"""

    def prepare(self) -> None:
        (self.job.folder / "supervisord.conf").write_text(self.config(), encoding="utf-8")

    def command(self) -> list[str]:
        return [shutil.which("supervisord") or "", "-c", str(self.job.folder / "supervisord.conf")]

    def client(self, *words: str) -> list[str]:
        return [shutil.which("supervisorctl") or "", "-c", str(self.job.folder / "supervisord.conf"), *words]
