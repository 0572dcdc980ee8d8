"""Podman's Quadlet and systemd themselves read what is exported: the same values, no line more."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from pipeline.engine import command
from pipeline.export.quadlet import export_quadlet
from pipeline.spec.model import Dependency, Healthcheck, Mount, Pipeline, Service, Volume
from tests.integration.export.conftest import QUADLET, SYSTEMD
from tests.unit.export.hostile import pipelines

pytestmark = [pytest.mark.integration, pytest.mark.quadlet]

EXAMPLES = int(os.environ.get("CAPAS_EXPORT_EXAMPLES", "6"))
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|[0-7]{3}|.)", re.DOTALL)
_NAMED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " "}


class Unit:
    """A service as systemd loaded it."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = [line.strip(" \t") for line in lines]

    def all(self, key: str) -> list[str]:
        """Every value of a line `key: value`."""
        return [text[len(key) + 2 :] for text in self.lines if text.startswith(f"{key}: ")]

    @property
    def argv(self) -> list[str]:
        """The command as systemd runs it: `$$` and `${NAME}` replaced (systemd.service(5))."""
        (start,) = [n for n, line in enumerate(self.lines) if line.endswith(" ExecStart:")]
        commands = []
        for line in self.lines[start + 1 :]:
            if not line.startswith("Command Line:"):
                break
            commands.append(line.removeprefix("Command Line: "))
        assert len(commands) == 1, commands
        variables = dict(text.partition("=")[::2] for text in self.all("Environment"))
        return [_expanded(word, variables) for word in _words(commands[0])]


def _expanded(word: str, variables: Mapping[str, str]) -> str:
    if match := re.fullmatch(r"\$\{(CAPAS_[A-Z]+)\}", word):
        return variables[match[1]]
    assert "$" not in word.replace("$$", ""), word
    return word.replace("$$", "$")


def _words(line: str) -> Iterator[str]:
    """The words of a command as systemd shows it: C's escapes inside of double quotes."""
    for match in re.finditer(r'"((?:[^"\\]|\\.)*)"|([^ ]+)', line, re.DOTALL):
        quoted, bare = match.groups()
        yield bare if quoted is None else _unescaped(quoted)


def _unescaped(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        if len(match[1]) == 3:
            return chr(int(match[1].lstrip("x"), 16 if match[1][0] == "x" else 8))
        return _NAMED.get(match[1], match[1])

    return _ESCAPE.sub(one, text)


def read(files: Mapping[str, str], folder: Path) -> dict[str, Unit]:
    """The services that Quadlet makes of units, as systemd reads them."""
    units, made = folder / "units", folder / "made"
    for one in (units, made):
        shutil.rmtree(one, ignore_errors=True)
        one.mkdir()
    for name, text in files.items():
        (units / name).write_text(text, encoding="utf-8")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "XDG_RUNTIME_DIR": os.environ.get("XDG_RUNTIME_DIR", str(folder)),
        "QUADLET_UNIT_DIRS": str(units),
        "SYSTEMD_UNIT_PATH": f"{made}:/usr/lib/systemd/user",
        "SYSTEMD_LOG_LEVEL": "notice",
        "LANG": "C.UTF-8",
    }
    done = _run([str(QUADLET), "-user", "-v", str(made)], environment)
    assert done.returncode == 0, done.stderr
    names = [path.name for path in made.glob("*.service")]
    assert len(names) == len(files), done.stderr
    (made / "all.target").write_text(f"[Unit]\nWants={' '.join(names)}\n", encoding="utf-8")
    shown = _run([str(SYSTEMD), "--user", "--test", "--unit=all.target"], environment)
    told = [line for line in shown.stderr.splitlines() if str(made) in line]
    # systemd says the file and the line that it does not understand
    assert told == [], "\n".join(told)
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in shown.stdout.split("\n"):
        if match := re.match(r"\t(?:→|->) Unit (\S+):$", line):
            lines = found.setdefault(match[1], [])
        lines.append(line)
    return {name: Unit(found[name]) for name in names}


def _run(argv: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, env=dict(environment), capture_output=True, encoding="utf-8", check=False
    )


def after(argv: Sequence[str], option: str) -> list[str]:
    """The values of an option, as `--option value` or `--option=value`."""
    long = [word[len(option) + 1 :] for word in argv if word.startswith(f"{option}=")]
    return [argv[n + 1] for n, word in enumerate(argv) if word == option] + long


