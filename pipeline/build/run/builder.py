"""Doing what was planned, with Buildah: decides nothing."""

from __future__ import annotations

import errno
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from pipeline.bootstrap.private import private_folder, private_opener
from pipeline.build.context import generated_containerfile, owners
from pipeline.build.context.inputs import Inputs
from pipeline.build.context.scratch import scratch_folder
from pipeline.build.context.staging import stage_context
from pipeline.build.observe.image_labels import timestamp_text
from pipeline.build.plan.foreign_cache import foreign, other_id, other_past
from pipeline.build.run.buildah_output import Cached, OutputLine, OutputStep, parse_line
from pipeline.build.run.logs import cache_folder
from pipeline.engine import buildah, command
from pipeline.engine.build_cache import CacheImage, cache_image
from pipeline.engine.images import inspect_image
from pipeline.engine.leftovers import (
    end_held,
    end_runs,
    hold_runs,
    new_marker,
    remove_working_containers,
    working_containers,
)
from pipeline.engine.process_group import end_group, end_stragglers
from pipeline.engine.storage import observe_storage
from pipeline.engine.temporary_files import build_temporary
from pipeline.errors import CapasError, EngineError
from pipeline.host.buildah_generation import generation_here, note_result
from pipeline.lean_dataclasses import dataclass, replace
from pipeline.output.progress import Progress

_LAST_LINES = 15
_ANEW = "built without the store's layers: a build unlike ours made some of them ({})"


@dataclass(frozen=True)
class Job:
    """One `buildah build`.

    Attributes:
        reference: the tag that the image gets when, and only when, the build succeeds; empty for
            none.
        containerfile: the text that Buildah reads.
        inputs: what the context must show.
        timestamp: of every file and of the image, in seconds since the epoch.
        log: where everything that Buildah says is kept.
        expected: the id of the released image that is to come out; empty when there is none.
    """

    name: str
    reference: str
    containerfile: str
    inputs: Inputs
    args: Mapping[str, str]
    target: str | None
    timestamp: int
    log: Path
    expected: str = ""


@dataclass(frozen=True)
class Built:
    """What became of a job.

    Attributes:
        image: the new image.
        seconds: it took.
        first: the first instruction whose result was not in the store yet; empty if all were.
        note: what is to be known about results of other builds in the store; mostly empty.
    """

    name: str
    image: CacheImage
    seconds: float
    first: str = ""
    note: str = ""


@dataclass(frozen=True)
class _Taken:
    """What a build took from the store.

    Attributes:
        foreign: why a build from nothing would not have made it; empty when it would.
        past: what its history says that such a build would not say.
    """

    foreign: str = ""
    past: str = ""


class Builder:
    """Runs builds, and ends all of them together.

    Args:
        environment: of every Buildah process (the host profile's).
        progress: is told what happens.
    """

    def __init__(self, environment: Mapping[str, str], progress: Progress) -> None:
        self._environment = environment
        self._progress = progress
        self._marker = new_marker()
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._ended = False

    def build(self, job: Job) -> Built:
        """One build; may be called from several threads.

        Raises:
            EngineError: Buildah failed; the tag names the image that it named before.
        """
        started = time.monotonic()
        cache = cache_folder(self._environment)
        try:
            private_folder(cache)
            with (
                scratch_folder(cache, self._environment) as scratch,
                _log_file(job.log) as log,
            ):
                built = self._in_scratch(job, scratch, log)
        except OSError as error:
            room = (
                f"free some space below {cache}, or set XDG_CACHE_HOME to a folder on another disk"
            )
            raise CapasError(
                f"{job.name} was not built: {error.strerror}",
                details=str(error.filename2 or error.filename or ""),
                resolution=room if error.errno in (errno.ENOSPC, errno.EDQUOT) else "",
            ) from None
        return replace(built, seconds=time.monotonic() - started)

    def _in_scratch(self, job: Job, scratch: Path, log: TextIO) -> Built:
        context = scratch / "context"
        context.mkdir()
        stage_context(job.inputs, context)
        follower = self._run(job, scratch, context, log, cache=True)
        image, taken = self._made(scratch), self._taken(job, follower.steps)
        note = other_id(taken.past) if taken.past else ""
        if taken.foreign or (taken.past and job.expected not in ("", image.id)):
            # Without a look at the store, the image is the same here as elsewhere.
            first = follower.first
            follower = self._run(job, scratch, context, log, cache=False)
            image = self._made(scratch)
            note_result(self._environment, image.history[-1].by)
            note = _ANEW.format(taken.foreign) if taken.foreign else ""
            return Built(job.name, image, 0.0, first or follower.first, note)
        note_result(self._environment, image.history[-1].by)
        return Built(job.name, image, 0.0, follower.first, note)

    def _taken(self, job: Job, steps: Mapping[int, Sequence[str]]) -> _Taken:
        """What the stages that the image stands on took from the store."""
        needed = [[one for one in steps.get(at, ()) if one] for at in sorted(job.inputs.chain)]
        if not any(needed):
            return _Taken()
        store, stamp = observe_storage(self._environment), timestamp_text(job.timestamp)
        if not all(one in store.images for stage in needed for one in stage):
            return _Taken("images that somebody removed meanwhile")
        stages = [[cache_image(store, one) for one in stage] for stage in needed]
        why = next((said for one in stages if (said := foreign(one, stamp))), "")
        comments = generation_here(self._environment).comments
        return _Taken(why, other_past(stages, comments=comments))

    def _made(self, scratch: Path) -> CacheImage:
        iid = (scratch / "iid").read_text(encoding="ascii").removeprefix("sha256:")
        return inspect_image(self._environment, iid)

    def _run(
        self, job: Job, scratch: Path, context: Path, log: TextIO, *, cache: bool
    ) -> _Follower:
        containerfile = scratch / "Containerfile"
        containerfile.write_text(job.containerfile, encoding="utf-8", errors="surrogateescape")
        ignorefile = job.inputs.ignore.path
        if owners.carried(job.inputs):
            ignorefile = scratch / "ignore"
            ignorefile.write_bytes(owners.ignore_text(job.inputs))
        argv = buildah.build_argv(
            context=context,
            containerfile=containerfile,
            tags=(job.reference,) if job.reference else (),
            args=job.args,
            labels={},
            timestamp=job.timestamp,
            target=job.target,
            pull="never",
            ignorefile=ignorefile,
            iidfile=scratch / "iid",
            marker=self._marker,
            cache=cache,
        )
        follower = _Follower(job.name, self._progress, log)
        code = command.stream(
            argv,
            follower.follow,
            environment=buildah.build_environment(
                self._environment, build_temporary(self._environment)
            ),
            on_start=self.register,
        )
        if code != 0:
            raise follower.failure(code, job.log)
        return follower

    def register(self, process: subprocess.Popen[str]) -> None:
        """A process that `end_all` ends, too; at once when it has been called already."""
        with self._lock:
            self._running = {one for one in self._running if one.poll() is None} | {process}
            ended = self._ended
        if ended:  # it began while all were being ended
            end_group(process)

    def end_all(self) -> None:
        """End every running build with all its processes; those that begin later, too."""
        with self._lock:
            self._ended = True
            running = tuple(self._running)
        containers = self._containers()  # as long as Buildah knows them
        held = hold_runs(containers)
        for process in running:
            end_group(process)
        for process in running:
            end_stragglers(process.pid)
        end_held(held)
        end_runs({*containers, *self._containers()})  # what was begun meanwhile

    def remove_leftovers(self) -> None:
        """Remove the working containers that killed builds left."""
        # What failed is told anyway; a container that stays is found by `prune`.
        with suppress(CapasError):
            remove_working_containers(self._containers(), self._environment)

    def _containers(self) -> list[str]:
        """The working containers of our builds; none where the store cannot be looked at."""
        with suppress(CapasError, OSError):
            return working_containers(self._marker, self._environment)
        return []


