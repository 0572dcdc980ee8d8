"""PyTweets: short messages for everyone who opens the page. Standard library only."""

from __future__ import annotations

import html
import json
import os
import signal
import socket
import sys
import threading
import time
import unicodedata
from collections import deque
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import FrameType
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

try:
    from miclase import VERSION, MiClase  # a version that brings this module knows more about texts

    MARKUP: Any = MiClase()
except ModuleNotFoundError:
    VERSION, MARKUP = "1.0", None

MAX_TEXT, MAX_AUTHOR, MAX_BODY = 280, 40, 8192
KEPT = 1000  # tweets in memory; the oldest make room
MAX_REQUESTS = 48  # at the same time; more wait in the listen queue
PATIENCE = 10.0  # seconds for a client to send its request
GRACE = 2.0  # seconds for requests under way when it is told to stop


class Tweet(NamedTuple):
    number: int
    author: str
    text: str
    time: float


class Memory:
    """Tweets in this process: other replicas do not see them, and they end with it."""

    place = "the memory of this replica: they end with its container"

    def __init__(self) -> None:
        self._lock, self._last = threading.Lock(), 0
        self._tweets: deque[Tweet] = deque(maxlen=KEPT)

    def add(self, author: str, text: str) -> Tweet:
        with self._lock:
            self._last += 1
            self._tweets.appendleft(tweet := Tweet(self._last, author, text, time.time()))
        return tweet

    def latest(self, limit: int, before: int | None = None) -> list[Tweet]:
        with self._lock:
            older = [t for t in self._tweets if before is None or t.number < before]
        return older[:limit]

    def count(self) -> int:
        return len(self._tweets)

    def close(self) -> None:
        pass


