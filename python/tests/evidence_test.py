"""What a worker writes down when fectld asks it, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

# What fectld does, from inside.
_ASK = """
import json, os, signal, sys
from fectl_worker import evidence
def head():
    return json.loads(os.pread(evidence._evidence._fd, evidence.TOLD_AT, 0).rstrip(b"\\0"))
def ask():
    os.kill(os.getpid(), evidence.TELL_SIGNAL)
def told():
    text = os.pread(evidence._evidence._fd, evidence.DUMP_AT - evidence.TOLD_AT, evidence.TOLD_AT)
    return json.loads(text[:text.index(b"\\n")])["stacks"]
"""


def run(script: str) -> Any:
    """The JSON that the script prints."""
    done = subprocess.run([sys.executable, "-c", _ASK + script], capture_output=True, text=True, check=False,
                          timeout=60, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def names(stack: dict[str, Any]) -> list[str]:
    return [f"{module}.{function}" for module, function, _, _ in stack["frames"]]


_TASKS = """
import asyncio
async def deep():
    await asyncio.Event().wait()
async def generate():
    await deep()
    yield 1
def older():
    yield from deep().__await__()
class Wrapped:
    def __await__(self):
        return older()
async def iterates():
    async for _ in generate():
        pass
async def wraps():
    await Wrapped()
async def gathers():
    await asyncio.gather(deep(), deep())
async def main():
    evidence.take_part()
    tasks = [asyncio.create_task(one(), name=one.__name__) for one in (iterates, wraps, gathers)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    evidence.note_turn()
    loop.call_later(0.01, ask)
    await asyncio.sleep(0.05)
    print(json.dumps(told()))
    for task in tasks:
        task.cancel()
loop = LOOP
loop.run_until_complete(main())
"""


def _expect_chains(stacks: list[dict[str, Any]]) -> None:
    tasks = {stack["name"]: stack for stack in stacks if stack["kind"] == "task"}
    end = ["asyncio.locks.Event.wait", "__main__.deep"]
    assert names(tasks["iterates"]) == [*end, "__main__.generate", "__main__.iterates"]
    assert names(tasks["wraps"]) == [*end, "__main__.older", "__main__.wraps"]
    assert names(tasks["gathers"]) == ["__main__.gathers"]
    assert tasks["gathers"]["awaits"] == "_GatheringFuture of 2"
    (serving,) = [stack for stack in tasks.values() if stack.get("serves")]
    assert names(serving) == ["asyncio.tasks.sleep", "__main__.main"]
    (thread,) = [stack for stack in stacks if stack["kind"] == "thread"]
    assert thread["serves"] and thread["name"] == "MainThread" and thread["id"] > 0


def test_await_chains_are_followed_across_coroutines_and_generators() -> None:
    _expect_chains(run(_TASKS.replace("LOOP", "asyncio.new_event_loop()")))


def test_of_a_loop_in_c_too() -> None:
    _expect_chains(run(_TASKS.replace("LOOP", "__import__('uvloop').new_event_loop()")))


def test_greenlets_that_wait_are_shown() -> None:
    stacks = run("""
from gevent import monkey
monkey.patch_all()
import gevent, gevent.event
def deep():
    evidence.note_turn()
    gevent.event.Event().wait()
evidence.take_part()
waits = gevent.spawn(deep)
evidence.note_greenlet(waits)
gevent.sleep(0.01)
gevent.get_hub().loop.run_callback(ask)
gevent.sleep(0.05)
print(json.dumps(told()))
""")
    (waits,) = [stack for stack in stacks if stack["kind"] == "greenlet"]
    assert waits["serves"] and "__main__.deep" in names(waits)
    (thread,) = [stack for stack in stacks if stack["kind"] == "thread"]
    assert thread["serves"] and thread["idle"]


def test_a_program_keeps_its_own_handlers() -> None:
    found = run("""
mine = []
signal.signal(evidence.TELL_SIGNAL, lambda *_: mine.append(1))
evidence.take_part()
ask()
print(json.dumps([mine, sorted(head())]))
""")
    assert found[0] == [1] and "dump" in found[1] and "tell" not in found[1]


def test_in_another_thread_than_the_first_one_only_faulthandler_is_there() -> None:
    found = run("""
import threading
thread = threading.Thread(target=evidence.take_part)
thread.start()
thread.join()
print(json.dumps(head()))
""")
    assert "dump" in found and "tell" not in found


def test_what_is_written_has_an_end() -> None:
    found = run("""
import threading, time
evidence.take_part()
def deep(depth):
    return time.sleep(60) if depth == 0 else deep(depth - 1)
for number in range(200):
    threading.Thread(target=deep, args=(100,), daemon=True, name="x" * 500).start()
ask()
stacks = told()
grows = False
try:
    os.pwrite(evidence._evidence._fd, b"x", evidence.FILE_BYTES)
    grows = True
except OSError:
    pass
print(json.dumps([len(stacks), stacks[0].get("serves"), max(len(s["frames"]) for s in stacks), grows]), flush=True)
os._exit(0)
""")
    assert 1 < found[0] < 100 and found[1] and found[2] <= 64 and not found[3]


def test_a_system_without_such_files_costs_the_evidence_only() -> None:
    assert run("""
def refuse(*_):
    raise OSError(38, "not here")
os.memfd_create = refuse
evidence.take_part()
evidence.note_turn()
print(json.dumps([evidence._evidence is None, signal.getsignal(evidence.TELL_SIGNAL) is signal.SIG_DFL]))
""") == [True, True]


def test_without_a_master_nothing_is_there() -> None:
    assert run("""
import fectl_worker
worker = fectl_worker.Worker.from_environment()
worker.dispatch()
print(json.dumps([worker.managed, evidence._evidence is None]))
""") == [False, True]


def test_names_that_are_no_utf8_do_no_harm() -> None:
    stacks = run("""
evidence.take_part()
exec(compile("ask()", b"/srv/\\xff.py".decode("utf-8", "surrogateescape"), "exec"))
print(json.dumps(told()))
""")
    assert "/srv/?.py" in [file for _, _, file, _ in stacks[0]["frames"]]
