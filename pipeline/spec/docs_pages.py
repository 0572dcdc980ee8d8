"""The reference pages of the docs, made from the schema and the table of rules.

`python -m pipeline.spec.docs_pages` writes docs/spec.md and docs/rules.md; a test holds them
current.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.spec.rules import CHANGEABLE, RULES
from pipeline.spec.rules_link import anchor
from pipeline.spec.schema import schema

Schema = Mapping[str, Any]

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "table",
}
_SECTIONS = (
    ("The spec", ""),
    ("`[images.NAME]`", "image"),
    ("`[images.NAME.versions.VERSION]`", "version"),
    ("`[images.NAME.versions.VERSION.rootfs]`", "rootfs"),
    ("`[services.NAME]`", "service"),
    ("A file of `env_file`, in the long form", "envFileTable"),
    ("A port of `ports`, in the long form", "port"),
    ("A volume of a service's `volumes`, in the long form", "mount"),
    ("A dependency of `depends_on`, in the long form", "dependency"),
    ("`healthcheck`", "healthcheck"),
    ("`resources`", "resources"),
    ("A secret of a service's `secrets`, in the long form", "secretMount"),
    ("`ingress`", "ingress"),
    ("`[volumes.NAME]`", "volume"),
    ("`[networks.NAME]`", "network"),
    ("`[secrets.NAME]`", "secret"),
    ("`[[verify]]`", "experiment"),
    ("A step of an experiment", "step"),
    ("`[x-report]`", "/x-report"),
)

_INTRODUCTION = """\
<!-- Made by `python -m pipeline.spec.docs_pages` from the schema; do not edit. -->

# The spec

One spec is one pipeline: the images that it builds, the services that it runs, and what they
share. It is a TOML file, by custom in `specs/`. [`specs/reference.toml`](../specs/reference.toml)
uses every key once, and the [JSON Schema](../pipeline/spec/pipeline.schema.json) gives editors
completion and help: put `#:schema PATH` into the first line (Taplo, Even Better TOML, and others).

- **Which spec** a command works on: `--spec FILE`, else the variable `CAPAS_SPEC`, else the only
  file in `specs/` of the current folder or of a folder above it, up to the project folder.
  `reference.toml` is never chosen by itself.
- **The project folder** is the nearest folder above the spec that holds `.git`, `tasks.py` or
  `pyproject.toml`; without one the parent of `specs/`, else the spec's own folder. Contexts,
  bind mounts, env files and files of secrets stay inside it, symbolic links followed: what leaves
  it is an error, and is not read, unless `allow_outside_project = true` stands beside it. `.env`
  stays inside it in any case.
- **Paths** start at the spec's folder; a Containerfile's at its context.
- **Variables** are replaced in texts, not in keys: `${NAME}`, `${NAME:-default}` (also for an
  empty one), `${NAME-default}`, `${NAME:?message}`; `$$` is one `$`. They come from the
  environment, then from `.env` in the project folder. A value that is one reference and nothing
  else may give a number (`replicas = "${REPLICAS:-2}"`). A bare `$NAME` is refused: it could be
  meant for a shell in the container.
- **Env files** (`.env`, `env_file`) are read as Compose reads them: `NAME=value` up to ` #`,
  `"…"` with escapes, `'…'` as it stands, both over several lines if need be, and `NAME` alone
  for the caller's value. References are replaced outside single quotes, here also `$NAME`; the
  environment comes first, then `environment` of the service, then the lines above. A name that
  is not one, an open quote, text after a closing quote and an unset variable are errors.
- **Durations** are texts such as `1s`, `1m30s`, `500ms`. **Sizes** are `512m`, `1.5g` (powers of
  1024) or a number of bytes.
- **Names in Podman**: containers are `<pipeline>-<service>-<replica>`, volumes, networks and
  secrets `<pipeline>_<name>` unless they have a `name`.
- **Versions** sort by number, pre-releases before their release:
  `1.0-rc1 < 1.0 < 1.0.1 < 1.9 < 1.10`.
