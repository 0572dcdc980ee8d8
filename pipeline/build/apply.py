"""Doing what was planned, with Buildah: decides nothing."""

from __future__ import annotations

import secrets
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pipeline.build import recipe
from pipeline.build.output import Cached, Said, Step, parse_line
from pipeline.build.schedule import run_side_by_side
from pipeline.engine import buildah, command
from pipeline.engine.leftovers import remove_working_containers
from pipeline.errors import CapasError, EngineError
from pipeline.report.progress import Progress

_LAST_LINES = 15


@dataclass(frozen=True)
class Job:
    """One `buildah build`.

    Attributes:
        name: `image:version`, as it is told.
        reference: the tag that the image gets when, and only when, the build succeeds.
        containerfile: the text that Buildah reads.
        context: the folder that it copies from.
        timestamp: of every file and of the image, in seconds since the epoch.
        log: where everything that Buildah says is kept.
        needs: names of the jobs whose images it builds on.
    """

    name: str
    reference: str
    containerfile: str
    context: Path
    args: Mapping[str, str]
    target: str | None
    timestamp: int
    ignorefile: Path | None
    log: Path
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Built:
    """What became of a job.

    Attributes:
        image: the new image's id.
        cached: for each step that Buildah told, whether its result was there already.
        seconds: it took.
    """

    name: str
    image: str
    cached: tuple[bool, ...]
    seconds: float


class Builder:
    """Runs jobs side by side and ends all of them together.

    Args:
        environment: of every Buildah process (the host profile's).
        progress: is told what happens.
    """

    def __init__(self, environment: Mapping[str, str], progress: Progress) -> None:
        self._environment = environment
        self._progress = progress
        self._marker = f"capas-{secrets.token_hex(8)}"
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._ended = False

    def build_all(
        self,
        names: Sequence[str],
        needs: Mapping[str, Sequence[str]],
        job: Callable[[str], Job],
        workers: int,
    ) -> tuple[dict[str, Built], dict[str, Exception]]:
        """Build all of `names`, each after those it needs, at most `workers` at once.

        Args:
            names: bases first.
            needs: by name.
            job: makes the job when its needs are built, because it names their images.
            workers: how many builds run at once.
        """
        try:
            built, errors = run_side_by_side(
                names,
                needs,
                lambda name: self._build(job(name)),
                workers=workers,
                interrupt=self._end_all,
            )
        except KeyboardInterrupt:
            self._remove_leftovers()
            raise
        if errors:
            self._remove_leftovers()
        return built, errors

    def _build(self, job: Job) -> Built:
        started = time.monotonic()
        self._progress.begin(job.name)
        outcome = "failed"
        try:
            built = self._run(job, started)
            outcome = "built"
            return built
        finally:
            self._progress.end(job.name, outcome, time.monotonic() - started)

    def _run(self, job: Job, started: float) -> Built:
        with (
            tempfile.TemporaryDirectory(prefix="capas-build-") as scratch,
            _open_log(job.log) as log,
        ):
            containerfile = Path(scratch, "Containerfile")
            containerfile.write_text(job.containerfile, encoding="utf-8", errors="surrogateescape")
            iidfile = Path(scratch, "iid")
            argv = buildah.build_argv(
                context=job.context,
                containerfile=containerfile,
                tags=(job.reference,),
                args=job.args,
                labels={},
                timestamp=job.timestamp,
                target=job.target,
                pull="never",
                ignorefile=job.ignorefile,
                iidfile=iidfile,
                marker=self._marker,
            )
            follower = _Follower(job.name, self._progress, log)
            code = command.stream(
                argv, follower.follow, environment=self._environment, on_start=self._register
            )
            if code != 0:
                raise follower.failure(code, job.log)
            image = iidfile.read_text(encoding="ascii").removeprefix("sha256:")
        return Built(job.name, image, tuple(follower.cached), time.monotonic() - started)

    def _register(self, process: subprocess.Popen[str]) -> None:
        with self._lock:
            self._running = {one for one in self._running if one.poll() is None} | {process}
            ended = self._ended
        if ended:  # it began while all were being ended
            command.end_group(process)

    def _end_all(self) -> None:
        with self._lock:
            self._ended = True
            running = tuple(self._running)
        for process in running:
            command.end_group(process)

    def _remove_leftovers(self) -> None:
        # What failed is told anyway; a container that stays is found by `prune`.
        with suppress(CapasError):
            remove_working_containers(self._marker, self._environment)


class _Follower:
    """Reads what Buildah says about one job."""

    def __init__(self, name: str, progress: Progress, log: TextIO) -> None:
        self._name = name
        self._progress = progress
        self._log = log
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._step: Step | None = None
        self.cached: list[bool] = []

    def follow(self, line: str) -> None:
        """One line of Buildah's output."""
        self._log.write(line + "\n")
        self._last.append(line)
        told = parse_line(line)
        if isinstance(told, Step):
            self._step = told
            self.cached.append(False)
            text = "labels" if recipe.is_label_instruction(told.text) else told.text
            self._progress.step(self._name, told.number, told.total, text)
        elif isinstance(told, Cached):
            self.cached[-1] = True
            self._progress.cached(self._name)
        elif isinstance(told, Said):
            self._progress.said(self._name, told.text)

    def failure(self, code: int, log: Path) -> EngineError:
        """What the user is told when Buildah ended with `code`."""
        step = self._step
        where = f" at step {step.number}/{step.total}: {step.text}" if step else ""
        how = f"was ended by signal {-code}" if code < 0 else f"exit code {code}"
        return EngineError(
            f"{self._name} was not built: Buildah failed{where}",
            details="\n".join([*self._last, f"({how}; the image built before is unchanged)"]),
            resolution=f"the whole log: {log}",
        )


def _open_log(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w", encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise EngineError(
            f"the log of the build cannot be written: {error.strerror}", details=str(path)
        ) from None
