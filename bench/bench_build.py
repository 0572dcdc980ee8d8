"""`build --all` as a whole process: against a shell loop of `buildah build`, and podman-compose.

    python -m bench.bench_build [ROUNDS]

Each contestant has a store of its own, with the host's own driver and runtime; their runs take
turns. The loop is what a user would write instead: `buildah build --layers` for each version,
bases first. "Warm" is a build of everything with nothing changed.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.memory import peak
from bench.peers import measured_with, podman_compose
from bench.timing import ROOT, as_installed, interleaved, seconds
from pipeline.build.rootfs.rootfs import prepare_rootfs
from pipeline.spec.load import load
from pipeline.spec.model import ROOTFS_TAR, Pipeline
from tests.integration.storage import Store, session_store

BUSYBOX = Path("/bin/busybox")


@dataclass(frozen=True)
class Contestant:
    """One way of building, on a store of its own."""

    name: str
    environment: Mapping[str, str]
    argv: tuple[str, ...]
    folder: Path

    def build(self) -> None:
        """Build everything."""
        self._run(self.argv)

    def empty(self) -> None:
        """Remove every image of its store."""
        self._run(("podman", "rmi", "--all", "--force"))

    def peak(self) -> int:
        """Bytes of all its processes together, from a run of its own."""
        return peak(self.argv, environment=self.environment, cwd=self.folder)

    def _run(self, argv: tuple[str, ...]) -> None:
        done = subprocess.run(
            argv, cwd=self.folder, env=dict(self.environment), capture_output=True, check=False
        )
        if done.returncode:
            sys.exit(f"{self.name} failed: {done.stderr.decode()[-2000:]}")


def versions_project(folder: Path, count: int) -> Path:
    """A base and `count` versions: two shared steps, two of their own."""
    lines = [
        'name = "many"',
        "[images.base.versions]",
        '"1" = { context = "base" }',
        "[images.app.versions]",
    ]
    base = folder / "base"
    base.mkdir(parents=True)
    shutil.copyfile(BUSYBOX, base / "sh")
    (base / "sh").chmod(0o755)
    (base / "Containerfile").write_text("FROM scratch\nCOPY sh /bin/sh\n")
    for number in range(count):
        context = folder / "app" / str(number)
        context.mkdir(parents=True)
        (context / "shared.txt").write_text("the same for all\n")
        (context / "own.txt").write_text(f"{number}\n")
        (context / "Containerfile").write_text(
            "FROM localhost/base:1\nCOPY shared.txt /\nRUN echo ready > /ready\nCOPY own.txt /\n"
            'CMD ["/bin/sh"]\n'
        )
        lines.append(f'"1.{number}" = {{ context = "app/{number}" }}')
    spec = folder / "many.toml"
    spec.write_text("\n".join(lines) + "\n")
    return spec


def many_files_project(folder: Path, count: int) -> Path:
    """One version with `count` small files in its context."""
    spec = versions_project(folder, 1)
    context = folder / "app" / "0"
    for number in range(count):
        path = context / "data" / str(number % 100) / str(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number}\n" * 20)
    file = context / "Containerfile"
    file.write_text(file.read_text() + "COPY data /data\n")
    return spec


def pytweets_project(folder: Path) -> Path:
    """PyTweets with its root file system made already: downloads are no part of a build."""
    shutil.copytree(ROOT / "containers", folder / "containers")
    (folder / "specs").mkdir()
    spec = folder / "specs" / "pytweets.toml"
    text = (ROOT / "specs" / "pytweets.toml").read_text()
    pipeline = load(ROOT / "specs" / "pytweets.toml", os.environ)
    rootfs = pipeline.images["python-base"].versions["3.11"].rootfs
    if rootfs is not None:
        tar = prepare_rootfs(rootfs, os.environ, tell=lambda _line: None)
        shutil.copyfile(tar, folder / "containers" / "python-base" / ROOTFS_TAR)
        # For all contestants a file of the context.
        head, _, rest = text.partition('[images.python-base.versions."3.11".rootfs]')
        text = head + rest[rest.index("[images.pytweets") :]
    spec.write_text(text)
    return spec


def contestants(spec: Path, stores: Mapping[str, Store]) -> list[Contestant]:
    pipeline = load(spec, os.environ)
    folder = spec.parent
    capas = (sys.executable, "-m", "pipeline", "build", "--spec", str(spec), "--progress", "quiet")
    loop = folder / "loop.sh"
    loop.write_text("set -e\n" + "".join(_loop(pipeline)))
    compose = folder / "compose.yaml"
    compose.write_text("services:\n" + "".join(_services(pipeline)))
    found = [
        Contestant("capas", as_installed(stores["capas"].environment), capas, folder),
        Contestant("loop", stores["loop"].environment, ("sh", str(loop)), folder),
    ]
    if program := podman_compose():
        # It starts all builds at once, whatever their FROM says: the base has to come before.
        base = next(name for name, _, _ in _bases_first(pipeline)).replace(":", "-")
        call = f"{program} --file {compose} build"
        argv = ("sh", "-c", f"{call} {base.replace('.', '-')} && {call}")
        found.append(Contestant("compose", stores["compose"].environment, argv, folder))
    return found


def _bases_first(pipeline: Pipeline) -> Iterator[tuple[str, str, Path]]:
    ordered = sorted(pipeline.images.values(), key=lambda image: "base" not in image.name)
    for version in itertools.chain.from_iterable(image.versions.values() for image in ordered):
        yield version.short, version.reference, version.context


def _loop(pipeline: Pipeline) -> Iterator[str]:
    for _, reference, context in _bases_first(pipeline):
        yield f"buildah build --quiet --layers --timestamp=0 --tag={reference} {context}\n"


def _services(pipeline: Pipeline) -> Iterator[str]:
    for short, reference, context in _bases_first(pipeline):
        name = short.replace(":", "-").replace(".", "-")
        yield f"  {name}:\n    image: {reference}\n    build:\n      context: {context}\n"


def compare(row: str, actions: Mapping[str, Callable[[], object]], rounds: int) -> None:
    """One row: the best of each, and ours as a part of the loop's."""
    _tell(row, interleaved(actions, rounds))


