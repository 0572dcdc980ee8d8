"""From a document's data to a `Pipeline`: every default is filled in here and in its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.spec.budgets import Budgets
from pipeline.spec.images import read_image
from pipeline.spec.model import Network, Pipeline, Secret, Volume
from pipeline.spec.problem import Problem
from pipeline.spec.project_folder import WORD
from pipeline.spec.quantities import size_in_bytes
from pipeline.spec.read_context import ReadContext, Table, texts_of
from pipeline.spec.services import read_service
from pipeline.spec.textfile import kind_at

if TYPE_CHECKING:
    from pipeline.spec.experiments import OwnExperiment

T = TypeVar("T")

ROOT_MARKS = (".git", "tasks.py", "pyproject.toml")
"""What the project folder holds, and no folder below it between it and the spec."""


def project_root(spec: Path) -> Path:
    """The project folder of a spec: contexts and bind mounts stay inside it.

    The nearest folder above the spec that holds one of `ROOT_MARKS`; without any, the parent of
    a folder called `specs`, else the spec's own folder.
    """
    for folder in spec.parents:
        if any(kind_at(folder / mark) for mark in ROOT_MARKS):
            return folder
    return spec.parent.parent if spec.parent.name == "specs" else spec.parent


def read_pipeline(data: Table, spec: Path, root: Path, scope: ReadContext) -> Pipeline:
    """The pipeline of a document that the schema allows; what is wrong goes to `scope`."""
    return Pipeline(
        name=scope.pipeline,
        path=spec,
        root=root,
        images=dict(_each(data, "images", read_image, scope)),
        services=dict(_each(data, "services", read_service, scope)),
        volumes=dict(_each(data, "volumes", _volume, scope)),
        networks=dict(_each(data, "networks", _network, scope)),
        secrets=dict(_each(data, "secrets", _secret, scope)),
        lint=dict(data.get("x-lint", {})),
        budgets=_budgets(data.get("x-report", {}), scope),
        experiments=_experiments(data.get("verify", []), scope),
    )


def _experiments(tables: list[Any], scope: ReadContext) -> tuple[OwnExperiment, ...]:
    if not tables:
        return ()
    from pipeline.spec.read_experiments import read_experiments  # noqa: PLC0415 (few specs pay)

    return tuple(read_experiments(tables, scope))


def _each(
    data: Table, key: str, read: Callable[[str, Table, ReadContext], T | None], scope: ReadContext
) -> Iterator[tuple[str, T]]:
    for name, table in data.get(key, {}).items():
        made = read(name, table, scope)
        if made is not None:
            yield name, made


def _volume(name: str, table: Table, scope: ReadContext) -> Volume:
    external = table.get("external", False)
    return Volume(
        name=name,
        engine_name=table.get("name", name) if external else scope.engine_name(table, name),
        external=external,
        labels=texts_of(table.get("labels")),
        backup_before_upgrade=table.get("backup_before_upgrade", False),
        exclusive=table.get("exclusive"),
    )


def _network(name: str, table: Table, scope: ReadContext) -> Network:
    return Network(
        name=name,
        engine_name=scope.engine_name(table, name),
        internal=table.get("internal", False),
        labels=texts_of(table.get("labels")),
    )


def _secret(name: str, table: Table, scope: ReadContext) -> Secret | None:
    file, variable = table.get("file"), table.get("environment")
    if (file is None) == (variable is None):
        said = "has both `file` and `environment`" if file else "has no source"
        hint = "keep one of them" if file else "give it `file` or `environment`"
        path = ("secrets", name)
        scope.note(Problem("CAP011", path, f"the secret {said}", hint, on_key=True))
        return None
    return Secret(
        name=name,
        engine_name=scope.engine_name(table, name),
        file=None if file is None else scope.absolute(file),
        environment=variable,
        dotenv=scope.dotenv_of(variable),
        allow_outside_project=table.get(WORD, False),
    )


def _budgets(table: Table, scope: ReadContext) -> Budgets:
    common = _budget(table, None, scope)
    versions = {
        name: _budget(limits, name, scope, common)
        for name, limits in table.get("versions", {}).items()
    }
    return Budgets(common.max_new_bytes, common.min_shared_ratio, versions)


def _budget(
    table: Mapping[str, Any], version: str | None, scope: ReadContext, base: Budgets | None = None
) -> Budgets:
    size, ratio = table.get("max_new_bytes"), table.get("min_shared_ratio")
    where = ("x-report", *(("versions", version) if version else ()), "max_new_bytes")
    most = (
        None if size is None else scope.tried("CAP006", where, size, partial(size_in_bytes, size))
    )
    if base is not None:
        most = base.max_new_bytes if most is None else most
        ratio = base.min_shared_ratio if ratio is None else ratio
    return Budgets(most, None if ratio is None else float(ratio))
