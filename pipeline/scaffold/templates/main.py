"""$name: counts its visits in /data, where they outlive the container."""

import os
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VISITS = Path(os.environ.get("DATA", "/data"), socket.gethostname())


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/healthz":
            with VISITS.open("a") as visits:
                visits.write("x")
        body = f"$name on {socket.gethostname()}: {total()} visits\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def total():
    return sum(path.stat().st_size for path in VISITS.parent.iterdir())


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    VISITS.touch()
    ThreadingHTTPServer(("", 5000), Handler).serve_forever()
