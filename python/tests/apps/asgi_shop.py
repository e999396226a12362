"""ASGI applications that the tests serve."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from typing import Any

import fectl_worker
from memory import asgi as memory

released = asyncio.Event()


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "websocket":
        await chat(receive, send)
    else:
        await PATHS.get(scope["path"], hello)(scope, receive, send)


async def lifespan(receive: Any, send: Any) -> None:
    await receive()
    leave_a_mark("started")
    await send({"type": "lifespan.startup.complete"})
    await receive()
    leave_a_mark("stopped")
    await send({"type": "lifespan.shutdown.complete"})


def leave_a_mark(text: str) -> None:
    if "SHOP_MARKS_FILE" in os.environ:
        with open(os.environ["SHOP_MARKS_FILE"], "a", encoding="utf-8") as file:
            file.write(f"{text}\n")


async def answer(send: Any, body: bytes, status: int = 200) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await answer(send, f"hello from {os.getpid()}".encode())


async def echo(scope: Any, receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await answer(send, body)


async def late(scope: Any, receive: Any, send: Any) -> None:
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, over.set)
    await over.wait()
    await hello(scope, receive, send)


async def held(scope: Any, receive: Any, send: Any) -> None:
    """Answers when somebody asks for /release."""
    await released.wait()
    await answer(send, b"held")


async def stream(scope: Any, receive: Any, send: Any) -> None:
    """The first half at once, the second when somebody asks for /release."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first half, ", "more_body": True})
    await released.wait()
    await send({"type": "http.response.body", "body": b"second half"})


async def events(scope: Any, receive: Any, send: Any) -> None:
    """Server-sent events without end."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    await send({"type": "http.response.body", "body": b"data: first\n\n", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass


async def release(scope: Any, receive: Any, send: Any) -> None:
    released.set()
    await answer(send, b"released")


async def never(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.Event().wait()


async def block(scope: Any, receive: Any, send: Any) -> None:
    """Holds up the whole loop."""
    threading.Event().wait()


async def fails(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("this request always fails")


async def about(scope: Any, receive: Any, send: Any) -> None:
    """What the application sees of the request."""
    worker = fectl_worker.current()
    seen = {
        "scheme": scope["scheme"],
        "client": scope["client"],
        "root_path": scope["root_path"],
        "service": worker.service if worker is not None else None,
    }
    await answer(send, json.dumps(seen).encode())


async def chat(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})
    leave_a_mark(f"websocket ended with {message.get('code')}")


PATHS = {
    "/about": about,
    "/block": block,
    "/blocks": memory,
    "/echo": echo,
    "/events": events,
    "/fails": fails,
    "/held": held,
    "/late": late,
    "/never": never,
    "/release": release,
    "/stream": stream,
}


def make_app() -> Any:
    return app


async def make_app_later() -> Any:
    return app


def make_nothing() -> int:
    return 42


async def raises(scope: Any, receive: Any, send: Any) -> None:
    raise ConnectionError("no database at db:5432")


async def says_failed(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no licence for today"})


async def says_failed_with_a_traceback(scope: Any, receive: Any, send: Any) -> None:
    """As Starlette does it, which raises the exception as well."""
    import traceback

    await receive()
    try:
        raise ConnectionError("no database at db:5432")
    except ConnectionError:
        await send({"type": "lifespan.startup.failed", "message": traceback.format_exc()})
        raise


async def hangs(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    worker = fectl_worker.current()
    assert worker is not None
    worker.status("connecting to nowhere")
    await asyncio.Event().wait()


async def http_only(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    await hello(scope, receive, send)


async def fails_at_the_end(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await hello(scope, receive, send)
        return
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    raise ConnectionError("the database is gone")


not_an_app = 42