def expect_same(argv: Sequence[str], service: Service) -> None:
    """The options and the command of `podman run` say what the service says."""
    at = argv.index("localhost/app:1")
    options, words = argv[:at], argv[at + 1 :]
    assert tuple(words) == service.command
    entrypoints = [json.loads(text) for text in after(options, "--entrypoint")]
    assert entrypoints == ([] if service.entrypoint is None else [list(service.entrypoint)])
    assert dict(text.split("=", 1) for text in after(options, "--env")) == service.environment
    assert dict(text.split("=", 1) for text in after(options, "--label")) == service.labels
    (health,) = after(options, "--health-cmd")
    assert service.healthcheck is not None
    assert run_by_podman(health) == list(service.healthcheck.test or ())
    assert _mounts(options) == {_told(mount) for mount in service.mounts}


def run_by_podman(health: str) -> list[str]:
    """The words that every Podman makes of `--health-cmd`; tried on it in the last test here."""
    if health.startswith("CMD "):
        return health.split(" ")[1:]
    words: list[str] = json.loads(health)
    assert len(words) > 1
    assert words[0].upper() not in ("NONE", "CMD", "CMD-SHELL")
    return words[3:] if words[:3] == ["sh", "-c", 'exec "$0" "$@"'] else words


def _told(mount: Mount) -> tuple[str, str, str, bool]:
    source = "shop_data" if mount.kind == "volume" else mount.source or ""
    return mount.kind, source, mount.target, mount.read_only


def _mounts(options: Sequence[str]) -> set[tuple[str, str, str, bool]]:
    found = set()
    for text in after(options, "--mount"):
        (fields,) = csv.reader([text])
        values = dict(field.split("=", 1) for field in fields)
        place = values.get("source", ""), values["destination"]
        found.add((values["type"], *place, values.get("ro") == "true"))
    for text in after(options, "-v"):
        source, target, *rest = text.split(":")
        found.add(("bind" if source.startswith("/") else "volume", source, target, rest == ["ro"]))
    for text in after(options, "--tmpfs"):
        target, _, words = text.partition(":")
        found.add(("tmpfs", "", target, "ro" in words.split(",")))
    return found


@given(pipeline=pipelines(count=8))
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # a smaller example is not worth the minutes
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
def test_systemd_runs_the_same_values(pipeline: Pipeline, tmp_path: Path) -> None:
    found = read(export_quadlet(pipeline).files, tmp_path)
    for service in pipeline.services.values():
        unit = found[f"shop-{service.name}-1.service"]
        expect_same(unit.argv, service)
        assert not any(line.endswith(" ExecStartPre:") for line in unit.lines)
    volume = found["shop-data-volume.service"].argv
    labels = dict(text.split("=", 1) for text in after(volume, "--label"))
    assert labels == pipeline.volumes["data"].labels


def test_what_waits_for_health_and_for_an_end(tmp_path: Path) -> None:
    image, folder = "localhost/app:1", Path("/p")
    script = 'a=$1\nif [ "$a" = ok ]; then\n  exit 0\nfi\nexit 1 # 100%\n'
    services = {
        "migrate": Service(
            "migrate", image, built_here=False, command=("a", ";", "touch", "", "x")
        ),
        "db": Service(
            "db", image, built_here=False, healthcheck=Healthcheck(test=("sh", "-c", script))
        ),
        "web": Service(
            "web",
            image,
            built_here=False,
            mounts=(Mount("bind", "/p/a:b", "/srv"), Mount("volume", "data", "/data:x")),
            depends_on=(
                Dependency("migrate", "service_completed_successfully"),
                Dependency("db", "service_healthy"),
            ),
        ),
    }
    pipeline = Pipeline(
        "shop",
        folder / "shop.toml",
        folder,
        services=services,
        volumes={"data": Volume("data", "shop_data")},
    )
    found = read(export_quadlet(pipeline).files, tmp_path)
    job, db, web = (found[f"shop-{name}-1.service"] for name in services)
    assert (job.all("Type"), job.all("RemainAfterExit")) == (["oneshot"], ["yes"])
    assert job.argv[job.argv.index(image) + 1 :] == ["a", ";", "touch", "", "x"]
    assert db.all("Type") == ["notify"]
    assert after(db.argv, "--sdnotify") == ["healthy"]
    (health,) = after(db.argv, "--health-cmd")
    assert run_by_podman(health) == ["sh", "-c", script]
    assert after(web.argv, "--sdnotify") == ["conmon"]
    (bind, volume) = sorted(after(web.argv, "--mount"))
    assert bind == "type=bind,source=/p/a:b,destination=/srv"
    assert volume == "type=volume,source=shop_data,destination=/data:x"
    for name in ("migrate", "db"):
        assert any(f"After: shop-{name}-1.service" in line for line in web.lines)
        assert any(f"Requires: shop-{name}-1.service" in line for line in web.lines)
    assert any("Requires: shop-data-volume.service" in line for line in web.lines)
    plain = replace(pipeline, services={**services, "web": replace(services["web"], depends_on=())})
    found = read(export_quadlet(plain).files, tmp_path)
    assert found["shop-migrate-1.service"].all("Type") == ["notify"]


