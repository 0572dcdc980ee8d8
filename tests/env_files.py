"""Random env files, and what docker-compose makes of them: the witness of `pipeline.spec.dotenv`.

`python -m tests.env_files PROGRAM` asks docker-compose (2.26 or newer) about every file and writes
its answers to tests/unit/data/env_files/, where the unit tests compare them with ours.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent / "unit" / "data" / "env_files"
ENVIRONMENT = {"A": "from the environment", "EMPTY": ""}
COUNT = 400

_PIECES = (
    *("a", "b c", "#x", " #c", "ü", "\u2028", "\x85", "\f", "=", ":", "x;y", "%", "(", "{", "}"),
    *("\\n", "\\t", "\\d", "\\\\", '\\"', "\\'", "\\$", "\\0101", "\\c", "'", '"'),
    *("$A", "${A}", "$$", "$", "$1", "${EMPTY:-d}", "${EMPTY-d}", "${NO:-x}", "${NO-${A}}"),
    *("${A:+y}", "${NO+z}", "${V0}", "$V1", "${NO}"),
)


def random_file(seed: int) -> str:
    """One env file; few of them have an error."""
    rnd = random.Random(seed)
    lines = [_line(rnd, number) for number in range(rnd.randint(1, 5))]
    return rnd.choice(["\n", "\n", "\r\n"]).join(lines) + "\n"


def _line(rnd: random.Random, number: int) -> str:
    if rnd.random() < 0.1:
        return rnd.choice(["", "# c", "  # c", "A", " A ", "export A"])
    name = f"{rnd.choice(['', '', 'export ', '  '])}V{number}"
    return f"{name}{rnd.choice(['=', '=', ' = ', ': ', '=' + chr(9)])}{_value(rnd)}"


def _value(rnd: random.Random) -> str:
    def pieces(*more: str) -> str:
        return "".join(rnd.choice((*_PIECES, *more)) for _ in range(rnd.randint(0, 5)))

    if rnd.random() < 0.4:
        return pieces()
    quote = rnd.choice("'\"")
    inside = pieces("\n", "\n#").replace(quote, f"\\{quote}" if rnd.random() < 0.9 else "")
    return f"{quote}{inside}{quote}{rnd.choice(['', '', ' ', ' # c', '# c'])}"


def asked(program: str, text: str) -> dict[str, str] | None:
    """What docker-compose makes of a file; None when it refuses it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.env").write_text(text, encoding="utf-8", newline="")
        Path(folder, "compose.yaml").write_text(
            "name: t\nservices:\n  web:\n    image: x\n    env_file: [a.env]\n"
        )
        done = subprocess.run(
            [program, "--project-directory", folder, "config", "--format", "json"],
            env={**ENVIRONMENT, "PATH": "/usr/bin:/bin", "HOME": folder},
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    if done.returncode != 0:
        return None
    told = json.loads(done.stdout)["services"]["web"].get("environment") or {}
    return {name: value.replace("$$", "$") for name, value in told.items()}


def recorded() -> Iterator[tuple[str, dict[str, str] | None]]:
    """Every file that docker-compose was asked about, and its answer."""
    for path in sorted(FOLDER.glob("docker-compose-*.json")):
        for entry in json.loads(path.read_text(encoding="utf-8")):
            yield entry["file"], entry["variables"]


def record(program: str) -> Path:
    """Ask docker-compose about every file, and write the answers down."""
    told = subprocess.run([program, "version", "--short"], capture_output=True, check=True)
    version = told.stdout.decode().strip().partition("-")[0].partition("+")[0]
    answers = [
        {"file": text, "variables": asked(program, text)} for text in map(random_file, range(COUNT))
    ]
    path = FOLDER / f"docker-compose-{version}.json"
    path.write_text(json.dumps(answers, indent=0, ensure_ascii=True) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.stdout.write(f"{record(sys.argv[1])}\n")
