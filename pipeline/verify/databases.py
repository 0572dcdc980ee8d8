"""Databases that are known: how each is recognised, written to, read back and checked (pure).

Everything is done inside its container, by the programs that are there: `psql` and `redis-cli`
beside their servers, and Python's `sqlite3` for a file. What is written are numbers. The table has
no unique key: it would hide a commit that is there twice.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from pipeline.lean_dataclasses import dataclass
from pipeline.verify.experiment import Claim

FINE = "ok"
"""The last line of an integrity check that found nothing."""


@dataclass(frozen=True)
class Setting:
    """A setting of a database on which its promise depends.

    Attributes:
        breaks: values with which an acknowledged commit may be lost.
        weakens: values with which the last ones may be lost, though SIGKILL seldom shows it.
        advice: what to set, and why.
    """

    name: str
    advice: str
    breaks: frozenset[str] = frozenset()
    weakens: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Database(Claim):
    """One kind of database. Each command is given the database's file, "" for a server.

    Attributes:
        programs: the server's, by the first word of its command line; none: a file in a mount.
        ready: makes the table when it does not exist; fails while the server does not answer.
        write: prints the id of the process that writes, then for ever each number (from its second
            argument on) once the commit was acknowledged.
        found: prints the numbers that are there.
        intact: ends with the line `FINE`.
        told: prints `NAME=VALUE` for each setting.
        end: SIGKILL to the process with the id that is its second argument.
        cache: without a mount it may be meant to forget.
    """

    programs: Collection[str]
    ready: tuple[str, ...]
    write: tuple[str, ...]
    found: tuple[str, ...]
    intact: tuple[str, ...]
    told: tuple[str, ...]
    end: tuple[str, ...]
    settings: tuple[Setting, ...] = ()
    cache: bool = False


@dataclass(frozen=True)
class Tally:
    """What was acknowledged beside what is there.

    Attributes:
        acknowledged: how many commits were.
        found: how many of them are there.
        lost: those that are not, in order.
        twice: what is there more than once, in order.
        unanswered: how many are there whose acknowledgement never arrived.
    """

    acknowledged: int
    found: int
    lost: tuple[int, ...] = ()
    twice: tuple[int, ...] = ()
    unanswered: int = 0


def compared(acknowledged: Iterable[int], there: Iterable[int]) -> Tally:
    """What was acknowledged, compared with what is there."""
    wanted, counts = set(acknowledged), Counter(there)
    lost = sorted(wanted - counts.keys())
    return Tally(
        acknowledged=len(wanted),
        found=len(wanted) - len(lost),
        lost=tuple(lost),
        twice=tuple(sorted(number for number, count in counts.items() if count > 1)),
        unanswered=len(counts.keys() - wanted),
    )


def numbers(said: str) -> list[int]:
    """The numbers that stand alone on a line."""
    return [int(line) for line in said.split() if line.isdecimal()]


def server_of(commands: Iterable[str], known: Iterable[Database]) -> Database | None:
    """The database whose server is among the command lines of a container's processes."""
    words = [command.split()[0].rpartition("/")[2].rstrip(":") for command in commands if command]
    return next((one for one in known if any(word in one.programs for word in words)), None)


def settings_of(said: str) -> dict[str, str]:
    """Settings, as `told` prints them."""
    lines = (line.strip().partition("=") for line in said.splitlines())
    return {name: value for name, equals, value in lines if equals}


def broken_promises(database: Database, values: Mapping[str, str]) -> Iterator[Setting]:
    """The settings with which acknowledged commits may be lost."""
    return (one for one in database.settings if values.get(one.name) in one.breaks)


def weak_promises(database: Database, values: Mapping[str, str]) -> Iterator[Setting]:
    """The settings with which the last commits may be lost."""
    return (one for one in database.settings if values.get(one.name) in one.weakens)


def _shell(script: str) -> tuple[str, ...]:
    return "/bin/sh", "-c", script, "sh"


def _python(script: str) -> tuple[str, ...]:
    opened = "file = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)\n"
    return "python3", "-c", f"import os, sqlite3, sys\n{opened}{script}"


def _psql(*statements: str) -> tuple[str, ...]:
    return _shell(_PSQL + "".join(f" -c {shlex.quote(one)}" for one in statements))


