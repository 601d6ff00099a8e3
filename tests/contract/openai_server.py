"""An OpenAI-compatible server on loopback, whose behaviour a test decides."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from pytest_humaneval.finish_reasons import finish_reason


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server does with one request.

    ``raw`` replaces a well-formed answer, ``body`` its fields, ``events`` make it a stream. ``delay`` is in seconds,
    ``hang`` holds the connection until the server stops, ``drop`` closes it without an answer.
    """

    text: str | None = "    pass\n"
    finish_reason: str = "stop"
    tokens: int = 0  # of the answer, as the usage says; 0 is what goes with the reason
    logprobs: tuple[float, ...] = ()  # of the tokens, given when they are asked for
    status: int = 200
    error: str = ""
    raw: bytes | None = None
    body: dict[str, Any] | None = None
    events: tuple[dict[str, Any], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    hang: bool = False
    drop: bool = False


Behaviour = Callable[[dict[str, Any]], Reply]


class FakeServer:
    """Serves until it is stopped. ``requests`` are the bodies received, ``most_at_once`` the largest crowd of them."""

    def __init__(
        self,
        behaviour: Behaviour = lambda body: Reply(),
        *,
        models: Sequence[str] = ("tiny",),
        key: str = "",
        lists_models: bool = True,
        max_stops: int = 100,
        takes_any_name: bool = False,
        models_page: bytes = b"",
    ) -> None:
        self.models_page = models_page  # in place of the list of models
        self.takes_any_name = takes_any_name
        self.paths: list[str] = []
        self.behaviour = behaviour
        self.models = tuple(models)
        self.key = key
        self.lists_models = lists_models
        self.max_stops = max_stops
        self.requests: list[dict[str, Any]] = []
        self.most_at_once = 0
        self.stopped = threading.Event()
        self._at_once = 0
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """The server's root, without /v1."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        """Die: refuse new connections and cut those there are."""
        if not self.stopped.is_set():
            self.stopped.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            for connection in list(self._connections):
                with contextlib.suppress(OSError):  # it is closed already
                    connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def connected(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)

    def disconnected(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)

    def reply_to(self, body: dict[str, Any]) -> Reply:
        with self._lock:
            self.requests.append(body)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        if body.get("model") not in self.models and not self.takes_any_name:
            return Reply(status=404, error=f"The model `{body['model']}` does not exist.")
        if len(body.get("stop", ())) > self.max_stops:  # in vLLM's words
            return Reply(status=400, error=f"{{'loc': 'body.stop', 'msg': 'at most {self.max_stops} items'}}")
        return self.behaviour(body)

    def done(self) -> None:
        with self._lock:
            self._at_once -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, fake: FakeServer) -> None:
        self.fake = fake
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: clients go away in the middle, which is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.fake.connected(self.connection)

    def finish(self) -> None:
        self.server.fake.disconnected(self.connection)
        super().finish()

    def log_message(self, *arguments: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        fake = self.server.fake
        if not self._has_key():
            return
        path = self.path.partition("?")[0]
        if path == "/health":  # which routers ask, and the engine does not
            self._send(200, {})
        elif path == "/v1/models" and fake.models_page:
            kind = "text/html" if b"<" in fake.models_page else "application/json"
            self._send_bytes(200, fake.models_page, kind=kind)
        elif path == "/v1/models" and fake.lists_models:
            self._send(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in fake.models]})
        else:
            self._send(404, {"detail": "Not Found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._has_key():
            return
        kinds = {"/v1/completions": "completion", "/v1/chat/completions": "chat"}
        if (kind := kinds.get(self.path.partition("?")[0])) is None:
            self._send(404, {"detail": "Not Found"})
            return
        self.server.fake.paths.append(self.path)
        try:
            asked = {**body, "kind": kind}
            self._play(self.server.fake.reply_to(asked), asked)
        finally:
            self.server.fake.done()

    def _has_key(self) -> bool:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.server.fake.key in ("", given):
            return True
        # Some servers do repeat what they were given.
        self._send(401, {"error": {"message": f"Incorrect API key provided: {given}.", "code": "invalid_api_key"}})
        return False

    def _play(self, reply: Reply, asked: dict[str, Any]) -> None:
        stopped = self.server.fake.stopped
        if stopped.wait(None if reply.hang else reply.delay) or reply.drop:
            self.close_connection = True
        elif reply.raw is not None:
            self._send_bytes(reply.status, reply.raw, reply.headers)
        elif reply.body is not None:
            self._send_bytes(reply.status, json.dumps(reply.body).encode(), reply.headers)
        elif reply.events:
            lines = [*(f"data: {json.dumps(event)}" for event in reply.events), "data: [DONE]", ""]
            self._send_bytes(200, "\n\n".join(lines).encode(), reply.headers, "text/event-stream")
        elif reply.status != 200:
            error = {"error": {"message": reply.error, "type": "error", "code": reply.status}}
            self._send_bytes(reply.status, json.dumps(error).encode(), reply.headers)
        else:
            self._send(200, _answer(reply, asked))

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        self._send_bytes(status, json.dumps(answer).encode())

    def _send_bytes(
        self, status: int, content: bytes, headers: Iterable[tuple[str, str]] = (), kind: str = "application/json"
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _answer(reply: Reply, asked: dict[str, Any]) -> dict[str, Any]:
    kind = asked["kind"]
    said = {"text": reply.text} if kind == "completion" else {"message": {"role": "assistant", "content": reply.text}}
    return {
        "id": "1",
        "object": "text_completion" if kind == "completion" else "chat.completion",
        "created": 0,
        "model": "tiny",
        "choices": [{"index": 0, "finish_reason": reply.finish_reason, "logprobs": _logprobs(reply, asked), **said}],
        "usage": {"prompt_tokens": 11, "completion_tokens": reply.tokens or _tokens(reply, asked)},
    }


def _tokens(reply: Reply, asked: dict[str, Any]) -> int:
    """As many as were asked for, where the answer says that it has reached them."""
    limit = asked.get("max_completion_tokens", asked.get("max_tokens"))
    return limit if "length" in finish_reason(reply.finish_reason) and isinstance(limit, int) else 7


def _logprobs(reply: Reply, asked: dict[str, Any]) -> dict[str, Any] | None:
    """As the two kinds of endpoints write them."""
    if (wanted := asked.get("logprobs")) is None or wanted is False:  # 0 alternatives is a question, too
        return None
    if asked["kind"] == "completion":
        return {"token_logprobs": list(reply.logprobs), "tokens": ["t"] * len(reply.logprobs)}
    return {"content": [{"token": "t", "logprob": each, "top_logprobs": []} for each in reply.logprobs]}
