"""PyTweets itself, each version as a process of its own, asked over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

APPS = Path(__file__).parents[3] / "containers" / "pytweets"
VERSIONS = ("1.0", "1.1", "1.2")
Start = Callable[..., "Replica"]


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: str

    @property
    def json(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told


@dataclass
class Replica:
    process: subprocess.Popen[str]
    port: int

    def ask(
        self,
        method: str,
        path: str,
        body: str | bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read().decode())
        finally:
            connection.close()

    def post(self, **fields: Any) -> Answer:
        kind = {"Content-Type": "application/json"}
        return self.ask("POST", "/api/tweets", json.dumps(fields), kind)

    def form(self, body: str, **headers: str) -> Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", "/", body, {**kind, **named})

    def texts(self) -> list[str]:
        found = self.ask("GET", "/api/tweets?limit=200").json["tweets"]
        return [tweet["text"] for tweet in found]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    processes: list[subprocess.Popen[str]] = []

    def begin(version: str, database: Path | None = None) -> Replica:
        process = subprocess.Popen(
            [sys.executable, "-B", str(APPS / version / "main.py")],
            env={**os.environ, "PORT": "0", "PYTWEETS_DB": str(database or tmp_path / "t.db")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        assert process.stdout
        said = process.stdout.readline()
        match = re.search(r"on port (\d+)", said)
        assert match, said
        return Replica(process, int(match[1]))

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture(params=VERSIONS)
def replica(request: pytest.FixtureRequest, start: Start) -> Replica:
    return start(request.param)


def test_main_is_the_same_file_in_1_0_and_1_1() -> None:
    assert (APPS / "1.0/main.py").read_bytes() == (APPS / "1.1/main.py").read_bytes()
    assert (APPS / "1.1/miclase.py").read_bytes() == (APPS / "1.2/miclase.py").read_bytes()


@pytest.mark.parametrize("version", VERSIONS)
def test_it_says_which_version_and_which_replica_answers(version: str, start: Start) -> None:
    answer = start(version).ask("GET", "/healthz")
    assert answer.status == 200
    told = {"status": "ok", "version": version, "replica": socket.gethostname(), "tweets": 0}
    assert answer.json == told
    assert answer.headers["X-Version"] == version
    assert answer.headers["X-Replica"] == socket.gethostname()


def test_a_tweet_comes_back_newest_first(replica: Replica) -> None:
    first = replica.post(author="Ana", text="hola")
    assert (first.status, first.json["author"], first.json["id"]) == (201, "Ana", 1)
    assert replica.post(text="  adiós\r\n").json["author"] == "anonymous"
    assert replica.texts() == ["adiós", "hola"]
    assert replica.ask("GET", "/healthz").json["tweets"] == 2


def test_older_tweets_are_reached_by_number(replica: Replica) -> None:
    for number in range(5):
        replica.post(text=f"t{number}")
    page = replica.ask("GET", "/api/tweets?limit=2&before=4").json["tweets"]
    assert [tweet["id"] for tweet in page] == [3, 2]


def test_a_text_is_never_markup(replica: Replica) -> None:
    attack = "<script>alert('x')</script>\"&{count}"
    assert replica.post(author=attack[:40], text=f"{attack} #<b>").status == 201
    page = replica.ask("GET", "/")
    assert "<script" not in page.body
    assert "&lt;script&gt;" in page.body
    assert "#<b>" not in page.body
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_the_form_posts_and_returns_to_the_page(replica: Replica) -> None:
    answer = replica.form("author=Luis&text=%C2%BFqu%C3%A9+tal%3F")
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    assert "¿qué tal?" in replica.ask("GET", "/").body


def test_a_form_that_is_refused_keeps_what_was_written(replica: Replica) -> None:
    answer = replica.form("text=" + "x" * 281)
    assert answer.status == 422
    assert 'role="alert"' in answer.body
    assert "x" * 281 in answer.body
    assert replica.texts() == []


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "text"),
        ({"text": "   "}, "text"),
        ({"text": "x" * 281}, "280"),
        ({"text": "ok", "author": "x" * 41}, "40"),
        ({"text": 5}, "text"),
        ({"text": "a\x00b"}, "cannot be shown"),
        ({"text": "a\ud800b"}, "cannot be shown"),
    ],
)
def test_a_tweet_that_breaks_a_rule_is_refused(
    fields: dict[str, Any], word: str, start: Start
) -> None:
    replica = start("1.2")
    answer = replica.post(**fields)
    assert answer.status == 422
    assert word in answer.json["error"]
    assert replica.texts() == []


def test_280_characters_are_counted_as_people_do(replica: Replica) -> None:
    assert replica.post(text="ñ" * 280).status == 201
    assert replica.post(text="n\u0303" * 280).status == 201  # composed, it is the same text
    assert replica.post(text="🐍" * 280).status == 201


@pytest.mark.parametrize(
    ("asked", "headers", "status"),
    [
        (("GET", "/nothing", None), {}, 404),
        (("POST", "/healthz", ""), {}, 404),
        (("PUT", "/", ""), {}, 501),
        (("GET", "/api/tweets?limit=0", None), {}, 400),
        (("GET", "/api/tweets?limit=x", None), {}, 400),
        (("GET", "/api/tweets?before=" + "0" * 5000, None), {}, 400),
        (("POST", "/api/tweets", "{}"), {"Content-Type": "text/plain"}, 415),
        (("POST", "/api/tweets", "{"), {"Content-Type": "application/json"}, 400),
        (("POST", "/api/tweets", "[" * 8000), {"Content-Type": "application/json"}, 400),
        (("POST", "/api/tweets", "[]"), {"Content-Type": "application/json"}, 422),
        (("POST", "/api/tweets", "x" * 8193), {"Content-Type": "application/json"}, 413),
        (("POST", "/", "text=x"), {"Content-Length": "6e1"}, 411),
        (("POST", "/", "text=x"), {"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_a_request_that_makes_no_sense_gets_its_status(
    asked: tuple[str, str, str | None], headers: dict[str, str], status: int, start: Start
) -> None:
    assert start("1.2").ask(*asked, headers).status == status


def test_head_answers_like_get_without_a_body(replica: Replica) -> None:
    answer = replica.ask("HEAD", "/")
    assert (answer.status, answer.body) == (200, "")


def test_it_stops_promptly_and_answers_what_was_under_way(replica: Replica) -> None:
    with socket.create_connection(("127.0.0.1", replica.port)) as idle:
        slow = socket.create_connection(("127.0.0.1", replica.port))
        slow.sendall(b"GET /healthz HTTP/1.0\r\n")
        wait_until(lambda: replica.ask("GET", "/healthz").status == 200)
        replica.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        slow.sendall(b"\r\n")
        assert b"200" in slow.makefile("rb").readline()
        slow.close()
        assert replica.process.wait(timeout=10) == 0
        assert time.monotonic() - began < 5
        idle.close()


def test_many_clients_at_once_leave_no_thread_behind(replica: Replica) -> None:
    status = Path("/proc") / str(replica.process.pid)
    answers: list[int] = []

    def client() -> None:
        answers.extend(replica.ask("GET", "/").status for _ in range(5))

    threads = [threading.Thread(target=client) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 200
    wait_until(lambda: len(list((status / "task").iterdir())) == 1)


def test_tags_are_told_from_1_1_on(start: Start) -> None:
    text = "a #Tag, #tag @ana a#b https://x.example/#frag &#39;"
    assert "tags" not in start("1.0").post(text=text).json
    replica = start("1.1")
    assert replica.post(text=text).json["tags"] == ["tag"]
    page = replica.ask("GET", "/").body
    assert '<span class="tag">#Tag</span>' in page
    assert '<span class="tag">@ana</span>' in page
    assert "&amp;#39;" in page


def test_tweets_in_memory_end_with_the_process_and_those_in_sqlite_do_not(
    start: Start, tmp_path: Path
) -> None:
    for version, kept in (("1.1", []), ("1.2", ["stay"])):
        first = start(version, tmp_path / "db")
        first.post(text="stay")
        first.process.kill()
        assert start(version, tmp_path / "db").texts() == kept


def test_two_replicas_on_one_file_lose_no_tweet(start: Start, tmp_path: Path) -> None:
    replicas = [start("1.2", tmp_path / "db") for _ in range(2)]
    failed: list[Answer] = []

    def client(name: int) -> None:
        for number in range(10):
            answer = replicas[name % 2].post(text=f"{name}-{number}")
            if answer.status != 201:
                failed.append(answer)

    threads = [threading.Thread(target=client, args=(name,)) for name in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    expected = sorted(f"{name}-{number}" for name in range(10) for number in range(10))
    for replica in replicas:
        assert sorted(replica.texts()) == expected


def test_a_write_waits_for_another_that_holds_the_file(start: Start, tmp_path: Path) -> None:
    replica = start("1.2", tmp_path / "db")
    other = sqlite3.connect(tmp_path / "db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(replica.post(text="patient")))
    thread.start()
    thread.join(0.5)
    assert answers == []
    other.execute("COMMIT")
    other.close()
    thread.join()
    assert [answer.status for answer in answers] == [201]


def test_a_file_that_is_no_database_is_unhealthy_and_no_crash(start: Start, tmp_path: Path) -> None:
    replica = start("1.2", tmp_path / "db")
    replica.post(text="x")
    with sqlite3.connect(tmp_path / "db") as other:
        other.execute("DROP TABLE tweet")
    other.close()
    answer = replica.ask("GET", "/healthz")
    assert (answer.status, answer.json["error"]) == (503, "the tweets cannot be reached now")
    assert replica.post(text="y").status == 503


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.01)
