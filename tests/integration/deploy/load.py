"""A steady load that counts every request that fails, as a client with open connections sees it."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Count:
    """What the clients have seen so far."""

    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.answers.values())


@contextmanager
def steady_load(port: int, clients: int = 4) -> Iterator[Count]:
    """Clients that ask again and again over kept connections, for the time of the block."""
    count = Count()
    stop = threading.Event()
    lock = threading.Lock()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while not stop.is_set():
            try:
                connection.request("GET", "/")
                response = connection.getresponse()
                text = response.read().decode()
                assert response.status == 200, f"{response.status}: {text}"
            except (OSError, http.client.HTTPException, AssertionError) as error:
                with lock:
                    count.failures.append(f"{type(error).__name__}: {error}")
                connection.close()
            else:
                with lock:
                    count.answers[text] += 1
            stop.wait(0.002)
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield count
    finally:
        stop.set()
        for thread in threads:
            thread.join()
