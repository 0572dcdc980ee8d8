"""Small projects at random: all is usual but for one value, which may be slightly wrong.

So it is clear what a refusal is about, and the engine can be asked about that value alone.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.agreement import values

BASE_ARG = "@BASE@"
SLIPS = 0.7
"""So often the odd value has a slip."""


@dataclass
class Case:
    """A project, and how the engine alone is asked about its odd value.

    Attributes:
        odd: the key and the value, in words.
        podman: options of `podman`, the image being left out; None where Podman has no such word.
        builds: whether the odd value is of the build: Buildah is the one to ask.
        buildah: an option of Buildah's build that has it.
        runs: whether it has to run, too, to show that it is right.
    """

    odd: str
    spec: dict[str, Any]
    containerfile: list[str] | None = None
    podman: Sequence[str] | None = None
    builds: bool = False
    buildah: str | None = None
    runs: bool = True

    def write(self, folder: Path, base: str) -> Path:
        """Make the project; its spec is returned."""
        (folder / "specs" / "dir").mkdir(parents=True)
        (folder / "specs" / "dir" / "file").write_text("x")
        (folder / "specs" / "secret").write_text("s")
        path = folder / "specs" / f"{self.spec['name']}.toml"
        path.write_text(toml(self.spec).replace(BASE_ARG, base), encoding="utf-8")
        if self.containerfile is not None:
            context = folder / "context"
            (context / "dir" / "sub").mkdir(parents=True)
            for name in ("a", "b.py", "dir/c", "dir/sub/d", "run.sh"):
                (context / name).write_text(name)
            text = "\n".join([*self.containerfile, ""]).replace(BASE_ARG, base)
            (context / "Containerfile").write_text(text, encoding="utf-8")
        return path


def toml(spec: Mapping[str, Any]) -> str:
    """The words of a spec: its tables as inline tables."""
    return "".join(f"{_text(key)} = {_value(value)}\n" for key, value in spec.items())


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_text(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def case(number: int, seed: int) -> Case:
    """One of the projects of a seed."""
    chance = random.Random(seed * 1_000_003 + number)
    name = f"agree{number % 10}"
    made = chance.choice([_containerfile, _service, _service, _project])(chance, name)
    _usual(chance, made)
    return made


def mutated(chance: random.Random, text: str) -> str:
    """The text with a slip."""
    if not text:
        return chance.choice([" ", "x", "-", "\0"])
    at = chance.randrange(len(text))
    return chance.choice([
        text[:at] + text[at + 1 :],
        text[:at] + text[at] + text[at:],
        text[:at] + chance.choice(" -_.:/+=$,0x\\\"'\tÄ\0") + text[at:],
        text.swapcase(),
        text + chance.choice([" ", ":", "/", ".", "\n", "0"]),
        chance.choice([" ", ":", "/", "-", ".", "+"]) + text,
    ])  # fmt: skip


def _service(chance: random.Random, name: str) -> Case:
    key = chance.choice(list(values.SERVICE))
    table, podman = values.SERVICE[key]
    value = chance.choice(table)
    if isinstance(value, str) and chance.random() < SLIPS:
        value = mutated(chance, value)
    if isinstance(value, str):
        value = value.replace("PORT", str(values.PORTS + chance.randrange(400)))
    service = _plain()
    _put(service, key, value)
    options = podman(value) if podman and isinstance(value, (str, int, float)) else None
    return Case(f"{key} = {value!r}", _spec(name, service), podman=options)


def _project(chance: random.Random, name: str) -> Case:
    key = chance.choice(list(values.PROJECT))
    table, podman = values.PROJECT[key]
    value = chance.choice(table)
    if chance.random() < SLIPS:
        value = mutated(chance, value)
    made = Case(f"{key} = {value!r}", _spec(name, _plain()), podman=podman and podman(value))
    if key == "service":
        made.spec["services"] = {value: _plain()}
    elif "." in key:
        kind, where = key.split(".")
        made.spec[kind] = {"data": {where: value}}
        use = ["data:/data"] if kind == "volumes" else ["data"]
        made.spec["services"]["web"][kind] = use
    else:
        made.builds = True
        made.containerfile = [f"FROM {BASE_ARG} AS first", f"FROM {BASE_ARG} AS Second", "ENV A=b"]
        image, tag = "img", "1"
        more: dict[str, Any] = {}
        if key == "version":
            tag = value
        elif key == "image":
            image = value
        elif key == "target":
            more = {"target": value}
        else:
            more = {"args": {value: "x"}}
        made.buildah = _option(key, value)
        _build(made.spec, image, tag, more)
    return made


def _option(key: str, value: str) -> str:
    return {
        "version": f"--tag=localhost/agree:{value}",
        "image": f"--tag=localhost/{value}:1",
        "target": f"--target={value}",
        "arg": f"--build-arg={value}=x",
    }[key]


def _build(spec: dict[str, Any], image: str, tag: str, more: Mapping[str, Any]) -> None:
    spec["images"] = {image: {"versions": {tag: {"context": "../context", **more}}}}
    spec["services"]["web"]["image"] = image


def _containerfile(chance: random.Random, name: str) -> Case:
    line = chance.choice(values.LINES)
    if chance.random() < SLIPS:
        line = mutated(chance, line)
    lines = [f"FROM {BASE_ARG} AS first", "COPY a /first"]
    if chance.random() < 0.5:
        lines += [f"FROM {BASE_ARG}", "COPY --from=first /first /second"]
    usual = chance.sample(values.USUAL, chance.randint(0, 3))
    at = chance.randint(0, len(usual))
    lines += [*usual[:at], line, *usual[at:]]
    spec = _spec(name, _plain())
    _build(spec, "img", "1", {})
    runs = not line.lower().lstrip().startswith(("copy", "add", "run", "arg", "#"))
    return Case(f"{line!r}", spec, lines, builds=True, runs=runs)


def _spec(name: str, service: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "services": {"web": service},
        "volumes": {"data": {}},
        "secrets": {"tok": {"file": "secret"}},
    }


def _plain() -> dict[str, Any]:
    return {"image": BASE_ARG, "command": ["sleep", "1000"], "stop_grace_period": "0s"}


def _put(service: dict[str, Any], key: str, value: Any) -> None:
    *outer, last = key.split(".")
    table: Any = service
    for part in outer:
        table = table.setdefault(part, {})
    if last.endswith("[]"):
        table[last[:-2]] = [value]
    elif last.endswith("{}"):
        table[last[:-2]] = {value: "x"} if isinstance(value, str) else value
    else:
        table[last] = value


def _usual(chance: random.Random, made: Case) -> None:
    """What is right, beside the odd value; some of it twice, so that things meet."""
    for service in made.spec["services"].values():
        for key, value in chance.sample(values.BESIDE, chance.randint(0, 3)):
            service.setdefault(key, value)
    for name in chance.sample(["db", "job"], chance.choice([0, 0, 1])):
        first = next(iter(made.spec["services"]))
        if chance.random() < 0.6:
            made.spec["services"][first].setdefault("depends_on", [name])
        made.spec["services"].setdefault(name, _plain())
    for service in list(made.spec["services"].values()):
        needs = service.get("depends_on", ())
        for name, need in needs.items() if isinstance(needs, dict) else ():
            other = made.spec["services"].setdefault(name, _plain())
            if need.get("condition") == "service_completed_successfully":
                other["command"] = ["true"]
