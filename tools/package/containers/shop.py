"""The application of the examples: replace it with yours."""


async def application(scope, receive, send):
    if scope["type"] == "http":
        body = b"hello\n"
        headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
