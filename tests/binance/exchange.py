"""An exchange that answers what the test scripts, over real sockets: REST and the WebSocket API on one port.

It knows no rules: it remembers what it was asked, in order, and answers each method with the next scripted answer (the last
one again and again). What was not scripted is answered with `{}`; `time` with the machine's time plus `ahead_ms`.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any, Literal, Self
from urllib.parse import parse_qsl

from aiohttp import WSMsgType, web

from shared.contract.catalog import BY_ROUTE
from shared.contract.environments import Environment, environment

Act = Literal["answer", "drop", "mute", "garbage", "cut"]
"""`drop` closes the connection without an answer, `mute` never answers, `garbage` sends what is no JSON (or no HTTP),
`cut` ends in the middle of the body."""


@dataclass(frozen=True)
class Answer:
    """What to do with one request."""

    body: Any = field(default_factory=dict[str, Any])
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    limits: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    act: Act = "answer"
    when: asyncio.Event | None = None
    """Answer only after this happened."""


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    params: dict[str, Any]
    headers: dict[str, str]
    text: str
    """The query of REST, the frame of the WebSocket API."""
    connection: int


def refusal(code: int, msg: str, status: int = 400, **more: Any) -> Answer:
    """An error as the exchange words it."""
    return Answer(
        {"code": code, "msg": msg, **({"data": more["data"]} if "data" in more else {})}, status, more.get("headers", {})
    )


class ScriptedExchange:
    """Use as an asynchronous context manager."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.ahead_ms = 0.0
        self.sockets: list[web.WebSocketResponse] = []
        """WebSocket API connections, in the order in which they came; closed ones too."""
        self._wires: list[asyncio.Transport] = []
        self.refuses_sockets: Answer | None = None
        self.port = 0
        self._answers: dict[str, list[Answer]] = {}
        self._arrived = asyncio.Condition()
        self._never = asyncio.Event()
        app = web.Application()
        app.router.add_get("/ws-api/v3", self._socket)
        app.router.add_route("*", "/{path:.*}", self._rest)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._never.set()
        await self._runner.cleanup()

    async def listen(self) -> None:
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def refuse_connections(self) -> None:
        """Stop listening; connections that are open stay."""
        for site in tuple(self._runner.sites):
            await site.stop()

    @property
    def environment(self) -> Environment:
        host = f"127.0.0.1:{self.port}"
        return environment("paper", rest_url=f"http://{host}", ws_api_url=f"ws://{host}/ws-api/v3", stream_url=f"ws://{host}")

    def script(self, method: str, *answers: Answer) -> None:
        self._answers[method] = list(answers)

    def methods(self, *without: str) -> list[str]:
        """What was asked, in order."""
        return [asked.method for asked in self.asked if asked.method not in without]

    async def was_asked(self, method: str, times: int = 1) -> Asked:
        """Wait until the method was asked so many times; the last of them."""
        async with asyncio.timeout(5), self._arrived:
            await self._arrived.wait_for(lambda: self.methods().count(method) >= times)
        return [asked for asked in self.asked if asked.method == method][times - 1]

    async def tell(self, event: dict[str, Any]) -> None:
        """Send a frame of its own over the newest socket."""
        await self.sockets[-1].send_str(json.dumps(event))

    def cut(self) -> None:
        """End all WebSocket API connections without a word."""
        for wire in self._wires:
            wire.abort()

    async def _note(self, asked: Asked) -> Answer:
        async with self._arrived:
            self.asked.append(asked)
            self._arrived.notify_all()
        if asked.method == "time" and "time" not in self._answers:
            return Answer({"serverTime": int(time.time() * 1000 + self.ahead_ms)})
        answers = self._answers.get(asked.method, [Answer()])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer.when is not None:
            await answer.when.wait()
        if answer.act == "mute":
            await self._never.wait()
        return answer

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        spec = BY_ROUTE.get((request.method, request.path))
        query = request.raw_path.partition("?")[2]
        assert request.transport is not None
        asked = Asked(
            spec.method if spec else request.path,
            dict(parse_qsl(query, keep_blank_values=True)),
            {name.lower(): value for name, value in request.headers.items()},
            query,
            id(request.transport),
        )
        answer = await self._note(asked)
        if answer.act == "drop":
            request.transport.abort()
        if answer.act == "garbage":
            request.transport.write(b"\x00\x01 this is not HTTP\r\n\r\n")
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body, ensure_ascii=False).encode()
        if answer.act == "cut":
            request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body[:-1]))
            request.transport.close()
        return web.Response(status=answer.status, body=body, headers=answer.headers)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.refuses_sockets is not None:
            return web.Response(status=self.refuses_sockets.status, headers=self.refuses_sockets.headers)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert request.transport is not None
        self._wires.append(request.transport)
        self.sockets.append(socket)
        number = len(self.sockets)
        tasks: set[asyncio.Task[None]] = set()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                tasks.add(asyncio.create_task(self._frame(request, socket, message.data, number)))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return socket

    async def _frame(self, request: web.Request, socket: web.WebSocketResponse, text: str, number: int) -> None:
        frame = json.loads(text)
        answer = await self._note(Asked(frame["method"], frame.get("params", {}), {}, text, number))
        assert request.transport is not None
        if answer.act == "drop":
            request.transport.abort()
        elif answer.act == "garbage":
            await socket.send_str("{not json")
        else:
            said = "result" if answer.status == 200 else "error"
            body = answer.body.decode() if isinstance(answer.body, bytes) else json.dumps(answer.body, ensure_ascii=False)
            head = f'{{"id":{json.dumps(frame["id"])},"status":{answer.status},"{said}":{body}'
            await socket.send_str(f'{head},"rateLimits":{json.dumps(answer.limits)}}}')
