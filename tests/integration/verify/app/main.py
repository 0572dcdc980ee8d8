"""Users in a file on a volume; FAULT makes it wrong in one way."""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FAULT = os.environ.get("FAULT", "")
KEPT = Path(os.environ.get("USERS", "/data/users.json"))
USERS = json.loads(KEPT.read_text()) if KEPT.exists() else []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if FAULT == "slow":
            time.sleep(0.5)
        if self.path == "/users":
            self.answer(200, USERS)
        elif self.path.startswith("/users/"):
            found = [user for user in USERS if str(user["id"]) == self.path[7:]]
            self.answer(200 if found else 404, found[0] if found else {"error": "no such user"})
        elif self.path == "/headers":
            self.answer(200, dict(self.headers))
        else:
            self.answer(200, {"version": os.environ.get("VERSION", "")})

    def do_POST(self) -> None:
        user = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        user["id"] = len(USERS) + 1
        USERS.append(user)
        if FAULT != "forgets":
            KEPT.write_text(json.dumps(USERS))
        self.answer(200 if FAULT == "status" else 201, user)

    def answer(self, status: int, data: Any) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if FAULT == "dies":
        sys.exit("it does not start")
    ThreadingHTTPServer(("", 5000), Handler).serve_forever()
