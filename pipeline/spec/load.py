"""From a spec's file to a checked `Pipeline`, or to everything that is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.errors import InvalidSpec
from pipeline.lean_dataclasses import dataclass
from pipeline.output.findings.finding import Finding
from pipeline.spec.answer_cache import AnswerCache
from pipeline.spec.coerce import retype
from pipeline.spec.crosscheck import cross_problems
from pipeline.spec.document import Document, read_document
from pipeline.spec.dotenv import read_dotenv
from pipeline.spec.interpolate import interpolated
from pipeline.spec.locate import levelled, placed
from pipeline.spec.model import Pipeline
from pipeline.spec.problem import MOST, BadForm, KeyPath, Problem
from pipeline.spec.project_folder import lies_in, outside
from pipeline.spec.read import project_root, read_pipeline
from pipeline.spec.read_context import BROKEN, ReadContext
from pipeline.spec.schema import schema_question, violations
from pipeline.spec.schema_messages import schema_problems
from pipeline.spec.textfile import Unreadable, kind_at

_REMEMBERED = 100
_KINDS = ("images", "services", "volumes", "networks", "secrets")


@dataclass(frozen=True)
class Examination:
    """What was found in a spec.

    Attributes:
        findings: everything, in the order of the file.
        pipeline: what the spec says, when no finding is an error.
    """

    findings: tuple[Finding, ...]
    pipeline: Pipeline | None


def load(path: Path, environ: Mapping[str, str]) -> Pipeline:
    """The pipeline that the spec at `path` describes.

    Raises:
        InvalidSpec: the spec has errors; all of them at once.
    """
    examination = examine(path, environ)
    if examination.pipeline is None:
        raise InvalidSpec([f for f in examination.findings if f.severity == "error"])
    return examination.pipeline


def examine(path: Path, environ: Mapping[str, str], *, containerfiles: bool = False) -> Examination:
    """Everything that is wrong with the spec at `path`, and what it says; never raises.

    Args:
        path: the spec.
        environ: the caller's environment.
        containerfiles: look into its Containerfiles and their contexts too.
    """
    document = read_document(path)
    if document.findings:
        return Examination(document.findings, None)
    pipeline, problems = _read(document, environ)
    findings = placed(problems, document)
    failed = any(finding.severity == "error" for finding in findings)
    if containerfiles:
        from pipeline.spec.lint import (  # noqa: PLC0415 (only validate pays for it)
            lint_pipeline,
            target_problems,
        )

        targets = placed(list(target_problems(pipeline)), document)
        failed |= any(finding.severity == "error" for finding in targets)
        findings += targets
        findings += levelled(lint_pipeline(pipeline, Path.cwd()), document)
    return Examination(findings, None if failed else pipeline)


def _read(document: Document, environ: Mapping[str, str]) -> tuple[Pipeline, list[Problem]]:
    spec = Path(os.path.abspath(document.path))  # noqa: PTH100 (`absolute` would keep `..`)
    root = project_root(spec)
    dotenv, problems = _dotenv(root / ".env", environ)
    variables = {**dotenv, **environ}
    data = document.data
    if "$" in document.text:
        data, faults = interpolated(data, variables)
        problems += faults
        retype(data, violations(data))
    memory, question = AnswerCache("valid-specs", environ, kept=_REMEMBERED), schema_question(data)
    if memory.answer(question) is None:
        wrong = schema_problems(data)
        problems += wrong
        if not wrong:
            memory.remember({question: ""})
    broken = {problem.path for problem in problems if problem.path}
    sound: Mapping[str, Any] = _pruned(data, (), broken) if broken else data
    scope = ReadContext(
        pipeline=sound.get("name", "pipeline"),
        folder=spec.parent,
        root=root,
        environ=variables,
        dotenv=(root / ".env", frozenset(dotenv.keys() - environ.keys())),
        declared=_declared(document.data),
        problems=problems,
        damaged=frozenset(path[:length] for path in broken for length in range(len(path))),
    )
    pipeline = read_pipeline(sound, spec, root, scope)
    problems += islice(cross_problems(pipeline, scope), max(0, MOST + 1 - len(problems)))
    return pipeline, _without_flood(problems)


def _without_flood(problems: list[Problem]) -> list[Problem]:
    if len(problems) <= MOST:
        return problems
    message = f"there are more than {MOST} problems: only the first are shown"
    return [*problems[:MOST], Problem("CAP012", (), message)]


def _declared(data: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """The names of everything that the document describes, sound or not."""

    def names(table: object, key: str) -> frozenset[str]:
        inner = table.get(key) if isinstance(table, dict) else None
        return frozenset(inner) if isinstance(inner, dict) else frozenset()

    declared = {kind: names(data, kind) for kind in _KINDS}
    declared["versions"] = frozenset(
        f"{image}:{version}"
        for image in declared["images"]
        for version in names(data["images"][image], "versions")
    )
    return declared


def _dotenv(path: Path, environ: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    """The variables of the project's `.env`, if there is one; not of one that leads elsewhere."""
    if not kind_at(path):
        return {}, []
    if not lies_in(path.parent, path):
        hint = "put a file in its place, or export what the spec needs"
        return {}, [outside("file", path, (), hint)]
    try:
        return read_dotenv(path, environ), []
    except (BadForm, Unreadable) as error:
        hint = error.hint if isinstance(error, BadForm) else ""
        return {}, [Problem("CAP124", (), f"{path} cannot be read: {error.message}", hint)]


def _pruned(value: Any, path: KeyPath, broken: set[KeyPath]) -> Any:
    """`value` without what stands at the ways `broken`; in lists `BROKEN` stands in its place."""
    if isinstance(value, dict):
        return {
            key: _pruned(item, (*path, key), broken)
            for key, item in value.items()
            if (*path, key) not in broken
        }
    if isinstance(value, list):
        return [
            BROKEN if (*path, i) in broken else _pruned(item, (*path, i), broken)
            for i, item in enumerate(value)
        ]
    return value