def told(tweet: Tweet) -> dict[str, Any]:
    """A tweet as the API tells it."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(tweet.time))
    fields = {"id": tweet.number, "author": tweet.author, "text": tweet.text, "time": stamp}
    return {**fields, "tags": MARKUP.tags(tweet.text)} if MARKUP else fields


class Wrong(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


def checked(fields: Mapping[str, Any]) -> tuple[str, str]:
    """Author and text of a new tweet, or Wrong with the reason."""
    found = []
    for name, longest, default in (("author", MAX_AUTHOR, "anonymous"), ("text", MAX_TEXT, "")):
        value = fields.get(name, default)
        if not isinstance(value, str):
            raise Wrong(422, f"{name} must be a text")
        value = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip() or default
        if any(unicodedata.category(c) in ("Cc", "Cs") and c != "\n" for c in value):
            raise Wrong(422, f"{name} holds characters that cannot be shown")
        if not 0 < len(value) <= longest:
            raise Wrong(422, f"{name} must have 1 to {longest} characters, not {len(value)}")
        found.append(value)
    author, text = found
    return author.replace("\n", " "), text


CSS = """
:root { color-scheme: light dark; --ink: #1a2130; --dim: #566075; --paper: #f6f7fb;
  --card: #fff; --line: #d9deea; --key: #2456c9 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf5; --dim: #a2adc4; --paper: #11151f;
  --card: #1a2030; --line: #2d364b; --key: #8fb3ff } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif }
main, header, footer { max-width: 40rem; margin: 0 auto; padding: 1rem }
h1 { margin: 0 }
small, footer, time { color: var(--dim); font-weight: 400 }
form, li, [role=alert] { background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem; padding: 1rem; margin: 0 0 1rem }
[role=alert] { border-left: .4rem solid #d33 }
label { display: block; font-weight: 600 }
input, textarea { width: 100%; font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--dim); border-radius: .5rem; padding: .5rem; margin: .25rem 0 .75rem }
textarea { resize: vertical; min-height: 5rem }
button { font: inherit; font-weight: 600; padding: .5rem 1.25rem; border: 0;
  border-radius: .5rem; background: var(--key); color: var(--card); cursor: pointer }
:focus-visible { outline: 3px solid var(--key); outline-offset: 2px }
ol { list-style: none; padding: 0; margin: 0 }
li p { margin: .25rem 0 0; white-space: pre-wrap }
li p, li b { unicode-bidi: isolate; overflow-wrap: anywhere }
.tag { color: var(--key); font-weight: 600 }
"""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>PyTweets</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" href="data:,">
</head>
<body>
<header><h1>PyTweets</h1><small>version {version}, answered by {replica}</small></header>
<main>
{alert}<form method="post" action="/">
<label for="author">Your name</label>
<input id="author" name="author" maxlength="40" autocomplete="nickname" placeholder="anonymous">
<label for="text">What is new? <small>at most 280 characters</small></label>
<textarea id="text" name="text" maxlength="280" required>{draft}</textarea>
<button>Tweet</button>
</form>
<h2>{count}</h2>
<ol>
{tweets}</ol>
</main>
<footer>Tweets are kept in {place}.</footer>
</body>
</html>
"""


def page(app: App, alert: str = "", draft: str = "") -> str:
    tweets = []
    for tweet in app.store.latest(50):
        text = MARKUP.as_html(tweet.text) if MARKUP else html.escape(tweet.text)
        author, when = html.escape(tweet.author), told(tweet)["time"]
        tweets.append(
            f'<li><b>{author}</b> <time datetime="{when}">{when}</time><p>{text}</p></li>'
        )
    total = app.store.count()
    return PAGE.format(
        version=html.escape(VERSION),
        replica=html.escape(app.replica),
        alert=f'<p role="alert">{html.escape(alert)}</p>\n' if alert else "",
        draft=html.escape(draft),
        count="No tweets yet" if not total else f"{total} tweet{'s' if total > 1 else ''}",
        tweets="".join(tweets),
        place=html.escape(app.store.place),
    )


class App(ThreadingHTTPServer):
    """The service. It answers what was already on its way when it is told to stop."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], store: Memory) -> None:
        self.store, self.replica = store, socket.gethostname()
        self._slots = threading.BoundedSemaphore(MAX_REQUESTS)
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # without the name look-up of HTTPServer

    def process_request(self, request: Any, client_address: Any) -> None:
        self._slots.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        problem = sys.exc_info()[1]
        if not isinstance(problem, (ConnectionError, TimeoutError)):  # the client went away
            print(f"error: {type(problem).__name__}: {problem}", file=sys.stderr, flush=True)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then answer every connection that was made before."""

        def stop(number: int, frame: FrameType | None) -> None:
            threading.Thread(target=self.shutdown).start()

        for number in (signal.SIGTERM, signal.SIGINT):  # as PID 1 nothing has a default
            signal.signal(number, stop)
        print(f"PyTweets {VERSION} on port {self.server_address[1]}, tweets in {self.store.place}")
        sys.stdout.flush()
        self.serve_forever(poll_interval=0.05)
        self.socket.setblocking(False)
        try:
            while True:  # connections that the kernel took before we stopped listening
                self.process_request(*self.get_request())
        except BlockingIOError:
            pass
        self.server_close()
        deadline = time.monotonic() + GRACE
        for _ in range(MAX_REQUESTS):
            self._slots.acquire(timeout=max(0.0, deadline - time.monotonic()))
        self.store.close()


class Handler(BaseHTTPRequestHandler):
    server: App
    timeout = PATIENCE

    def version_string(self) -> str:
        return "PyTweets"

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_HEAD(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, handle: Any) -> None:
        url = urlsplit(self.path)
        try:
            handle(url.path, parse_qs(url.query))
        except Wrong as wrong:
            headers = {name.replace("_", "-"): value for name, value in wrong.headers.items()}
            self._send(wrong.status, {"error": wrong.message}, headers)

    def _get(self, path: str, query: dict[str, list[str]]) -> None:
        store = self.server.store
        if path == "/":
            self._send(200, page(self.server))
        elif path == "/style.css":
            self._send(200, CSS, {"Content-Type": "text/css; charset=utf-8"})
        elif path == "/api/tweets":
            limit = self._number(query, "limit", 50, 1, 200)
            before = self._number(query, "before", 0, 0, 2**53) or None
            self._send(200, {"tweets": [told(t) for t in store.latest(limit, before)]})
        elif path == "/healthz":
            self._send(200, {"status": "ok", "tweets": store.count(), **self._who()})
        else:
            raise Wrong(404, "there is nothing here")

    def _post(self, path: str, query: dict[str, list[str]]) -> None:
        if path not in ("/", "/api/tweets"):
            raise Wrong(404, "there is nothing here")
        if self.headers.get("Sec-Fetch-Site") == "cross-site":
            raise Wrong(403, "another site may not post here")
        body = self._body()
        if path == "/api/tweets":
            if self.headers.get_content_type() != "application/json":
                raise Wrong(415, "send application/json")
            tweet = self.server.store.add(*checked(self._json(body)))
            self._send(201, {**told(tweet), **self._who()})
            return
        if self.headers.get_content_type() != "application/x-www-form-urlencoded":
            raise Wrong(415, "send application/x-www-form-urlencoded")
        fields = {k: v[0] for k, v in parse_qs(body.decode("utf-8", "replace")).items()}
        try:
            self.server.store.add(*checked(fields))
        except Wrong as wrong:
            self._send(wrong.status, page(self.server, wrong.message, fields.get("text", "")))
        else:
            self._send(303, "", {"Location": "/"})

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            raise Wrong(411, "say how long the request is")
        if len(length) > 9 or int(length) > MAX_BODY:
            raise Wrong(413, f"a request has at most {MAX_BODY} bytes")
        return self.rfile.read(int(length))

    @staticmethod
    def _json(body: bytes) -> Mapping[str, Any]:
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError):
            raise Wrong(400, "this is no JSON") from None
        if not isinstance(fields, dict):
            raise Wrong(422, "send an object with author and text")
        return fields

    @staticmethod
    def _number(query: dict[str, list[str]], name: str, default: int, low: int, high: int) -> int:
        given = query.get(name, [str(default)])[0]
        if (
            not given.isascii()
            or not given.isdigit()
            or len(given) > 16
            or not low <= int(given) <= high
        ):
            raise Wrong(400, f"{name} must be a number from {low} to {high}")
        return int(given)

    def _who(self) -> dict[str, str]:
        return {"version": VERSION, "replica": self.server.replica}

    def _send(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        if isinstance(body, str):
            kind, data = "text/html; charset=utf-8", body.encode("utf-8", "replace")
        else:
            kind, data = "application/json", json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(data)),
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "X-Replica": self.server.replica,
            "X-Version": VERSION,
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if getattr(self, "path", "") != "/healthz":
            print(f"{self.command} {self.path!r} {code}", flush=True)

    def log_error(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        pass  # log_request has told it


if __name__ == "__main__":
    App(("", int(os.environ.get("PORT", "5000"))), Memory()).run()
