"""aiohttp applications that the tests serve."""

import asyncio
import os
import time

from aiohttp import WSMsgType, web

RELEASED = web.AppKey("released", asyncio.Event) if hasattr(web, "AppKey") else "released"


async def hello(request: web.Request) -> web.Response:
    return web.Response(text=f"hello from {os.getpid()}")


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


async def held(request: web.Request) -> web.Response:
    """Answers when somebody asks for /release."""
    await request.app[RELEASED].wait()
    return web.Response(text="held")


async def stream(request: web.Request) -> web.StreamResponse:
    """The first half at once, the second when somebody asks for /release."""
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"first half, ")
    await request.app[RELEASED].wait()
    await response.write(b"second half")
    await response.write_eof()
    return response


async def release(request: web.Request) -> web.Response:
    request.app[RELEASED].set()
    return web.Response(text="released")


async def never(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    return web.Response(text="never")


async def block(request: web.Request) -> web.Response:
    """Holds up the whole loop until the test removes the file which this makes."""
    path = os.environ["SHOP_BLOCK_FILE"]
    with open(path, "w", encoding="utf-8"):
        pass
    while os.path.exists(path):
        time.sleep(0.005)
    return web.Response(text="blocked")


async def fails(request: web.Request) -> web.Response:
    raise RuntimeError("this handler always fails")


async def me(request: web.Request) -> web.Response:
    worker = request.app["fectl_worker"]
    return web.json_response({"service": worker.service, "index": worker.index, "scheme": request.scheme})


async def chat(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    request.app["chats"].add(socket)
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(message.data)
    finally:
        request.app["chats"].discard(socket)
    return socket


async def close_chats(app: web.Application) -> None:
    for socket in set(app["chats"]):
        await socket.close(message=b"going away")


async def leave_a_mark(app: web.Application) -> None:
    if "SHOP_CLEANUP_FILE" in os.environ:
        with open(os.environ["SHOP_CLEANUP_FILE"], "a", encoding="utf-8") as file:
            file.write("cleaned up\n")


async def make_app() -> web.Application:
    app = web.Application()
    app[RELEASED] = asyncio.Event()
    app["chats"] = set()
    app.router.add_get("/", hello)
    app.router.add_post("/echo", echo)
    app.router.add_get("/held", held)
    app.router.add_get("/stream", stream)
    app.router.add_get("/release", release)
    app.router.add_get("/never", never)
    app.router.add_get("/block", block)
    app.router.add_get("/fails", fails)
    app.router.add_get("/me", me)
    app.router.add_get("/chat", chat)
    app.on_shutdown.append(close_chats)
    app.on_cleanup.append(leave_a_mark)
    return app


async def _fails_at_startup(app: web.Application) -> None:
    raise ConnectionError("no database at db:5432")


def make_broken_app() -> web.Application:
    app = web.Application()
    app.on_startup.append(_fails_at_startup)
    return app


async def _fails_at_cleanup(app: web.Application) -> None:
    raise ConnectionError("the database is gone")


async def make_app_with_broken_end() -> web.Application:
    app = await make_app()
    app.on_cleanup.append(_fails_at_cleanup)
    return app


async def _hangs_at_startup(app: web.Application) -> None:
    app["fectl_worker"].status("connecting to nowhere")
    await asyncio.Event().wait()


def make_hanging_app() -> web.Application:
    app = web.Application()
    app.on_startup.append(_hangs_at_startup)
    return app


not_an_app = 42

the_only_one = web.Application()
