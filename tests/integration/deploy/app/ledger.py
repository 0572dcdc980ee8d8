"""Keeps numbered records on a volume, and says so only when they are on the disk."""

import http.server
import os
import signal
import threading

VERSION = os.environ["APP_VERSION"].encode()
LEDGER = os.open("/data/ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(VERSION)

    def do_POST(self) -> None:
        """Append the path's number: one write(2), so that replicas can share the file."""
        os.write(LEDGER, self.path[1:].encode() + b"\n")
        os.fsync(LEDGER)
        self.answer(b"kept")

    def answer(self, text: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


server = http.server.ThreadingHTTPServer(("", 5000), Handler)
server.daemon_threads = True
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
