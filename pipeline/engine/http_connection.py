"""HTTP/1.1 over a socket, as far as Podman's API service speaks it.

`http.client` is the witness of the tests (`tests/unit/engine/test_http_connection.py`). Its import
brings `email` and `ssl`: 10 ms of every command that asks the service, 13 on Python 3.14.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from io import BufferedReader

_MOST_LINE = 65536
_MOST_HEADERS = 100
_MOST_DIGITS = 18
"""Of a length; Python refuses to read numbers of thousands of digits."""
_CHUNK = 65536
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_HEXADECIMAL = b"0123456789abcdefABCDEF"
_NO_BODY = frozenset({204, 304})


class HttpResponse:
    """An answer; its body can be read once.

    Args:
        connection: which is closed at the end of the body, unless it is kept.
        file: what comes over it.

    Attributes:
        headers: by name in small letters; of several of one name, the last.

    Raises:
        ConnectionError: it is no HTTP, or there is none.
    """

    def __init__(self, connection: HttpConnection, file: BufferedReader) -> None:
        self._connection = connection
        self._file = file
        version, self.status = self._status_line()
        while self.status == 100:
            self._read_headers()
            version, self.status = self._status_line()
        self.headers = self._read_headers()
        self._chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        length = self.headers.get("content-length", "").strip()
        known = length.isdecimal() and len(length) <= _MOST_DIGITS and not self._chunked
        self._left = int(length) if known else None
        if self.status in _NO_BODY or 100 <= self.status < 200:
            self._left, self._chunked = 0, False
        said = self.headers.get("connection", "").lower()
        endless = self._left is None and not self._chunked
        self._kept = not endless and (
            "close" not in said if version != "HTTP/1.0" else "keep-alive" in said
        )

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes.

        Raises:
            ConnectionError: it breaks off.
        """
        if self._chunked:
            yield from self._of_chunks()
        else:
            yield from self._of_length()
        if not self._kept:
            self._connection.close()

    def _of_length(self) -> Iterator[bytes]:
        while self._left != 0:
            piece = self._file.read1(_CHUNK if self._left is None else min(self._left, _CHUNK))
            if not piece:
                if self._left is not None:
                    raise ConnectionError(f"the answer ends {self._left} bytes too early")
                return
            if self._left is not None:
                self._left -= len(piece)
            yield piece

    def _of_chunks(self) -> Iterator[bytes]:
        while size := self._chunk_size():
            while size:
                piece = self._file.read1(min(size, _CHUNK))
                if not piece:
                    raise ConnectionError(f"a chunk of the answer ends {size} bytes too early")
                size -= len(piece)
                yield piece
            self._line()
        while self._line() not in (b"\r\n", b"\n", b""):  # a trailer
            pass

    def _chunk_size(self) -> int:
        words = self._line().partition(b";")[0].strip()
        if not words or words.strip(_HEXADECIMAL):
            raise ConnectionError(f"the answer has no chunk where one begins: {words[:80]!r}")
        return int(words, 16)

    def _status_line(self) -> tuple[str, int]:
        line = self._line().decode("latin-1")
        if not line:
            raise ConnectionError("Remote end closed connection without response")
        version, _, rest = line.partition(" ")
        status = rest.split(None, 1)[0] if rest.strip() else ""
        if not version.startswith("HTTP/1.") or not (status.isdecimal() and len(status) == 3):
            raise ConnectionError(f"the answer is no HTTP: {line.strip()[:80]!r}")
        return version, int(status)

    def _read_headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for _ in range(_MOST_HEADERS + 1):
            line = self._line()
            if line in (b"\r\n", b"\n", b""):
                return found
            name, _, value = line.decode("latin-1").partition(":")
            found[name.strip().lower()] = value.strip()
        raise ConnectionError(f"the answer has more than {_MOST_HEADERS} headers")

    def _line(self) -> bytes:
        line: bytes = self._file.readline(_MOST_LINE + 1)
        if len(line) > _MOST_LINE:
            raise ConnectionError("the answer has a line without an end")
        return line


class HttpConnection:
    """A connection that is made when it is needed, and kept from answer to answer.

    Args:
        address: a path of a Unix socket, or a host and a port.

    Attributes:
        sock: None until it is connected, and after it was closed.
    """

    def __init__(self, address: str | tuple[str, int]) -> None:
        self.address = address
        self.sock: socket.socket | None = None
        self._file: BufferedReader | None = None

    @property
    def is_local(self) -> bool:
        """Whether it is a Unix socket."""
        return isinstance(self.address, str)

    def connect(self, timeout: float | None) -> socket.socket:
        """The socket, connected within as many seconds when it is not yet.

        Raises:
            OSError: nobody listens.
        """
        if self.sock is None:
            if isinstance(self.address, tuple):
                self.sock = socket.create_connection(self.address, timeout)
                self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            else:
                self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                self.sock.settimeout(timeout)
                self.sock.connect(self.address)
        return self.sock

    def ask(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> HttpResponse:
        """Send a request over the socket, and read the answer up to its body.

        Raises:
            OSError: nothing answers, or no HTTP.
        """
        connected = self.connect(None)
        fields = {"Host": "podman", "Accept-Encoding": "identity", **headers}
        if body is not None or method in _WITH_BODY:
            fields["Content-Length"] = str(len(body or b""))
        lines = [
            f"{method} {target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in fields.items()),
        ]
        connected.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))
        self._file = self._file or connected.makefile("rb")
        return HttpResponse(self, self._file)

    def close(self) -> None:
        """Close it; the next request connects anew."""
        if self.sock is not None:
            self.sock.close()
            self.sock = None
        if self._file is not None:
            self._file.close()
            self._file = None
