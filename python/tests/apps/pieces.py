"""The same answer in three pieces, for both kinds of worker."""

from aiohttp import web

PIECES = (b"one", b"two", b"three")


def application(environ, start_response):
    start_response("200 OK", [])
    return (piece for piece in PIECES)


async def pieces(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for piece in PIECES:
        await response.write(piece)
    await response.write_eof()
    return response


def make_app() -> web.Application:
    app = web.Application()
    app.router.add_get("/", pieces)
    return app
