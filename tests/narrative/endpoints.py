"""A server on loopback that plays a chat-completions endpoint, well-behaved and hostile.

Each test hands it the plays it makes, one per request; the last repeats. It records what it was
sent and stops with the `with` block, whatever a play still does.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Play = Callable[["Handler"], None]
USAGE = {"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 960}


class Endpoint(ThreadingHTTPServer):
    """The server, its plays and the requests it got: path, headers and decoded body."""

    daemon_threads = True

    def __init__(self, plays: tuple[Play, ...]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.plays = plays
        self.requests: list[dict[str, Any]] = []
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is part of the play."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Endpoint

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        held = self.server.requests
        headers = {name.lower(): value for name, value in self.headers.items()}
        held.append({"path": self.path, "headers": headers, "body": json.loads(body)})
        self.server.plays[min(len(held), len(self.server.plays)) - 1](self)

    do_GET = do_POST  # noqa: N815

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def drip(self, data: bytes, pause: float) -> None:
        """A byte at a time, until all is sent or the server stops."""
        for byte in data:
            if self.server.over.wait(pause):
                return
            self.wfile.write(bytes([byte]))
            self.wfile.flush()

    @property
    def asked(self) -> dict[str, Any]:
        """The request that is being answered."""
        return self.server.requests[-1]["body"]

    def log_message(self, *args: object) -> None:
        """No log."""


@contextmanager
def endpoint(*plays: Play) -> Iterator[Endpoint]:
    """Serve the plays until the block ends."""
    server = Endpoint(plays)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def completion(text: str | None, finish: str = "stop", usage: Any = USAGE, **message: Any) -> bytes:
    """A chat completion as an endpoint words it."""
    choice = {
        "index": 0,
        "finish_reason": finish,
        "message": {"role": "assistant", "content": text, **message},
    }
    held = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
    return json.dumps({**held, "usage": usage}).encode()


def says(text: str | None, **how: Any) -> Play:
    return lambda handler: handler.answer(200, completion(text, **how))


def body(raw: bytes, **headers: str) -> Play:
    return lambda handler: handler.answer(200, raw, **headers)


def status(code: int, text: str = "", **headers: str) -> Play:
    error = json.dumps({"error": {"message": text, "type": "x", "code": None}}).encode()
    return lambda handler: handler.answer(code, error, **headers)


def drops(after: bytes = b"") -> Play:
    """Hang up, after these bytes."""

    def play(handler: Handler) -> None:
        handler.wfile.write(after)
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    return play


def drips(data: bytes, pause: float = 0.02) -> Play:
    """Send everything, headers included, a byte at a time."""

    def play(handler: Handler) -> None:
        handler.drip(data, pause)
        handler.close_connection = True

    return play


def silent(handler: Handler) -> None:
    """Say nothing until the server stops."""
    handler.server.over.wait(30)
    handler.close_connection = True
