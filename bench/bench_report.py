"""`report` against what a user would do instead: `podman image inspect` and `skopeo copy` in loops.

python -m bench.bench_report [ROUNDS]

PyTweets is built in a store of its own, and so are families of 25, 50 and 100 versions of 30
layers, of which each shares 25 with the version before it.
"""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.timing import as_installed, interleaved, process, seconds
from tests.integration.layers.families import copy_in, write_image, write_index
from tests.integration.storage import session_store

ROOT = Path(__file__).parents[1]
VERSIONS = (25, 50, 100)
LAYERS, SHARED = 30, 25


def capas(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pipeline", *arguments]


def one_after_the_other(
    argvs: Sequence[Sequence[str]], environment: Mapping[str, str]
) -> Callable[[], object]:
    """Several processes in a row, as a shell loop runs them."""

    def run() -> None:
        for argv in argvs:
            subprocess.run(argv, env=dict(environment), check=True, stdout=subprocess.DEVNULL)

    return run


def exported(names: Sequence[str], environment: Mapping[str, str]) -> Callable[[], object]:
    """Every image copied to a folder, and the files of its layers listed with tar."""

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            for number, name in enumerate(names):
                target = Path(folder, str(number))
                argv = ["skopeo", "copy", "--quiet", f"containers-storage:{name}", f"dir:{target}"]
                subprocess.run(argv, env=dict(environment), check=True)
                manifest = json.loads((target / "manifest.json").read_text())
                for layer in manifest["layers"]:
                    blob = target / layer["digest"].split(":")[1]
                    subprocess.run(["tar", "-tvf", blob], check=True, stdout=subprocess.DEVNULL)

    return run


def pytweets(environment: Mapping[str, str], rounds: int) -> None:
    subprocess.run(
        capas("build", "--progress=quiet"),
        env=dict(environment),
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    names = ["localhost/python-base:3.11", *(f"localhost/pytweets:1.{n}" for n in range(3))]
    report = process(capas("report"), environment=environment, cwd=ROOT)
    print(f"report, the first time (compresses each layer once)  {seconds(report):6.3f} s")
    inspect = [["podman", "image", "inspect", name] for name in names]
    times = interleaved(
        {
            "podman image inspect, one image": one_after_the_other(inspect[:1], environment),
            "podman image inspect, all four": one_after_the_other(inspect, environment),
            "report": report,
            "report --format json --files 100": process(
                capas("report", "--format", "json", "--files", "100"),
                environment=environment,
                cwd=ROOT,
            ),
            "report --format html": process(
                capas("report", "--format", "html"), environment=environment, cwd=ROOT
            ),
            "python, a bare import of invoke": process(
                [sys.executable, "-c", "import invoke.program"], environment=environment, cwd=ROOT
            ),
            "skopeo copy and tar, all four": exported(names, environment),
        },
        rounds,
    )
    one = times["podman image inspect, one image"]
    for name, value in times.items():
        print(f"{name:52} {value:6.3f} s  {value / one:5.1f} x")


def family(environment: Mapping[str, str], folder: Path, count: int) -> list[str]:
    """The references of `count` versions, put into the store."""
    chance = random.Random(count)
    stack: list[bytes] = []
    tags = [f"v{number}" for number in range(count)]
    layout = folder / str(count)
    for tag in tags:
        stack = stack[:SHARED]
        while len(stack) < LAYERS:
            stack.append(small_layer(chance))
        write_image(layout, tag, stack, chance)
    write_index(layout, tags)
    names = [f"localhost/capas-bench-{count}:{tag}" for tag in tags]
    for tag, name in zip(tags, names, strict=True):
        copy_in(layout, tag, name, environment)
    return names


def small_layer(chance: random.Random) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for number in chance.sample(range(1000), 10):
            info = tarfile.TarInfo(f"usr/lib/{number}")
            info.size = chance.randrange(2000)
            tar.addfile(info, io.BytesIO(chance.randbytes(info.size)))
    return stream.getvalue()


def scale(environment: Mapping[str, str], rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for count in VERSIONS:
            names = family(environment, Path(folder), count)
            argv = capas("report", "--no-measure", "--format", "json", "--images", *names)
            inspect = [["podman", "image", "inspect", name] for name in names]
            times = interleaved(
                {
                    "report": process(argv, environment=environment, cwd=ROOT),
                    "inspect": one_after_the_other(inspect, environment),
                },
                min(rounds, 3),
            )
            print(
                f"{count:4} versions of {LAYERS} layers: report {times['report']:6.3f} s, "
                f"{times['report'] / count * 1000:5.1f} ms each; "
                f"podman image inspect in a loop {times['inspect']:6.3f} s"
            )


def main(rounds: int) -> None:
    with session_store(os.environ) as store:
        environment = as_installed(store.environment)
        pytweets(environment, rounds)
        scale(environment, rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
