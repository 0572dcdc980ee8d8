"""A small service: answers with its version, and finishes what it has begun on SIGTERM."""

import http.server
import os
import signal
import threading

VERSION = os.environ["APP_VERSION"].encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(VERSION)))
        self.end_headers()
        self.wfile.write(VERSION)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


server = http.server.ThreadingHTTPServer(("", 5000), Handler)
server.daemon_threads = True
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