def _tell(row: str, times: Mapping[str, float]) -> None:
    compose = times.get("compose")
    parts = [f"{times['capas']:.2f}", f"{times['loop']:.2f}"]
    parts += [f"{compose:.2f}" if compose else "not installed"]
    parts += [f"{times['capas'] / times['loop']:.2f}"]
    parts += [f"{times['capas'] / compose:.2f}" if compose else "-"]
    sys.stdout.write(f"| {row} | {' | '.join(parts)} |\n")
    sys.stdout.flush()


def cold(ones: list[Contestant], rounds: int) -> dict[str, float]:
    """The best time of a build into an empty store; emptying it is not counted."""
    times: dict[str, list[float]] = {one.name: [] for one in ones}
    for _ in range(rounds):
        for one in ones:
            one.empty()
            times[one.name].append(seconds(one.build))
    return {name: min(found) for name, found in times.items()}


def main(rounds: int) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        names = ("capas", "loop", "compose")
        stores = {name: stack.enter_context(session_store(os.environ)) for name in names}
        sys.stdout.write(
            f"{measured_with()}\n\n"
            "| build | capas, s | loop, s | podman-compose, s | capas / loop | capas / compose |\n"
            "|---|---|---|---|---|---|\n"
        )
        pytweets = contestants(pytweets_project(folder / "pytweets"), stores)
        _tell("PyTweets: base and three versions, cold", cold(pytweets, min(rounds, 3)))
        compare("the same, warm", {one.name: one.build for one in pytweets}, rounds)
        memory = {"PyTweets, warm": _peaks(pytweets)}
        for one in pytweets:
            one.empty()
        memory["PyTweets, cold"] = _peaks(pytweets)
        ten = contestants(versions_project(folder / "ten", 10), stores)
        _tell("ten versions, cold", cold(ten, min(rounds, 3)))
        compare("ten versions, warm", {one.name: one.build for one in ten}, rounds)
        _change(folder / "ten", ten, min(rounds, 5))
        many = contestants(many_files_project(folder / "many", 5_000), stores)
        _tell("a context of 5,000 files, cold", cold(many, min(rounds, 2)))
        compare("the same, warm", {one.name: one.build for one in many}, min(rounds, 2))
        hundred = contestants(versions_project(folder / "hundred", 100), stores)
        _tell("100 versions, cold, once", cold(hundred, 1))
        compare("100 versions, warm", {one.name: one.build for one in hundred}, min(rounds, 2))
        memory["100 versions, warm"] = _peaks(hundred)
        _tell_memory(memory)


def _peaks(ones: list[Contestant]) -> dict[str, int]:
    return {one.name: one.peak() for one in ones}


def _tell_memory(memory: Mapping[str, Mapping[str, int]]) -> None:
    names = next(iter(memory.values()))
    sys.stdout.write(f"\n| memory at most, all processes, MB | {' | '.join(names)} |\n")
    sys.stdout.write("|---" * (len(names) + 1) + "|\n")
    for row, sizes in memory.items():
        said = " | ".join(f"{size / 1e6:.0f}" for size in sizes.values())
        sys.stdout.write(f"| {row} | {said} |\n")


def _change(folder: Path, ones: list[Contestant], rounds: int) -> None:
    """One file in the middle of ten versions has changed; for each run it changes again."""
    changed = folder / "app" / "5" / "own.txt"
    times: dict[str, list[float]] = {one.name: [] for one in ones}
    for number in range(rounds):
        changed.write_text(f"changed {number}\n")
        for one in ones:
            times[one.name].append(seconds(one.build))
    best = {name: min(found) for name, found in times.items()}
    _tell("one file changed in the middle of ten versions", best)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
