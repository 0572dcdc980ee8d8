"""Answers are read as `http.client` (the witness) reads them, whatever a service sends."""

from __future__ import annotations

import http.client
import io
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from pipeline.engine.http_connection import HttpConnection, HttpResponse

ANSWERS = 3000
BODIES = (b"", b"x", b"[]", b'{"message": "no such container"}', bytes(range(256)) * 300)

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def ours(raw: bytes) -> tuple[object, ...] | str:
    try:
        file = io.BufferedReader(io.BytesIO(raw))
        response = HttpResponse(HttpConnection("nowhere"), file)  # type: ignore[arg-type]
        return response.status, response.headers, b"".join(response.pieces())
    except ConnectionError as error:
        return f"error: {error}"


class _Socket:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._raw)


def theirs(raw: bytes) -> tuple[object, ...] | str:
    response = http.client.HTTPResponse(cast("socket.socket", _Socket(raw)))
    try:
        response.begin()
        body = response.read()
    except (http.client.HTTPException, ValueError, OSError) as error:
        return f"error: {error}"
    return response.status, {k.lower(): v for k, v in response.getheaders()}, body


def answer_by_chance(chance: random.Random) -> bytes:
    """A right answer: every way to say where the body ends."""
    status = chance.choice(
        [b"200 OK", b"404 Not Found", b"204 No Content", b"304 ", b"500", b"201 x y"]
    )
    version = chance.choice([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0"])
    body = chance.choice(BODIES)
    headers = [b"Content-Type: application/json", b"Libpod-Api-Version:5.8.0", b"Server: \xe9"]
    bodiless = status[:3] in (b"204", b"304")  # `http.client` reads chunks all the same
    way = chance.choice(["length", "end"] if bodiless else ["length", "chunked", "end"])
    if way == "length":
        headers.append(
            b"%s: %d" % (chance.choice([b"Content-Length", b"content-length"]), len(body))
        )
        body += chance.choice([b"", b"HTTP/1.1 200 the next answer"])
    elif way == "chunked":
        headers.append(b"Transfer-Encoding: " + chance.choice([b"chunked", b"Chunked"]))
        body = b"".join(chunks(chance, body))
    headers += chance.choice([[], [b"Connection: close"], [b"Connection: keep-alive"]])
    chance.shuffle(headers)
    first = b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" if chance.random() < 0.1 else b""
    return first + b"\r\n".join([version + b" " + status, *headers, b"", b""]) + body


def chunks(chance: random.Random, body: bytes) -> Iterator[bytes]:
    while body:
        size = chance.randint(1, len(body))
        extra = b";name=value" if chance.random() < 0.1 else b""
        yield b"%x%s\r\n%s\r\n" % (size, extra, body[:size])
        body = body[size:]
    yield chance.choice([b"0\r\n\r\n", b"0\r\nTrailer: x\r\n\r\n", b"000\r\n"])


def test_right_answers_are_read_as_http_client_reads_them() -> None:
    chance = random.Random(3)
    for _ in range(ANSWERS):
        raw = answer_by_chance(chance)
        assert ours(raw) == theirs(raw), raw[:400]


def test_spoilt_answers_are_read_alike_or_not_at_all() -> None:
    chance, refused = random.Random(5), 0
    for _ in range(ANSWERS):
        raw = bytearray(answer_by_chance(chance)[:2000])
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(raw))
            raw[at : at + chance.choice([0, 1, 1, 5])] = chance.choice(
                [b"", b"\0", b"-", b"7", b"\n"]
            )
            raw = raw or bytearray(b"\n")
        seen = ours(bytes(raw))
        refused += isinstance(seen, str)
        assert isinstance(seen, str) or isinstance(seen[2], bytes)  # an answer, or our own error
    assert refused > ANSWERS / 10


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "Remote end closed connection without response"),
        (b"SSH-2.0-OpenSSH_9\r\n", "the answer is no HTTP: 'SSH-2.0-OpenSSH_9'"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "the answer ends 2 bytes too early"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            "a chunk of the answer ends 3",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nab", "has no chunk where"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "has no chunk where"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200, "more than 100 headers"),
        (b"HTTP/1.1 200 " + b"x" * 70000, "a line without an end"),
    ],
)
def test_what_is_no_answer_is_told(raw: bytes, said: str) -> None:
    found = ours(raw)
    assert isinstance(found, str)
    assert said in found


def test_a_length_of_thousands_of_digits_is_none() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nbody"
    assert ours(raw)[2] == theirs(raw)[2] == b"body"


def test_a_request_is_what_http_client_sends(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    sent = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            for _ in range(6):
                client, _address = listener.accept()
                with client, client.makefile("rb") as file:
                    lines = list(iter(file.readline, b"\r\n"))
                    length = sum(int(one[15:]) for one in lines if one[:15] == b"Content-Length:")
                    sent.append([*sorted(lines), file.read(length)])
                    client.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        for method, body in (("GET", None), ("POST", None), ("PUT", b"\0body")):
            connection = HttpConnection(path)
            connection.connect(5)
            answer = connection.ask(method, "/x?y=z", body, {"X-Name": "value"})
            assert list(answer.pieces()) == []
            assert connection.sock is None
            other = http.client.HTTPConnection("podman")
            other.sock = socket.socket(socket.AF_UNIX)
            other.sock.connect(path)
            other.request(method, "/x?y=z", body, {"X-Name": "value"})
            other.getresponse().read()
            other.close()
        thread.join()
    assert sent[0::2] == sent[1::2]
