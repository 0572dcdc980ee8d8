"""The rules of a generation, each measured by an experiment with `buildah` itself."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.build.context import owners
from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import read_inputs
from pipeline.build.go_tar.content_summary import Given, summaries
from pipeline.engine import command
from pipeline.engine.build_cache import CacheImage
from pipeline.engine.generation import Generation, says_times
from pipeline.engine.images import inspect_image
from pipeline.spec.model import Version
from tests.probe_buildah.kinds import BASE, write_base

_RANDOM = f"FROM {BASE}\nRUN head -c 16 /dev/urandom > /random\n"


@dataclass(frozen=True)
class Seen:
    """One rule: what is known for the generation, and what was seen."""

    rule: str
    known: object
    seen: object

    @property
    def right(self) -> bool:
        """Whether they agree."""
        return self.known == self.seen


class Laboratory:
    """Builds by hand, with the options that capas gives Buildah.

    Args:
        folder: an empty one.
        environment: of every Buildah.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder, self._environment = folder, environment
        self._base = folder / "base"
        write_base(self._base)
        (self._base / "bin" / "head").symlink_to("busybox")
        self._build((self._base / "Containerfile").read_text(), BASE, self._base)
        self._context = folder / "context"
        (self._context / "tree" / "sub").mkdir(parents=True)
        (self._context / "tree" / "sub" / "file").write_text("a file\n")
        for path, text in owners.FILES.items():  # as in our builds: names are looked up there
            (self._context / path).parent.mkdir(exist_ok=True)
            (self._context / path).write_text(text)

    def all(self, generation: Generation) -> list[Seen]:
        """Every rule."""
        copied = self._build(f"FROM {BASE}\nCOPY tree /tree\nENV A=1\n", "localhost/rule:copy")
        copy, env = copied.history[-2:]
        behind = copy.by.split(" in /tree", 1)[1]
        spaces = len(behind) - len(behind.lstrip(" "))
        return [
            Seen("comments", generation.comments, bool(env.comment)),
            Seen("times", generation.times, says_times(env.by)),
            Seen("spaces", generation.spaces, spaces),
            Seen(
                "owners, slashes", (generation.owners, generation.slashes), self._headers(copy.by)
            ),
            Seen("newest", generation.newest, self._newest()),
            Seen("platform", generation.platform, self._platform()),
            Seen("volumes", generation.volumes, self._volumes()),
            Seen("inherits", generation.inherits, self._inherits()),
        ]

    def _build(self, text: str, tag: str, context: Path | None = None, *options: str) -> CacheImage:
        containerfile = self._folder / "Containerfile"
        containerfile.write_text(text)
        argv = ["buildah", "build", "--layers", "--pull=never", "--timestamp=0", *options]
        argv += ["--identity-label=false", f"--file={containerfile}", f"--tag={tag}"]
        command.run([*argv, str(context or self._context)], environment=self._environment)
        return inspect_image(self._environment, tag)

    def _headers(self, by: str) -> object:
        """Which way of writing headers gives the digest that was seen."""
        containerfile = self._folder / "Containerfile"
        containerfile.write_text("FROM scratch\nCOPY tree /tree\n")
        version = Version("x", "1", self._context, containerfile)
        inputs = read_inputs(version, Digests(None))
        found = []
        for names in (True, False):
            for slashes in (True, False):
                way = replace(_ANY, owners=names, slashes=slashes)
                digests = summaries(inputs, (0, 0), "/tree", Given(), way, unpack=False)
                found += [(names, slashes)] if any(one in by for one in digests) else []
        return found[0] if found else "neither"

    def _newest(self) -> bool:
        """Of two results of one RUN, which one is taken."""
        first = self._build(_RANDOM, "localhost/rule:first")
        second = self._build(_RANDOM, "localhost/rule:second", None, "--no-cache")
        third = self._build(f"{_RANDOM}CMD x\n", "localhost/rule:third")
        assert first.top != second.top
        assert third.top in (first.top, second.top)
        return third.top == second.top

    def _platform(self) -> bool:
        """Whether what was built for another processor is passed over."""
        text = "FROM scratch\nCOPY tree /platform\n"
        self._build(text, "localhost/rule:arm", None, "--platform=linux/s390x")
        own = self._build(text, "localhost/rule:own")
        return own.platform != "linux/s390x"

    def _volumes(self) -> bool:
        """Whether a RUN's file below a VOLUME that is declared above it is kept."""
        text = f"FROM {BASE} AS one\nVOLUME /data\nRUN mkdir -p /data && touch /data/kept\n"
        text += "FROM scratch\nCOPY --from=one /data /data\n"
        out = self._folder / "out"
        containerfile = self._folder / "Containerfile"
        containerfile.write_text(text)
        argv = ["buildah", "build", "--layers", "--pull=never", "--timestamp=0"]
        argv += [f"--file={containerfile}", f"--output=type=local,dest={out}", str(self._context)]
        command.run(argv, environment=self._environment)
        kept = (out / "data" / "kept").exists()
        shutil.rmtree(out)
        return kept

    def _inherits(self) -> str:
        """What a stage knows of the ARGs of the stage below."""
        text = f"FROM {BASE} AS one\nARG A=1\nARG B=$A\nFROM one\nRUN true\n"
        run = self._build(text, "localhost/rule:inherits").history[-1].by
        if "A=1" not in run:
            return "no"
        return "replaced" if "B=1" in run else "as written"


_ANY = Generation(since=(0,), what="")
