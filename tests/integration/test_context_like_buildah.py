"""What we say that COPY reads is what a real Buildah copies, over random contexts."""

from __future__ import annotations

import os
import random
import stat
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.engine import command
from pipeline.spec.ignorefile import load_ignore_rules
from pipeline.spec.sources import CopySource, read_source

pytestmark = pytest.mark.integration

CASES = int(os.environ.get("CAPAS_SOAK_CONTEXTS", "70"))
"""Random contexts; a soak sets more. A build takes about 0.15 s."""

NAMES = ["a", "b", "ab", "a.py", ".h", "x y", "é", "a+b", "B", "aab", "log", "a-b", "[a]", "a$"]
PATTERNS = [
    "*", "**", "**/a", "a", "a/", "/b", "!a", "a/b", "*/a", "**/*.py", "!**/a.py", "?", "[a-b]",
    "[^a]", "ab*", "!ab", "a/**", "**/b/**", "!a/b/a", "# note", "", "  ab  ", "a+b", r"a\+b", ".*",
    "*.p?", "!.h", "a/../b", "./log", "../a", "!/b", "*a*b*", "x y", "é", "!*/b", "a/*/b", "***",
    "**/**/a", "a$", "[a]", r"\[a\]", "!a/", "**/a/*", "!**/b", "a|b", "(ab)", ".", "/", "a{2}b",
]  # fmt: skip
SOURCES = [
    ".",
    "a",
    "b/",
    "*",
    "a*",
    "./ab",
    "*/a",
    "?",
    "[ab]*",
    "a/b",
    "/b",
    "b/../a",
    "link",
    "*.py",
]


def fill(folder: Path, random_: random.Random, depth: int = 0) -> None:
    """Random files, folders and links."""
    for name in random_.sample(NAMES, random_.randint(1, 5 if depth else 8)):
        path = folder / name
        choice = random_.random()
        if choice < 0.4 and depth < 3:
            path.mkdir()
            fill(path, random_, depth + 1)
            path.chmod(random_.choice([0o755, 0o700, 0o2755, 0o777]))
        elif choice < 0.55:
            goal = random_.choice(["a", "b", "../a", "/a", "/b/a", "nowhere", "/", ".", "../../.."])
            path.symlink_to(goal)
        else:
            path.write_text(name * random_.randint(0, 9))
            path.chmod(random_.choice([0o644, 0o600, 0o755, 0o4755, 0o1644]))


def make_context(folder: Path, random_: random.Random) -> None:
    folder.mkdir()
    fill(folder, random_)
    if not (folder / "link").exists() and random_.random() < 0.5:
        (folder / "link").symlink_to(random_.choice(["a", "/b", "b/../a", "ab"]))
    lines = [random_.choice(PATTERNS) for _ in range(random_.randint(0, 6))]
    if lines:
        name = random_.choice([".containerignore", ".dockerignore"])
        (folder / name).write_text(random_.choice(["\n", "\r\n"]).join(lines) + "\n")


def expected(source: CopySource, place: str) -> dict[str, tuple[str, int, str]]:
    return {
        f"{place}/{entry.name}": (entry.kind, entry.mode, entry.target) for entry in source.entries
    }


def meet(source: CopySource) -> bool:
    """Whether two found items bring the same name: what is left then depends on both."""
    kinds = {entry.name: entry.kind for entry in source.entries}
    above = {str(parent) for name in kinds for parent in Path(name).parents}
    return len(kinds) < len(source.entries) or any(
        kinds.get(name, "folder") != "folder" for name in above
    )


def listing(archive: Path) -> dict[str, tuple[str, int, str]]:
    kinds = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link"}
    with tarfile.open(archive) as tar:
        return {m.name: (kinds[m.type], stat.S_IMODE(m.mode), m.linkname) for m in tar}


def build(
    context: Path, containerfile: Path, archive: Path, environment: Mapping[str, str]
) -> command.Completed:
    argv = ["buildah", "build", "--layers=false", "--quiet", f"--file={containerfile}"]
    return command.run(
        [*argv, f"--output=type=tar,dest={archive}", str(context)],
        environment=environment,
        check=False,
    )


@pytest.mark.parametrize("part", range(7))
def test_random_contexts(part: int, tmp_path: Path, environment: Mapping[str, str]) -> None:
    for seed in range(part, CASES, 7):
        random_ = random.Random(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        context, containerfile = folder / "context", folder / "Containerfile"
        make_context(context, random_)
        rules = load_ignore_rules(context, containerfile)
        refused = [f for f in rules.findings if f.rule == "CAP206"]
        written = random_.sample(SOURCES, 6)
        read = {w: read_source(w, context, rules) for w in written}
        good = {w: s for w, s in read.items() if not (s.problem or meet(s))}

        lines = ["FROM scratch"]
        lines += [f'COPY ["{w}", "/{n}/"]' for n, w in enumerate(good)] or ['LABEL a="b"']
        containerfile.write_text("\n".join(lines) + "\n")
        done = build(context, containerfile, folder / "out.tar", environment)
        story = f"seed {seed}: {lines} {[p.text for p in rules.patterns]}\n{done.stderr}"
        if refused and good:
            assert done.returncode != 0, story
            continue
        assert done.returncode == 0, story
        wanted: dict[str, tuple[str, int, str]] = {}
        for number, source in enumerate(good.values()):
            wanted |= expected(source, str(number))
        there = listing(folder / "out.tar")
        made_on_the_way = {
            name for name, (kind, _, _) in there.items() if name not in wanted and kind == "folder"
        }
        assert {k: v for k, v in there.items() if k not in made_on_the_way} == wanted, story
        for name in made_on_the_way:
            inside = any(w.startswith(f"{name}/") for w in wanted)
            assert inside or name in {str(n) for n in range(len(good))}, story

        bad = [(w, s) for w, s in read.items() if s.problem]
        for name, said in bad[: seed % 3 == 0]:
            containerfile.write_text(f'FROM scratch\nCOPY ["{name}", "/x/"]\n')
            done = build(context, containerfile, folder / "bad.tar", environment)
            assert done.returncode != 0, f"seed {seed}: {name} {said.problem}"


@pytest.mark.parametrize(("count", "below"), [(15, ""), (16, ""), (40, "/f"), (41, "/f")])
def test_chains_of_links(
    count: int, below: str, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    """Of a source that is a link copier follows 15, and the kernel 40 among the folders."""
    context, containerfile = tmp_path / "context", tmp_path / "Containerfile"
    goal = context / "d" if below else context / "d" / "f"
    (context / "d").mkdir(parents=True)
    (context / "d" / "f").write_text("x")
    for number in range(count):
        (context / f"l{number}").symlink_to(
            f"l{number - 1}" if number else goal.relative_to(context)
        )
    source = f"l{count - 1}{below}"
    containerfile.write_text(f"FROM scratch\nCOPY {source} /x\n")
    done = build(context, containerfile, tmp_path / "out.tar", environment)
    read = read_source(source, context, load_ignore_rules(context, containerfile))
    assert (read.problem is None) == (done.returncode == 0), (read.problem, done.stderr)
