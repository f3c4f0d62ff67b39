"""A server for programs that send requests, as the WASI test suite describes it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def serving(described: dict[str, Any]) -> Iterator[str]:
    """The address of a server with endpoints, or of one that is not there (`closed`)."""
    if described.get("kind") == "closed":
        with socket.socket() as made:
            made.bind(("127.0.0.1", 0))  # nobody listens
            yield f"127.0.0.1:{made.getsockname()[1]}"
        return
    handler = type("Handler", (_Handler,), {"endpoints": described.get("endpoints", [])})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    """One connection, and one request."""

    protocol_version = "HTTP/1.1"
    endpoints: list[dict[str, Any]]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Requests are not logged."""

    def parse_request(self) -> bool:
        """Every method is answered in one way."""
        if not super().parse_request():
            return False
        setattr(self, f"do_{self.command}", self._answer)
        return True

    def _answer(self) -> None:
        self.close_connection = True
        try:
            body, trailers = self._body()
        except ValueError:  # it breaks off
            return
        asked = {"method": self.command, "path": self.path}
        endpoint = next((one for one in self.endpoints if asked.items() <= one.items()), {"response": {"status": 404}})
        mode, response = endpoint.get("mode", "static"), endpoint.get("response", {})
        if mode == "echo-body":
            self._reply({"body": body.decode()})
        elif mode == "echo-headers":
            self._reply({"headers": self._echoed(trailers)})
        elif "chunks" in response:
            self._reply_in_chunks(response)
        else:
            self._reply(response)

    def _echoed(self, trailers: Message) -> list[tuple[str, str]]:
        echoed = [("x-request-method", self.command), ("x-request-path", self.path)]
        echoed += [(f"x-echo-{name.lower()}", value) for name, value in self.headers.items()]
        return echoed + [(f"x-trailer-{name.lower()}", value) for name, value in trailers.items()]

    def _body(self) -> tuple[bytes, Message]:
        """The request's body, and its trailers. Raises `ValueError` if it breaks off."""
        trailers = Message()
        if self.headers.get("transfer-encoding") is None:
            return self.rfile.read(int(self.headers.get("content-length", 0))), trailers
        body = b""
        while length := int(self.rfile.readline(), 16):
            body += self.rfile.read(length)
            self.rfile.readline()
        while line := self.rfile.readline().strip().decode():
            name, _, value = line.partition(":")
            trailers[name] = value.strip()
        return body, trailers

    def _head(self, response: dict[str, Any], *more: tuple[str, str]) -> None:
        self.send_response(response.get("status", 200))
        given = response.get("headers", [])
        for name, value in (*(given.items() if isinstance(given, dict) else given), *more, ("connection", "close")):
            self.send_header(name, value)
        self.end_headers()

    def _reply(self, response: dict[str, Any]) -> None:
        body = response.get("body", "").encode()
        self._head(response, ("content-length", str(len(body))))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reply_in_chunks(self, response: dict[str, Any]) -> None:
        trailers = response.get("trailers", {})
        self._head(
            response, ("transfer-encoding", "chunked"), *([("trailer", ", ".join(trailers))] if trailers else [])
        )
        for chunk in response["chunks"]:
            self.wfile.write(f"{len(chunk):x}\r\n{chunk}\r\n".encode())
        self.wfile.write("".join(["0\r\n", *(f"{name}: {trailers[name]}\r\n" for name in trailers), "\r\n"]).encode())
