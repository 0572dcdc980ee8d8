"""Files and folders that a spec names: there, readable, and inside the project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.spec.images import CONTAINERFILE_NAMES
from pipeline.spec.model import Mount, Pipeline, Secret, Version
from pipeline.spec.problem import KeyPath, Problem, near_file
from pipeline.spec.project_folder import lies_in, outside
from pipeline.spec.read_context import ReadContext
from pipeline.spec.textfile import kind_at


def path_problems(pipeline: Pipeline, scope: ReadContext) -> Iterator[Problem]:
    """Contexts, Containerfiles, bind mounts and secrets."""
    project = _Project(pipeline.root)
    for version in pipeline.versions:
        yield from _version(version, project)
    for service in pipeline.services.values():
        for index, mount in enumerate(service.mounts):
            if mount.kind == "bind":
                path = scope.place(("services", service.name, "volumes", index))
                yield from _bind(mount, path, project)
    for secret in pipeline.secrets.values():
        yield from _secret(secret, project, scope)


class _Project:
    """The project folder, and what lies in it."""

    def __init__(self, root: Path) -> None:
        self._written = root
        self._real = root.resolve()

    def holds(self, path: Path) -> bool:
        """Whether a path lies in the project folder, symbolic links followed."""
        return lies_in(self._real, path)

    def name(self, path: Path) -> str:
        """A path as people say it: from the project folder, when it lies there."""
        return str(path.relative_to(self._written) if self._written in path.parents else path)


def _version(version: Version, project: _Project) -> Iterator[Problem]:
    path: KeyPath = ("images", version.image, "versions", version.name)
    context, file = version.context, version.containerfile
    if (kind := kind_at(context)) != "folder":
        what = "is not a folder" if kind else "does not exist, or cannot be reached"
        message = f"the context {project.name(context)} {what}"
        hint = "" if kind else near_file(context)
        yield Problem("CAP122", (*path, "context"), message, hint)
        return
    if not version.allow_outside_project and not project.holds(context):
        yield outside("context", context, (*path, "context"))
    elif not version.allow_outside_project and not project.holds(file):
        yield outside("Containerfile", file, (*path, "containerfile"))
    if (kind := kind_at(file)) != "file":
        named = file.name not in CONTAINERFILE_NAMES
        wanted = f"file {file.name}" if named else " or ".join(CONTAINERFILE_NAMES)
        message = f"there is no {wanted} in {project.name(file.parent)}"
        if kind:
            message = f"{project.name(file)} is not a regular file"
        where = (*path, "containerfile" if named else "context")
        yield Problem("CAP123", where, message, near_file(file) if named else "")


def _bind(mount: Mount, path: KeyPath, project: _Project) -> Iterator[Problem]:
    source = Path(str(mount.source))
    if not kind_at(source):
        message = f"there is nothing to mount at {project.name(source)}"
        yield Problem("CAP126", path, message, near_file(source))
    elif not mount.allow_outside_project and not project.holds(source):
        yield outside("bind mount", source, path)


def _secret(secret: Secret, project: _Project, scope: ReadContext) -> Iterator[Problem]:
    path: KeyPath = ("secrets", secret.name)
    if secret.file and not secret.allow_outside_project and not project.holds(secret.file):
        yield outside(f"secret {secret.name}'s file", secret.file, (*path, "file"))
    elif secret.file is not None and kind_at(secret.file) != "file":
        message = f"the secret's file {project.name(secret.file)} does not exist"
        yield Problem("CAP125", (*path, "file"), message, near_file(secret.file))
    if secret.environment is not None and secret.environment not in scope.environ:
        message = f"the secret's variable {secret.environment} is not set"
        yield Problem("CAP125", (*path, "environment"), message, "set it, or put it into .env")