@pytest.mark.parametrize(
    "words",
    [("/healthz",), ("pg_isready", "-q"), ("a b",), ("cmd", "x"), ("NONE", ""), ("x", "a b", ""),
     ("a\\",), ("sh", "-c", "a\nb"), ('a"b', "'c'", "$d")],
)  # fmt: skip
def test_every_podman_runs_just_the_words_of_a_check(
    words: tuple[str, ...], environment: Mapping[str, str], small_base: str
) -> None:
    service = Service("w", "localhost/app:1", built_here=False, healthcheck=Healthcheck(test=words))
    pipeline = Pipeline("shop", Path("/p/s"), Path("/p"), services={"w": service})
    text = export_quadlet(pipeline).files["shop-w-1.container"]
    (line,) = [x for x in text.splitlines() if x.startswith("HealthCmd=")]
    value = line.partition("=")[2].replace("$$", "$").replace("%%", "%")
    made = ["podman", "create", f"--health-cmd={value}", small_base, "x"]
    (made_id,) = command.run(made, environment=environment).stdout.split()
    told = command.run(["podman", "inspect", made_id], environment=environment).stdout
    command.run(["podman", "rm", made_id], environment=environment)
    test = json.loads(told)[0]["Config"]["Healthcheck"]["Test"]
    through_a_shell = ["sh", "-c", 'exec "$0" "$@"', *words]
    assert test in (["CMD", *words], ["CMD", *through_a_shell])


def test_podman_makes_of_it_what_the_spec_says(
    tmp_path: Path, environment: Mapping[str, str], small_base: str
) -> None:
    odd = "a:b,c \"d' $e%f\\g"
    source = tmp_path / odd
    source.mkdir()
    words = ("sh", "-c", "echo $X; {x}\n\t\"y\" 'z' \\ é 100% ;", "", ";", "-x")
    service = Service(
        "odd",
        small_base,
        built_here=False,
        command=words,
        entrypoint=("/bin/sh", "-c", "a\nb", ""),
        environment={"A": ' a\n"b" $C %D \\e ', "B": ""},
        labels={"k": "l=m\nn"},
        mounts=(
            Mount("bind", str(source), "/m:1, \"x'", read_only=True),
            Mount("volume", "data", "/v:2,y"),
            Mount("tmpfs", None, "/t:3,z", size=8192),
            Mount("tmpfs", None, "/t4", size=4096),
        ),
        healthcheck=Healthcheck(test=("sh", "-c", "test a = b\ntest c # $d")),
        stop_grace_period=0.5,
        user="1000:1000",
    )
    pipeline = Pipeline(
        "shop",
        tmp_path / "shop.toml",
        tmp_path,
        services={"odd": service},
        volumes={"data": Volume("data", "shop_data")},
    )
    argv = read(export_quadlet(pipeline).files, tmp_path)["shop-odd-1.service"].argv
    left_out = ("--cgroups=", "--cidfile=", "--sdnotify=", "--network-alias=")
    kept = [word for word in argv[2:] if word not in ("-d", "--replace", "--rm")]
    at = kept.index("--network")
    kept[at : at + 2] = ["--network=none"]
    made = ["podman", "create", *(word for word in kept if not word.startswith(left_out))]
    try:
        command.run(made, environment=environment)
        told = command.run(["podman", "inspect", "shop-odd-1"], environment=environment).stdout
    finally:
        for gone in (["rm", "-f", "shop-odd-1"], ["volume", "rm", "-f", "shop_data"]):
            command.run(["podman", *gone], environment=environment, check=False)
    (found,) = json.loads(told)
    config = found["Config"]
    assert config["Cmd"] == list(words)
    entrypoint = config["Entrypoint"]  # one text before Podman 5
    assert entrypoint in (list(service.entrypoint or ()), " ".join(service.entrypoint or ()))
    assert {f"{k}={v}" for k, v in service.environment.items()} <= set(config["Env"])
    assert config["Labels"]["k"] == "l=m\nn"
    assert config["User"] == "1000:1000"
    assert config["StopTimeout"] == 1
    assert config["Healthcheck"]["Test"] == ["CMD", "sh", "-c", "test a = b\ntest c # $d"]
    mounts = {m["Destination"]: m for m in found["Mounts"]}
    assert mounts["/m:1, \"x'"]["Source"] == str(source)
    assert mounts["/m:1, \"x'"]["RW"] is False
    assert mounts["/v:2,y"]["Name"] == "shop_data"
    assert set(found["HostConfig"]["Tmpfs"]) == {"/t:3,z", "/t4"}
    assert "size=8192" in found["HostConfig"]["Tmpfs"]["/t:3,z"]
