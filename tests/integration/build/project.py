"""A small project of real Containerfiles for the build tests, on a base without a registry."""

from __future__ import annotations

from pathlib import Path

SPEC = """\
name = "{name}"
[images.base.versions]
"1" = {{ context = "../base" }}
[images.app.versions]
"1.0" = {{ context = "../app/1.0" }}
"1.1" = {{ context = "../app/1.1" }}
"""


def make_project(root: Path, name: str) -> Path:
    """A spec with a base and two versions on it; `root` is returned, for the tests to change."""
    (root / "specs").mkdir(parents=True)
    (root / "specs" / f"{name}.toml").write_text(SPEC.format(name=name))
    write(root / "base", f"# {name}\nFROM scratch\nCOPY etc /etc\nENV NAME={name}\n")
    (root / "base" / "etc").mkdir()
    (root / "base" / "etc" / "motd").write_text(name)
    base = "FROM localhost/base:1\n"
    write(root / "app" / "1.0", f"{base}COPY main.py /app/\n", main="print(1)")
    write(
        root / "app" / "1.1",
        f"{base}COPY main.py /app/\nCOPY more.py /app/\n",
        main="print(1)",
        more="print(2)",
    )
    return root


def write(context: Path, containerfile: str, **modules: str) -> Path:
    """A context of Python modules."""
    context.mkdir(parents=True, exist_ok=True)
    (context / "Containerfile").write_text(containerfile)
    for name, text in modules.items():
        (context / f"{name}.py").write_text(text)
    return context
