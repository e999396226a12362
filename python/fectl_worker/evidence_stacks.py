"""What the threads, asyncio tasks and greenlets of this process do, as text for fectld.

It runs in a signal's handler, in a process that hangs and will be killed: it takes no lock that others may hold, and
calls no code of the application.
"""

from __future__ import annotations

import _thread
import gc
import json
import sys
import threading
import weakref
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional

if TYPE_CHECKING:
    from fectl_worker.evidence import Evidence

__all__ = ["describe", "running", "this_thread"]

# What people read of a stack is its innermost part.
_FRAMES_MAX = 64
_STACKS_MAX = 100
_AWAITABLES = (CoroutineType, GeneratorType, AsyncGeneratorType)

Stack = dict[str, Any]


def _number_of_thread() -> Callable[[], int]:
    monkey = sys.modules.get("gevent.monkey")
    # That of gevent gives the number of a greenlet.
    return monkey.get_original("_thread", "get_ident") if monkey is not None else _thread.get_ident


this_thread = _number_of_thread()


def running() -> Optional[weakref.ref[Any]]:
    """The asyncio task, or the greenlet, in which the caller runs."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        task = asyncio.current_task()
        return weakref.ref(task) if task is not None else None
    greenlet = sys.modules.get("greenlet")
    return weakref.ref(greenlet.getcurrent()) if greenlet is not None else None


def describe(evidence: Evidence, frame: Optional[FrameType], bytes_max: int) -> bytes:
    """JSON; `frame` is where this thread was interrupted. Where it would be too long, the last stacks are left out."""
    driver = evidence.driver() if evidence.driver is not None else None
    stacks = list(_threads(evidence, frame))
    stacks += _tasks(evidence, driver)
    stacks += _greenlets(evidence, driver)
    while True:
        text = json.dumps({"stacks": stacks}, ensure_ascii=False).encode("utf-8", "replace")
        if len(text) <= bytes_max or not stacks:
            return text
        del stacks[len(stacks) // 2 :]


# --- threads ---


def _threads(evidence: Evidence, interrupted: Optional[FrameType]) -> Iterator[Stack]:
    own = this_thread()
    frames = sys._current_frames()
    known = {thread.ident: thread for thread in threading.enumerate()}
    serving = evidence.thread if evidence.thread in frames else own
    for ident in sorted(frames, key=lambda one: one != serving)[:_STACKS_MAX]:
        frame = interrupted if ident == own else frames[ident]
        thread = known.get(ident)
        stack: Stack = {"kind": "thread", "name": thread.name if thread is not None else f"thread {ident}"}
        if thread is not None and thread.native_id is not None:
            stack["id"] = thread.native_id
        if ident == serving:
            stack["serves"] = True
            if ident == own and _waits_for_events(evidence, frame):
                stack["idle"] = True
        yield {**stack, "frames": _frames(frame)}


def _waits_for_events(evidence: Evidence, frame: Optional[FrameType]) -> bool:
    """Whether the event loop of this thread has nothing to run, which is what it is there for."""
    if frame is None:
        return False
    asyncio = sys.modules.get("asyncio")
    loop = asyncio._get_running_loop() if asyncio is not None else None
    if loop is None:
        greenlet = sys.modules.get("greenlet")
        if greenlet is None or "gevent" not in sys.modules:
            return False
        return type(greenlet.getcurrent()).__module__ == "gevent.hub"
    if asyncio.current_task() is not None:
        return False
    if type(loop).__module__.startswith("asyncio."):
        return _module(frame) == "selectors"
    # A loop in C: its caller is what Python knows of it.
    return evidence.loop_caller is None or frame.f_code is evidence.loop_caller


def _frames(frame: Optional[FrameType]) -> list[list[Any]]:
    frames = []
    while frame is not None and len(frames) < _FRAMES_MAX:
        frames.append(_frame(frame))
        frame = frame.f_back
    return frames


def _frame(frame: FrameType) -> list[Any]:
    code = frame.f_code
    function = getattr(code, "co_qualname", code.co_name)
    return [_module(frame), function, code.co_filename, frame.f_lineno or code.co_firstlineno]


def _module(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__", "")
    return name if isinstance(name, str) else ""


# --- asyncio tasks ---


def _tasks(evidence: Evidence, driver: Any) -> list[Stack]:
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return []
    loops = set(evidence.loops)
    here = asyncio._get_running_loop()
    if here is not None:
        loops.add(here)
    tasks: list[Any] = []
    for loop in loops:
        tasks += asyncio.all_tasks(loop)
    return [_task(task, task is driver) for task in sorted(tasks, key=_age)[:_STACKS_MAX]]


def _age(task: Any) -> tuple[int, str]:
    """Tasks are named in the order in which they are made, where nobody names them."""
    name = str(task.get_name())
    number = name.rpartition("-")[2]
    return (int(number) if name.startswith("Task-") and number.isdigit() else sys.maxsize, name)


def _task(task: Any, serves: bool) -> Stack:
    stack: Stack = {"kind": "task", "name": str(task.get_name())}
    if serves:
        stack["serves"] = True
    awaits = _name_of(getattr(task, "_fut_waiter", None))
    if awaits:
        stack["awaits"] = awaits
    return {**stack, "frames": _await_chain(task.get_coro())}


def _name_of(future: Any) -> str:
    """What a task waits for, without any code of the future's own."""
    if future is None:
        return ""
    kind = type(future).__name__
    if kind == "Task":
        return f"Task {future.get_name()}"
    children = getattr(future, "_children", None)
    if isinstance(children, list):
        return f"{kind} of {len(children)}"
    return kind


def _await_chain(awaitable: Any) -> list[list[Any]]:
    """From what waits to what it waits for, across coroutines and generators; the innermost frame first."""
    frames: list[list[Any]] = []
    seen: set[int] = set()
    while awaitable is not None and id(awaitable) not in seen:
        seen.add(id(awaitable))
        # Of the type, so that no __getattr__ of the application runs.
        kind = type(awaitable)
        for frame_name, next_name in (("cr_frame", "cr_await"), ("gi_frame", "gi_yieldfrom"), ("ag_frame", "ag_await")):
            if hasattr(kind, frame_name):
                frame = getattr(awaitable, frame_name)
                if isinstance(frame, FrameType):
                    frames.append(_frame(frame))
                awaitable = getattr(awaitable, next_name, None)
                break
        else:
            # What Python puts between them has no name for what is behind it.
            awaitable = next((one for one in gc.get_referents(awaitable) if isinstance(one, _AWAITABLES)), None)
    frames.reverse()
    return frames[:_FRAMES_MAX]


# --- greenlets ---


def _greenlets(evidence: Evidence, driver: Any) -> list[Stack]:
    greenlet = sys.modules.get("greenlet")
    if greenlet is None:
        return []
    known = set(evidence.greenlets)
    if isinstance(driver, greenlet.greenlet):
        known.add(driver)
    stacks = []
    for one in known:
        # Where it runs just now, its stack is that of the thread.
        if one.dead or one.gr_frame is None:
            continue
        stack: Stack = {"kind": "greenlet", "name": type(one).__name__}
        if one is driver:
            stack["serves"] = True
        stacks.append({**stack, "frames": _frames(one.gr_frame)})
    return stacks