- **Limits**: a spec has at most 1 MiB and 20,000 keys and values, and tables are nested at most 32
  deep. Of more than 500 findings the first are shown.

`capas validate` names everything that is wrong at once; [the rules](rules.md) say why.
"""

_RULES_INTRODUCTION = """\
<!-- Made by `python -m pipeline.spec.docs_pages` from the table of rules; do not edit. -->

# The rules

What `capas validate` looks for. The meaning of an id never changes. A spec changes the level of a
rule under `[x-lint]` (`off`, `note`, `warning` or `error`), except where *fixed* stands: without
those rules a spec would mean nothing. In a Containerfile, `# capas: ignore=CAP221 reason` excepts
one instruction.
"""


def spec_page() -> str:
    """The page docs/spec.md."""
    return "\n".join([_INTRODUCTION, *(line for s in _SECTIONS for line in _section(*s))])


def rules_page() -> str:
    """The page docs/rules.md."""
    lines = [_RULES_INTRODUCTION]
    for title, prefix in (
        ("The language", "CAP0"),
        ("What the parts of a spec say of each other", "CAP1"),
        ("Containerfiles", "CAP2"),
        ("Releases", "CAP3"),
    ):
        lines += [f"## {title}", "", "| rule | name | level | why |", "|---|---|---|---|"]
        for rule in sorted(RULES.values(), key=lambda rule: rule.id):
            if rule.id.startswith(prefix):
                level = rule.severity + ("" if rule.id in CHANGEABLE else ", fixed")
                why = rule.why.replace("|", "\\|")
                target = f'<a id="{anchor(rule.id)}"></a>'
                lines.append(f"| {target}{rule.id} | {rule.name} | {level} | {why} |")
        lines.append("")
    return "\n".join(lines)


def _section(title: str, name: str) -> Iterator[str]:
    node = _node(name)
    description = node["description"]
    if "anyOf" in node:
        node = next(form for form in node["anyOf"] if form.get("type") == "object")
    yield f"## {title}"
    yield ""
    yield description
    yield ""
    yield "| key | type | default | meaning | example |"
    yield "|---|---|---|---|---|"
    required = node.get("required", [])
    for key, value in node["properties"].items():
        whole = resolved(value)
        needed = " **(required)**" if key in required else ""
        default = _code(whole["default"]) if "default" in whole else ""
        meaning = whole["description"].replace("|", "\\|")
        example = "<br>".join(_code(example) for example in whole["examples"])
        yield f"| `{key}`{needed} | {_type(whole)} | {default} | {meaning} | {example} |"
    yield ""


def _node(name: str) -> Schema:
    if not name:
        return schema()
    node: Schema = (
        schema()["properties"][name[1:]] if name.startswith("/") else schema()["$defs"][name]
    )
    return node


def resolved(node: Schema) -> dict[str, Any]:
    """A node of the schema with what its `$ref` refers to; its own keywords win."""
    reference = node.get("$ref")
    if reference is None:
        return dict(node)
    target: Any = schema()
    for part in reference.removeprefix("#/").split("/"):
        target = target[part]
    return {**resolved(target), **{key: value for key, value in node.items() if key != "$ref"}}


def _type(node: Schema) -> str:
    if "enum" in node:
        return ", ".join(f"`{word}`" for word in node["enum"])
    if "anyOf" in node:
        return " or ".join(dict.fromkeys(_type(resolved(form)) for form in node["anyOf"]))
    given = node.get("type", "anything")
    return " or ".join(
        _TYPES.get(name, name) for name in ([given] if isinstance(given, str) else given)
    )


def _code(value: object) -> str:
    return f"`{_toml(value)}`".replace("|", "\\|")


def _toml(value: object) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    plain = name.replace("-", "").replace("_", "")
    return name if plain.isascii() and plain.isalnum() else json.dumps(name)


def main() -> None:
    """Write both pages into docs/ of the current folder."""
    Path("docs").mkdir(exist_ok=True)
    Path("docs", "spec.md").write_text(spec_page(), encoding="utf-8")
    Path("docs", "rules.md").write_text(rules_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
