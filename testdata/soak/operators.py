"""Those who make trouble during the soak. Each has random numbers of its own, and a tally of what it did."""

import collections
import json
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import threading
from typing import Callable

from testdata.e2e.processes import alive
from testdata.guests import base_client
from testdata.soak.stage import WORKERS, Stage


class Operator:
    """Does one of its actions again and again until the round is over."""

    def __init__(self, stage: Stage, seed: str) -> None:
        self.stage = stage
        self.random = random.Random(seed)
        self.done: collections.Counter[str] = collections.Counter()
        self.wrong: list[str] = []

    def actions(self) -> list[Callable[[], None]]:
        raise NotImplementedError

    def play(self, over: threading.Event) -> None:
        actions = self.actions()
        while not over.wait(self.random.uniform(0.05, 1.0)):
            action = self.random.choice(actions)
            self.done[action.__name__.strip("_")] += 1
            try:
                action()
            except Exception as problem:  # pylint: disable=broad-except
                self.wrong.append(f"{type(self).__name__} {action.__name__}: {type(problem).__name__}: {problem}")

    def expect(self, holds: bool, words: str) -> None:
        if not holds:
            self.wrong.append(f"{type(self).__name__}: {words}")

    def fectl(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> "subprocess.CompletedProcess[str]":
        run = self.stage.master.fectl(*arguments)
        said = run.stdout + run.stderr
        self.expect(run.returncode in codes, f"fectl {' '.join(arguments)} ended with {run.returncode}: {said}")
        self.expect(said != "", f"fectl {' '.join(arguments)} said nothing")
        return run


class Gentle(Operator):
    """Treats a service under load as one should: everything succeeds, and no request is lost."""

    def __init__(self, stage: Stage, seed: str, service: str) -> None:
        super().__init__(stage, seed)
        self.service = service

    def actions(self) -> list[Callable[[], None]]:
        return [self.reload, self.restart, self.pause_and_resume, self.look]

    def reload(self) -> None:
        self.fectl("reload", self.service)

    def restart(self) -> None:
        self.fectl("restart", self.service)

    def pause_and_resume(self) -> None:
        self.fectl("pause", self.service)
        threading.Event().wait(self.random.uniform(0, 0.5))
        self.fectl("resume", self.service)

    def look(self) -> None:
        status = json.loads(self.fectl("status", self.service, "--json").stdout)
        self.expect(bool(status), "an empty status")


class Deployer(Operator):
    """Brings out new versions of `deployed`, most of them broken: then the old one must serve on."""

    def actions(self) -> list[Callable[[], None]]:
        return [self.good_version, self.broken_version]

    def good_version(self) -> None:
        self.fectl("reload", "deployed")

    def broken_version(self) -> None:
        place = self.stage.place
        broken = self.random.choice(
            [place.guest("config_error"), place.guest("never_loads"), "/bin/false", "/bin/true", "/dev/null",
             "/nowhere"])
        place.link("deployed", broken)
        try:
            self.fectl("reload", "deployed", codes=(1,))
        finally:
            place.link("deployed", self.stage.good)


class Killer(Operator):
    """Takes workers of `rough`. Not faster than they come back, so that the service does not fail of it."""

    killed = 0

    def actions(self) -> list[Callable[[], None]]:
        return [self.kill, self.kill, self.stop_process, self.fault, self.reload]

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def fault(self) -> None:
        self._signal(signal.SIGSEGV)

    def stop_process(self) -> None:
        self._signal(signal.SIGSTOP)

    def reload(self) -> None:
        self.fectl("reload", "rough", codes=(0, 1))

    def _signal(self, number: int) -> None:
        victim = self.random.choice(self.stage.master.wait_running("rough", WORKERS["rough"]))
        # Only a worker of ours: its parent is the master.
        stat = pathlib.Path(f"/proc/{victim}/stat").read_text(encoding="utf-8", errors="replace")
        if int(stat.rpartition(")")[2].split()[1]) != self.stage.master.pid or not alive(victim):
            return
        self.killed += 1
        os.kill(victim, number)
        self.stage.master.wait_replaced("rough", victim, WORKERS["rough"])
        threading.Event().wait(self.random.uniform(1, 4))


class Clients(Operator):
    """Many clients at once, for `churned` and for questions; some of them are no clients at all."""

    def actions(self) -> list[Callable[[], None]]:
        return [self.command, self.command, self.ask, self.crowd, self.torn, self.garbage, self.walk_away,
                self.fectl_all]

    def command(self) -> None:
        verb = self.random.choice(["start", "stop", "reload", "restart", "pause", "resume"])
        self.fectl(verb, "churned", codes=(0, 1))

    def ask(self) -> None:
        name = self.random.choice([*WORKERS, "nobody"])
        with self.stage.master.client() as client:
            command, _ = client.ask("Status", name)
            expected = "ErrorUnknownService" if name == "nobody" else "ServiceStatus"
            self.expect(command == expected, f"Status of {name} was answered {command}")

    def crowd(self) -> None:
        clients = [self.stage.master.client() for _ in range(self.random.randrange(1, 40))]
        try:
            for client in clients:
                client.send("SPid", "churned")
            for client in clients:
                self.expect(client.answer()[0] == "ServiceWorkerPids", "a crowd's answer is another")
        finally:
            for client in clients:
                client.close()

    def torn(self) -> None:
        with self.stage.master.client() as client:
            client.send_bytes(struct.pack(">H", 500) + b'{"cmd": "St')

    def garbage(self) -> None:
        with self.stage.master.client() as client:
            client.send_bytes(struct.pack(">H", 20) + self.random.randbytes(20))
            try:
                client.answer()
                self.expect(False, "garbage was answered")
            except (base_client.Closed, base_client.Torn, ConnectionError):
                pass

    def walk_away(self) -> None:
        client = self.stage.master.client()
        client.send(self.random.choice(["Reload", "Restart", "Stop", "Start"]), "churned")
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()

    def fectl_all(self) -> None:
        self.fectl("status")


class Mistaken(Operator):
    """Broken configurations, second masters, signals that mean nothing."""

    def actions(self) -> list[Callable[[], None]]:
        return [self.check_broken, self.check_good, self.second_master, self.hang_up, self.reopen,
                self.no_such_service]

    def _fectld(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        place = self.stage.place
        return subprocess.run([str(place.fectld), *arguments], cwd=place.directory, env=place.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)

    def check_broken(self) -> None:
        text = self.random.choice(
            ["[[service]]\nname = 1\n", "[master\n", "", "[[service]]\nname = \"x\"\nnum = -1\n"])
        self.stage.place.write("broken.toml", text)
        run = self._fectld("--check", "-c", "broken.toml")
        self.expect(run.returncode == 2 and "broken.toml" in run.stderr + run.stdout, f"--check: {run}")

    def check_good(self) -> None:
        run = self._fectld("--check")
        self.expect(run.returncode == 0, f"--check: {run}")

    def second_master(self) -> None:
        run = self._fectld()
        self.expect(run.returncode != 0 and run.stderr != "", f"a second master: {run}")

    def hang_up(self) -> None:
        self.stage.master.signal(signal.SIGHUP)

    def reopen(self) -> None:
        self.stage.master.signal(signal.SIGUSR1)

    def no_such_service(self) -> None:
        self.fectl(self.random.choice(["start", "reload", "status"]), "servce", codes=(1,))
