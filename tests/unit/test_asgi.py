"""An ASGI application behind the server, as a framework makes one."""

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from seriatim.http.asgi import asgi_handler
from seriatim.http.server import HttpServer
from tests.fakes import FixedClock


async def echo(request: Request) -> Response:
    body = await request.body()
    told = f"{request.method} {request.url.path}?{request.url.query} {request.headers['x-own']} {len(body)}"
    return PlainTextResponse(told, headers={"x-answer": "yes"})


async def stream(_: Request) -> Response:
    async def parts() -> AsyncIterator[str]:
        for index in range(100):
            yield f"part {index}\n"

    return StreamingResponse(parts(), media_type="text/plain")


async def fault(_: Request) -> Response:
    raise ZeroDivisionError


async def half(_: Request) -> Response:
    async def parts() -> AsyncIterator[str]:
        yield "half"
        raise ZeroDivisionError

    return StreamingResponse(parts())


ROUTES = [
    Route("/echo", echo, methods=["GET", "POST"]),
    Route("/stream", stream),
    Route("/fault", fault),
    Route("/half", half),
]


@pytest.fixture
async def faults() -> list[Exception]:
    return []


@pytest.fixture
async def http(faults: list[Exception]) -> AsyncIterator[httpx2.AsyncClient]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = HttpServer(asgi_handler(Starlette(routes=ROUTES)), FixedClock(), faults.append)
        await server.start(listener)
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
            yield client
        await server.stop(1)


async def test_a_request_comes_whole_and_its_answer_goes_back(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/echo?a=b%20c", content=b"x" * 300_000, headers={"X-Own": "1"})
    assert (answer.status_code, answer.text) == (200, "POST /echo?a=b%20c 1 300000")
    assert answer.headers["x-answer"] == "yes"
    assert answer.headers["content-length"] == str(len(answer.content))


async def test_head_tells_the_length_and_has_no_body(http: httpx2.AsyncClient) -> None:
    answer = await http.head("/echo", headers={"X-Own": "1"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0
    assert (await http.get("/echo", headers={"X-Own": "2"})).text == "GET /echo? 2 0"


async def test_an_answer_may_go_back_in_parts(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/stream")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.text == "".join(f"part {index}\n" for index in range(100))
    assert (await http.get("/stream")).status_code == 200


async def test_a_client_of_http_1_0_gets_the_parts_without_chunks(http: httpx2.AsyncClient) -> None:
    port = http.base_url.port
    assert port is not None

    def ask() -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET /stream HTTP/1.0\r\nHost: a\r\n\r\n")
            with connection.makefile("rb") as answer:
                return answer.read()

    head, _, body = (await asyncio.to_thread(ask)).partition(b"\r\n\r\n")
    assert b"connection: close" in head
    assert b"transfer-encoding" not in head
    assert body == b"".join(b"part %d\n" % index for index in range(100))


async def test_a_fault_is_told_in_general_terms(http: httpx2.AsyncClient, faults: list[Exception]) -> None:
    answer = await http.get("/fault")
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    assert [type(fault) for fault in faults] == [ZeroDivisionError]


async def test_half_an_answer_does_not_look_like_a_whole_one(http: httpx2.AsyncClient, faults: list[Exception]) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        await http.get("/half")
    assert len(faults) == 1
