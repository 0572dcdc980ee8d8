"""What a staged context gives an image is what the context itself gives it, over random links."""

from __future__ import annotations

import hashlib
import os
import random
import stat
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.build.context import owners
from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import read_inputs
from pipeline.build.context.scratch import scratch_folder
from pipeline.build.context.staging import stage_context
from pipeline.engine import buildah, command
from pipeline.errors import CapasError
from pipeline.spec.ignorefile import IgnoreRules
from pipeline.spec.model import Version
from pipeline.spec.sources import read_source
from tests.integration.build.random_project import BUSYBOX

pytestmark = pytest.mark.integration

CASES = int(os.environ.get("CAPAS_SOAK_LINKS", "8"))
"""Random contexts; a soak sets more. Each is built twice."""
FIRST = int(os.environ.get("CAPAS_SOAK_LINKS_FIRST", "0"))
"""The seed of the first one."""

Tree = dict[str, tuple[str, int, str]]

FOLDERS = ["v1", "v2", "a", "a/deep", "v1/lib"]
FILES = ["x", "y.py", "z"]
LINKS = ["cur", "a/cur", "v1/lnk", "top", "a/up", "v2/back"]
GOALS = [
    "v1", "../v1", "/v1", "v2", "x", "../x", "cur", "/cur", "a", ".", "..", "../..", "/",
    "v1/../v2", "lib", "a/cur", "../cur", "nowhere", "../a/deep", "/a/deep/x", "top", "v1/lnk",
]  # fmt: skip
NAMES = [*FOLDERS, *LINKS, "."]
IGNORED = [*[""] * 9, "v2\n", "**/z\n", "cur\n", "v1/*\n!v1/x\n", "a/deep\n", "*\n!v1\n"]


def make_context(folder: Path, pick: random.Random) -> None:
    for name in FOLDERS:
        if pick.random() < 0.8:
            (folder / name).mkdir(parents=True, exist_ok=True)
            for file in pick.sample(FILES, pick.randint(1, 3)):
                (folder / name / file).write_text(f"{name}/{file}")
                (folder / name / file).chmod(pick.choice([0o644, 0o755, 0o600, 0o440]))
    for name in pick.sample(LINKS, pick.randint(2, 5)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).symlink_to(pick.choice(GOALS))
    (folder / "x").write_text("x")
    (folder / "hard").hardlink_to(folder / "x")
    (folder / ".containerignore").write_text(pick.choice(IGNORED))


def source(pick: random.Random, context: Path, there: list[str], often: str) -> str:
    """A path; most lead through the same link, or read the link, its folder or everything.

    A build ends at the first that is wrong and then shows nothing: nearly all are right.
    """
    for _ in range(30):
        last = pick.choice([*FILES, "lnk", "cur", "lib", "*", "*.py", "[xy]*", "../x"])
        parts = [often, often, str(Path(often).parent), *there, pick.choice(NAMES)]
        name = pick.choice(parts)
        name = f"{name}/{last}" if pick.random() < 0.6 else name
        if not read_source(name, context, IgnoreRules()).problem or pick.random() < 0.02:
            return name
    return "."


def instructions(pick: random.Random, context: Path, *, bound: bool) -> list[str]:
    there = sorted(str(path.relative_to(context)) for path in context.rglob("*"))
    links = [name for name in there if (context / name).is_symlink()]
    leading = [name for name in links if (context / name).is_dir()]
    often = pick.choice(leading or links)
    copied = [
        f"COPY {source(pick, context, there, often)} /c{n}/" for n in range(pick.randint(2, 4))
    ]
    if pick.random() < 0.4:
        lines = ["FROM scratch AS parts", copied.pop().replace("/c", "/p"), "FROM scratch"]
        lines += [*copied, "COPY --from=parts / /parts/"]
    else:
        lines = ["FROM scratch", *copied]
    if bound:
        mount = f"--mount=type=bind,source={pick.choice([often, *NAMES])},target=/m"
        shown = '["/bin/busybox", "cp", "-a", "/m", "/out"]'
        lines += ["COPY busybox /bin/busybox", f"RUN {mount} {shown}"]
    return lines


def tree(archive: Path) -> Tree:
    """What an image holds: kind, mode, and content or target, by path."""
    found: Tree = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            content = ""
            if member.isfile() or member.islnk():
                file = tar.extractfile(member)
                content = hashlib.sha256(file.read() if file else b"").hexdigest()
            kind = "link" if member.issym() else "folder" if member.isdir() else "file"
            link = member.linkname if member.issym() else content
            found[member.name] = (kind, stat.S_IMODE(member.mode), link)
    return found


def built(
    context: Path, containerfile: Path, ignore: Path, environment: Mapping[str, str]
) -> Tree | str:
    """The tree of the image, or what Buildah said."""
    archive = containerfile.with_suffix(".tar")
    argv = ["buildah", "build", "--layers=false", "--quiet", f"--file={containerfile}"]
    argv += [f"--ignorefile={ignore}", f"--output=type=tar,dest={archive}", str(context)]
    done = command.run(argv, environment=environment, check=False)
    if done.returncode != 0:
        return done.stderr
    try:
        return tree(archive)
    finally:
        archive.unlink()


def ours(version: Version, environment: Mapping[str, str]) -> Tree | str:
    """The same through a staged context, or what was said."""
    try:
        inputs = read_inputs(version, Digests(None))
    except CapasError as error:
        return f"{error.brief}\n{error.details}"
    with scratch_folder(version.containerfile.parent, environment) as scratch:
        (scratch / "context").mkdir()
        stage_context(inputs, scratch / "context")
        ignore = version.context / ".containerignore"
        if owners.carried(inputs):
            ignore = scratch / "ignore"
            ignore.write_bytes(owners.ignore_text(inputs))
        return built(scratch / "context", version.containerfile, ignore, environment)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + CASES))
def test_links_lead_where_they_lead(
    seed: int, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    environment = buildah.build_environment(environment, tmp_path)
    pick = random.Random(seed)
    context, containerfile = tmp_path / "context", tmp_path / "Containerfile"
    context.mkdir()
    make_context(context, pick)
    if bound := seed % 4 == 0:
        (context / "busybox").write_bytes(BUSYBOX.read_bytes())
        (context / "busybox").chmod(0o755)
        (context / ".containerignore").write_text("")
    lines = instructions(pick, context, bound=bound)
    containerfile.write_text("\n".join(lines) + "\n")
    before = {
        str(path): (path.lstat().st_mode, path.lstat().st_ctime_ns) for path in context.rglob("*")
    }
    plain = built(context, containerfile, context / ".containerignore", environment)
    staged = ours(Version("links", "1", context, containerfile, keep_modes=True), environment)
    links = {str(p.relative_to(context)): str(p.readlink()) for p in context.rglob("*")
             if p.is_symlink()}  # fmt: skip
    story = f"seed {seed}: {lines} {links} {(context / '.containerignore').read_text()!r}"
    if isinstance(plain, str) or isinstance(staged, str):
        assert isinstance(plain, str) == isinstance(staged, str), f"{story}\n{plain}\n{staged}"
    else:
        assert staged == plain, story
    after = {str(path): path.lstat().st_mode for path in context.rglob("*")}
    assert after == {path: mode for path, (mode, _) in before.items()}, "the checkout was changed"
