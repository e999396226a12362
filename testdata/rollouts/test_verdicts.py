"""What a failed reload says, kind by kind: to people, and to programs."""

import json
import re
from typing import Any

import pytest

from testdata.e2e.harness import Place
from testdata.e2e.processes import wait_until

# A worker in a few lines, which does what the file `how` says: before it is loaded, or behind it.
_WORKER = """
import os, signal, sys, time
how, _, value = (open("how").read() if os.path.exists("how") else "").partition(" ")
read_fd, write_fd = map(int, os.environ["FECTL_FD"].split(":"))

def say(text):
    data = text.encode()
    os.write(write_fd, len(data).to_bytes(2, "big") + data)

def die():
    if how.endswith("exits"):
        sys.stderr.write("Traceback (most recent call last):\\\\nKeyError: 'price'\\\\n")
        sys.stderr.flush()
        os._exit(int(value))
    if how.endswith("signal"):
        os.kill(os.getpid(), int(value))
    if how.endswith("config"):
        say('{"cmd":"cfgerror","data":"no such database"}')
        time.sleep(60)
    if how.endswith("garbage"):
        say("this is no message")
        time.sleep(60)
    if how.endswith("silent"):
        time.sleep(60)
    if how.endswith("closes"):
        os.close(write_fd)
        time.sleep(60)

if not how.startswith("late"):
    die()
say('{"cmd":"loaded"}')
if how.startswith("late"):
    time.sleep(0.5)
    die()
import select
while True:
    readable, _, _ = select.select([read_fd], [], [], 0.5)
    say('{"cmd":"hb"}')
    if readable and (not (got := os.read(read_fd, 65536)) or b'"stop"' in got):
        os._exit(0)
""".replace("\\\\n", "\\n")

_KEEPS = "; the old workers keep serving"
_BACK = "; the old workers serve again"
_LINES = ["  | Traceback (most recent call last):", "  | KeyError: 'price'"]
# What `how` says; the words of the failure; what is shown of the worker; its last lines.
_KINDS: list[tuple[str, str, str, list[str]]] = [
    ("exits 3", "worker(N) exited with code 3 before it was loaded" + _KEEPS,
     "worker N (pid P) exited with code 3, before it was loaded", _LINES),
    ("signal 11", "worker(N) was killed by SIGSEGV before it was loaded" + _KEEPS,
     "worker N (pid P) was killed by SIGSEGV, before it was loaded", []),
    ("signal 9", "worker(N) was killed by SIGKILL before it was loaded" + _KEEPS,
     "worker N (pid P) was killed by SIGKILL, before it was loaded", []),
    ("config", "worker(N) configuration error: no such database" + _KEEPS,
     "worker N (pid P) configuration error: no such database, before it was loaded", []),
    ("garbage", "worker(N) broke the worker protocol: W" + _KEEPS,
     "worker N (pid P) broke the worker protocol: W, before it was loaded", []),
    ("silent", "worker(N) did not say `loaded` within 3 s" + _KEEPS,
     "worker N (pid P) did not say `loaded` within 3 s, before it was loaded", []),
    ("late exits 3", "worker(N) exited with code 3, T after it was loaded" + _BACK,
     "worker N (pid P) exited with code 3, T after it was loaded", _LINES),
    ("late signal 11", "worker(N) was killed by SIGSEGV, T after it was loaded" + _BACK,
     "worker N (pid P) was killed by SIGSEGV, T after it was loaded", []),
    ("late config", "worker(N) configuration error: no such database, T after it was loaded" + _BACK,
     "worker N (pid P) configuration error: no such database, T after it was loaded", []),
    ("late garbage", "worker(N) broke the worker protocol: W, T after it was loaded" + _BACK,
     "worker N (pid P) broke the worker protocol: W, T after it was loaded", []),
    ("late silent", "worker(N) sent no heartbeat for 3 s, T after it was loaded" + _BACK,
     "worker N (pid P) sent no heartbeat for 3 s, T after it was loaded", []),
    ("late closes", "worker(N) closed its pipe to fectld but lives on, T after it was loaded" + _BACK,
     "worker N (pid P) closed its pipe to fectld but lives on, T after it was loaded", []),
]


def _normal(text: str) -> str:
    """Without what differs from run to run."""
    text = re.sub(r"worker\(\d\)", "worker(N)", text)
    text = re.sub(r"worker \d \(pid \d+\)", "worker N (pid P)", text)
    text = re.sub(r"[\d.]+ (ms|s) after", "T after", text)
    text = re.sub(r" \(core dumped\)", "", text)
    return re.sub(r"broke the worker protocol: .*?(?=;|, T after|, before|$)", "broke the worker protocol: W", text)


@pytest.mark.parametrize("how,words,worker,lines", _KINDS, ids=[kind[0].replace(" ", "_") for kind in _KINDS])
def test_what_a_failed_reload_says(place: Place, how: str, words: str, worker: str, lines: list[str]) -> None:
    place.write("worker.py", _WORKER)
    late = how.startswith("late")
    master = place.start(
        place.service("web", ["/usr/bin/python3", "worker.py"], num=2, restarts=1, startup_timeout=3 if how == "silent"
                      else 60, timeout=3) + ("[service.rollout]\nbake_time = 600\n" if late else ""))
    old = master.wait_running("web", 2)
    # `late exits 3`: the program reads "late" as the way, and the rest as its value.
    place.write("how", how.replace("late ", "late_"))
    done = master.fectl("reload", "web")
    assert done.returncode == 1 and done.stdout == "", done
    told = _normal(done.stderr).splitlines()
    assert told[0] == f"fectl: web: reload failed: {words}", done.stderr
    assert told[1] == f"  {worker}", done.stderr
    assert told[2:2 + len(lines)] == lines, done.stderr
    assert master.pids("web") == old
    record: dict[str, Any] = json.loads(master.fectl_ok("--json", "rollout", "status", "web"))
    assert record["outcome"] == ("rolled back" if late else "failed"), record
    assert any(_normal(f"worker {one['worker']} (pid {one['pid']}) {one.get('end', '')}") in worker
               for one in record["workers"] if "end" in one), record
    wait_until(lambda: master.state("web") == "running", "the old version serves")