class _Follower:
    """Reads what Buildah says about one job."""

    def __init__(self, name: str, progress: Progress, log: TextIO) -> None:
        self._name = name
        self._progress = progress
        self._log = log
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._step: OutputStep | None = None
        self._first = self._undecided = ""
        self.steps: dict[int, list[str]] = {}
        """By stage, for each step after FROM the image that was taken; empty when it was made."""

    def follow(self, line: str) -> None:
        """One line of Buildah's output."""
        with suppress(OSError):  # a full disk is told by Buildah's own failure, not by its log's
            self._log.write(line + "\n")
        told = parse_line(line)
        if isinstance(told, OutputStep):
            self._step = told
            self._last.clear()
            text = "labels" if generated_containerfile.is_ours(told.text) else told.text
            if told.number > 1:
                self.steps.setdefault(told.stage - 1, []).append("")
                self._first, self._undecided = self.first, text
            self._progress.step(self._name, told.number, told.total, text)
        elif isinstance(told, Cached):
            if self._step is not None:
                self.steps[self._step.stage - 1][-1] = told.image
                self._undecided = ""
            self._progress.cached(self._name)
        elif isinstance(told, OutputLine):
            self._last.append(told.text)
            self._progress.said(self._name, told.text)

    @property
    def first(self) -> str:
        """The first instruction after FROM that was not taken from the store."""
        return self._first or self._undecided

    def failure(self, code: int, log: Path) -> EngineError:
        """What the user is told when Buildah ended with `code`."""
        step = self._step
        where = f" at step {step.number}/{step.total}: {step.text}" if step else ""
        how = f"was ended by signal {-code}" if code < 0 else f"exit code {code}"
        return EngineError(
            f"{self._name} was not built: Buildah failed{where}",
            details="\n".join([*self._last, f"({how}; no image was made or changed)"]),
            resolution="; ".join([*_advice(self._last), f"the whole log: {log}"]),
        )


def _advice(said: Iterable[str]) -> Iterator[str]:
    """What to do about a failure that Buildah's words tell."""
    if any("no space left on device" in line.lower() for line in said):
        yield "free some space: `capas prune` shows the images that nothing needs"


@contextmanager
def _log_file(path: Path) -> Iterator[TextIO]:
    try:
        private_folder(path.parent)
        path.unlink(missing_ok=True)  # whatever it is, and whoever may write it: a new one is ours
        file = open(  # noqa: SIM115 (Path.open takes no opener; closed below)
            path, "w", encoding="utf-8", errors="surrogateescape", opener=private_opener
        )
    except OSError as error:
        raise EngineError(
            f"the log of the build cannot be written: {error.strerror}", details=str(path)
        ) from None
    try:
        yield file
    finally:
        with suppress(OSError):
            file.close()
