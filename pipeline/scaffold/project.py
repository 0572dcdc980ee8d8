"""Which files a new project has, and writing them: all of them, or none."""

from __future__ import annotations

import re
import shutil
import tempfile
import unicodedata
from collections.abc import Mapping
from importlib.resources import files as package_files
from pathlib import Path
from string import Template

from pipeline.errors import CapasError, Refused, UsageError
from pipeline.lean_re import lazy_pattern

_NAME = lazy_pattern(r"[a-z0-9]+([._-][a-z0-9]+)*")
"""One component of a repository's name (OCI distribution-spec, "Pulling manifests")."""


def plan_files(name: str, base: str | None, *, tests: bool = False) -> dict[Path, str]:
    """The files of a project, by their path inside its folder.

    Args:
        name: of the pipeline and its one image.
        base: the reference of the image to build on; None for one made of Debian's packages,
            which needs no registry.
        tests: also a folder of tests for pytest.

    Raises:
        UsageError: an image cannot have this name.
    """
    if not _NAME.fullmatch(name):
        proposal = proposed_name(name)
        raise UsageError(
            f"an image cannot be called {name!r}",
            details="OCI names are lower case letters and digits, with . _ - between them",
            resolution=f"--name {proposal}" if proposal else "choose another with --name",
        )
    # A base of its own: another pipeline's image of the same name would take turns with it.
    own_base = f"{name}-python"
    words = {"name": name, "own_base": own_base, "base": base or f"localhost/{own_base}:3.11"}
    planned = {
        Path("specs", f"{name}.toml"): _template("spec.toml", words),
        Path("specs", "pipeline.schema.json"): _schema(),
        Path("containers", name, "1.0", "Containerfile"): _template("Containerfile", words),
        Path("containers", name, "1.0", "main.py"): _template("main.py", words),
        Path("tasks.py"): _template("tasks.py", words),
        Path(".gitignore"): _template("gitignore", words),
    }
    if tests:
        module = re.sub(r"[^a-z0-9]", "_", name)
        planned[Path("tests", f"test_{module}.py")] = _template("test_app.py", words)
    if base is None:
        spec = Path("specs", f"{name}.toml")
        planned[spec] += _template("python-base.toml", words)
        planned[Path("containers", own_base, "Containerfile")] = _template(
            "python-base.Containerfile", words
        )
    return planned


def proposed_name(text: str) -> str:
    """The nearest name that an image can have; empty when there is none."""
    plain = unicodedata.normalize("NFKD", text.lower())
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")


def apply_files(folder: Path, planned: Mapping[Path, str]) -> None:
    """Write the files; nothing is written when one of them is there already.

    Raises:
        Refused: a file is there already.
        CapasError: the folder cannot be written.
    """
    there = [path for path in planned if (folder / path).exists() or (folder / path).is_symlink()]
    if there:
        raise Refused(
            f"{len(there)} of the project's files are in {folder} already",
            details="\n".join(map(str, sorted(there))),
            resolution="choose an empty folder, or another --name",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=".capas-init-", dir=folder))
    except OSError as error:
        raise CapasError(
            f"the folder cannot be written: {error.strerror}", details=str(folder)
        ) from None
    try:
        for path, text in planned.items():
            (staged / path).parent.mkdir(parents=True, exist_ok=True)
            (staged / path).write_text(text, encoding="utf-8")
        for path in planned:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (staged / path).replace(folder / path)
    except OSError as error:
        raise CapasError(
            f"the project cannot be written: {error.strerror}", details=str(error.filename)
        ) from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _template(name: str, words: Mapping[str, str]) -> str:
    text = (package_files("pipeline.scaffold") / "templates" / name).read_text(encoding="utf-8")
    return Template(text).substitute(words)


def _schema() -> str:
    return (package_files("pipeline.spec") / "pipeline.schema.json").read_text(encoding="utf-8")