_PSQL = (
    "PGOPTIONS='-c client_min_messages=error' psql -X -qtA -v ON_ERROR_STOP=1"
    ' -U "${POSTGRES_USER:-postgres}" -d postgres'
)
_INSERTS = """{
echo 'SELECT pg_backend_pid();' && n=$2
while echo "INSERT INTO capas_experiment VALUES ($n) RETURNING n;"; do n=$((n + 1)); done
} 2> /dev/null"""
_AMCHECK = """
SELECT count(*) > 0 AS there FROM pg_available_extensions WHERE name = 'amcheck' \\gset
\\if :there
CREATE EXTENSION IF NOT EXISTS amcheck;
SELECT count(bt_index_check(i.oid::regclass, true)) FROM pg_class i JOIN pg_am a ON a.oid = i.relam
 WHERE a.amname = 'btree' AND i.relkind = 'i' AND i.relpersistence = 'p';
SELECT msg FROM verify_heapam('capas_experiment');
SELECT 'ok' WHERE NOT EXISTS (SELECT FROM verify_heapam('capas_experiment'));
\\else
SELECT 'ok' FROM (SELECT count(n) FROM capas_experiment) AS every_row;
\\endif
"""
"""PostgreSQL's own extension reads every page of the table, and each B-tree of the database."""
_OFF = frozenset({"off"})
_POSTGRESQL = Database(
    "postgresql",
    "PostgreSQL and sudden deaths",
    "Every commit that PostgreSQL acknowledged outlives SIGKILL and its container.",
    programs=("postgres",),
    ready=_psql(
        "CREATE TABLE IF NOT EXISTS capas_experiment (n bigint NOT NULL)",
        "CREATE INDEX IF NOT EXISTS capas_experiment_n ON capas_experiment (n)",
    ),
    write=_shell(f"{_INSERTS} | {_PSQL}"),
    found=_psql("SELECT n FROM capas_experiment"),
    intact=_shell(f"{_PSQL} <<'END'{_AMCHECK}END"),
    told=_psql(
        "SELECT name || '=' || setting FROM pg_settings"
        " WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') ORDER BY name"
    ),
    # By the server itself: nobody else in the container may be allowed to.
    end=_shell(f"""{_PSQL} -c "COPY (SELECT 1) TO PROGRAM 'kill -9 $2'" """),
    settings=(
        Setting("fsync", "`fsync = on`: without it a power cut ruins the whole database", _OFF),
        Setting("full_page_writes", "`full_page_writes = on`: without it a page that a power cut "
                "tore stays broken", _OFF),
        Setting("synchronous_commit", "`synchronous_commit = on`: else a commit is acknowledged "
                "before it is written", _OFF),
    ),
)  # fmt: skip
# In pieces: redis-cli goes on after an error and after the server's death, to the end of its input.
_PUSHES = """
piece() {
    i=$1
    while [ $i -lt $(($1 + 1000)) ]; do
        echo "EVAL \\"redis.call('RPUSH', KEYS[1], ARGV[1]) return ARGV[1]\\" 1 capas_experiment $i"
        i=$((i + 1))
    done
}
answers() {
    while read -r said; do
        echo "$said"
        case $said in "" | *[!0-9]*) exit 1 ;; esac
    done
}
redis-cli INFO server | sed -n 's/^process_id:\\([0-9]*\\).*/\\1/p'
n=$2
while piece $n 2> /dev/null | redis-cli 2>&1 | answers; do n=$((n + 1000)); done
"""
_REDIS = Database(
    "redis",
    "Redis and sudden deaths",
    "Every write that Redis acknowledged outlives SIGKILL and its container.",
    programs=("redis-server",),
    ready=_shell('said=$(redis-cli PING) && echo "$said" && [ "$said" = PONG ]'),
    write=_shell(_PUSHES),
    found=_shell("redis-cli LRANGE capas_experiment 0 -1"),
    intact=_shell(
        "value() { redis-cli CONFIG GET $1 | sed -n 2p; };"
        ' [ "$(value appendonly)" = yes ] || { echo "there is no append-only file"; exit 0; };'
        ' file=$(value dir)/$(value appenddirname)/$(value appendfilename).manifest;'
        ' [ -f "$file" ] || file=$(value dir)/$(value appendfilename);'
        f' redis-check-aof "$file" && echo {FINE}'
    ),
    told=_shell(
        "for name in appendonly appendfsync save; do"
        ' echo "$name=$(redis-cli CONFIG GET $name | sed -n 2p)"; done'
    ),
    end=_shell('kill -9 "$2"'),
    settings=(
        Setting("appendonly", "`--appendonly yes`: without an append-only file Redis keeps what it "
                "acknowledged in memory", frozenset({"no"})),
        Setting("appendfsync", "`--appendfsync always` waits for the disk before it answers",
                weakens=frozenset({"everysec", "no"})),
    ),
    cache=True,
)  # fmt: skip
_SQLITE = Database(
    "sqlite",
    "SQLite and sudden deaths",
    "Every commit to the SQLite file that was acknowledged outlives SIGKILL and its container.",
    programs=(),
    ready=_python(
        "file.execute('CREATE TABLE IF NOT EXISTS capas_experiment (n INTEGER NOT NULL)')\n"
        "file.execute('CREATE INDEX IF NOT EXISTS capas_experiment_n ON capas_experiment (n)')"
    ),
    write=_python(
        "print(os.getpid(), flush=True)\nnumber = int(sys.argv[2])\n"
        "while True:\n"
        "    file.execute('BEGIN IMMEDIATE')\n"
        "    file.execute('INSERT INTO capas_experiment VALUES (?)', (number,))\n"
        "    file.execute('COMMIT')\n"
        "    print(number, flush=True)\n    number += 1"
    ),
    found=_python("for row in file.execute('SELECT n FROM capas_experiment'): print(*row)"),
    intact=_python("for row in file.execute('PRAGMA integrity_check'): print(*row)"),
    told=_python("print('journal_mode', *file.execute('PRAGMA journal_mode').fetchone(), sep='=')"),
    end=_python("os.kill(int(sys.argv[2]), 9)"),
)

DATABASES = (_POSTGRESQL, _REDIS, _SQLITE)

SQLITE_FILES = (
    "/bin/sh",
    "-c",
    (
        'find "$@" -type f 2> /dev/null | while read -r file; do'
        ' [ "$(head -c 15 "$file" 2> /dev/null)" = "SQLite format 3" ] && echo "$file"; done; :'
    ),
    "sh",
)
"""Prints the SQLite files below the folders that follow (sqlite.org, "Database File Format")."""
