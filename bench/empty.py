"""Empty FastAPI routes on our own web server: what no route of Kersey can be faster than.

`python -m bench.empty` serves `/async` and `/sync`, says on which port, and ends at SIGTERM.
"""

import sys

from fastapi import FastAPI, Response

from deploy.web_server import listen, serve

app = FastAPI()


@app.get("/async")
async def asynchronous() -> Response:
    """Answers in the event loop."""
    return Response()


@app.get("/sync")
def synchronous() -> Response:
    """Answers in a thread of the pool, as routes that use the database do."""
    return Response()


if __name__ == "__main__":
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    serve(app, listener, lambda: print(port, flush=True, file=sys.stdout))  # noqa: T201
