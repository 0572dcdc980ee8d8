"""A project that changes at random: files, modes, names, instructions, arguments, bases, images."""

from __future__ import annotations

import os
import random
import shutil
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.engine import command
from pipeline.spec.model import Image, Pipeline, Version

BUSYBOX = Path("/bin/busybox")
_FILES = ["a.txt", "b.py", "run.sh", "dir/c", "dir/d.txt", "dir/sub/e", "sp ace", "ünï.txt"]
_BASE = "localhost/rbase:1"


@dataclass
class Made:
    """One version as it stands: its context lies in `folder`."""

    folder: Path
    head: list[str]
    body: list[str]
    args: dict[str, str] = field(default_factory=dict)
    keep_modes: bool = False

    def write(self) -> None:
        (self.folder / "Containerfile").write_text("\n".join([*self.head, *self.body, ""]))


class RandomProject:
    """A base and three versions on it.

    Args:
        root: an empty folder.
        seed: the same seed gives the same project and the same edits.
    """

    def __init__(self, root: Path, seed: int, environment: Mapping[str, str]) -> None:
        self.random = random.Random(seed)
        self._root, self._environment = root, environment
        self.edits: list[str] = []
        base = root / "base"
        _files(base, self.random, ["a.txt", "dir/c"])
        (base / "bin").mkdir()
        shutil.copyfile(BUSYBOX, base / "bin" / "busybox")
        (base / "bin" / "busybox").chmod(0o755)
        for name in ("sh", "cat", "true"):
            (base / "bin" / name).symlink_to("busybox")
        (base / "names").mkdir()
        (base / "names" / "passwd").write_text("root:x:0:0:::\napp:x:70:80:::\n")
        (base / "names" / "group").write_text("root:x:0:\ncrew:x:90:\n")
        head = ["FROM scratch", "COPY bin /bin", "COPY names /etc"]
        self.base = Made(base, head, ["COPY a.txt /etc/base"])
        self.versions = {name: self._version(root / name) for name in ("1.0", "1.1", "1.2")}
        for made in (self.base, *self.versions.values()):
            made.write()

    def pipeline(self) -> Pipeline:
        """The spec as it stands."""
        versions = {
            name: Version(
                "rapp",
                name,
                one.folder,
                one.folder / "Containerfile",
                dict(one.args),
                keep_modes=one.keep_modes,
            )
            for name, one in self.versions.items()
        }
        base = Version("rbase", "1", self.base.folder, self.base.folder / "Containerfile")
        images = {"rbase": Image("rbase", {"1": base}), "rapp": Image("rapp", versions)}
        return Pipeline("random", self._root / "random.toml", self._root, images=images)

    def edit(self) -> None:
        """One random change."""
        made = self.random.choice([*self.versions.values()] * 3 + [self.base])
        kinds: list[Callable[[Made], None]] = [
            *[self._content, self._instruction] * 3,
            self._mode,
            self._keep_modes,
            self._touch,
            self._rename,
            self._delete,
            self._new,
            self._ignore,
            self._arg,
            self._reorder,
            self._drop,
            self._alter,
            self._copy_version,
            self._remove_image,
            self._by_hand,
        ]
        kind = self.random.choice(kinds)
        kind(made)
        self.edits.append(f"{kind.__name__.strip('_')} in {made.folder.name}")
        made.write()

    def _version(self, folder: Path) -> Made:
        _files(folder, self.random, self.random.sample(_FILES, self.random.randint(3, 6)))
        made = Made(folder, [f"FROM {_BASE}"], [])
        if self.random.random() < 0.3:
            stage = ["FROM " + self.random.choice([_BASE, "scratch"]) + " AS parts"]
            stage += [self._copy(made) for _ in range(self.random.randint(1, 2))]
            if "scratch" not in stage[0] and self.random.random() < 0.5:
                stage.append("RUN cat /etc/base > /part")
            made.head = [*stage, f"FROM {_BASE}"]
            made.body.append("COPY --from=parts /d0 /from/")
            stage[1] = stage[1].rsplit(" ", 1)[0] + " /d0/"
            made.head[1] = stage[1]
        elif self.random.random() < 0.2:
            made.head = [f"FROM {_BASE} AS below", "ARG COLOUR=red", "ENV C=$COLOUR", "FROM below"]
        for _ in range(self.random.randint(2, 5)):
            made.body.append(self._line(made))
        return made

    def _line(self, made: Made) -> str:
        pick = self.random
        return pick.choice(
            [
                *[self._copy(made)] * 5,
                f"ENV K{pick.randint(0, 3)}={pick.randint(0, 3)}",
                f"LABEL l{pick.randint(0, 2)}={pick.randint(0, 3)}",
                f"ARG COLOUR={pick.choice(['red', 'blue'])}",
                "ARG SHAPE",
                f"RUN echo {pick.randint(0, 3)} > /r{pick.randint(0, 2)}",
                "RUN echo $COLOUR > /colour",
                'RUN ["/bin/true"]',
                "WORKDIR /work",
                f"CMD {pick.choice(['a', 'b'])}",
                "EXPOSE 80",
                f"COPY --from={_BASE} /etc/base /stolen{pick.randint(0, 1)}",
            ]
        )

    def _copy(self, made: Made) -> str:
        pick = self.random
        names = [name for name in _names(made.folder) if " " not in name]
        lines = ["COPY . /all/"]
        if names:
            target = pick.choice(["/app/", "/d1/", "/x", "/work"])
            lines += [f"COPY {pick.choice(names)} {target}"] * 5
            owner = pick.choice(["7:8", "7", "app", "app:8", "7:crew"])
            lines.append(f"COPY --chmod=640 --chown={owner} {pick.choice(names)} /d1/")
            lines.append(f"COPY {' '.join(pick.choices(names, k=2))} /d1/")
        if any(name.endswith(".txt") and "/" not in name for name in names):
            lines.append("COPY *.txt /globbed/")
        if (made.folder / "dir").is_dir():
            lines.append(f"{pick.choice(['COPY', 'ADD'])} dir /tree{pick.randint(0, 1)}")
        if pick.random() < 0.1:
            _archive(made.folder, pick)
            return "ADD packed.tar /unpacked/"
        return pick.choice(lines)

    def _content(self, made: Made) -> None:
        path = made.folder / self.random.choice(_names(made.folder))
        path.write_text(f"{self.random.randint(0, 5)}\n")

    def _mode(self, made: Made) -> None:
        path = made.folder / self.random.choice(_names(made.folder))
        path.chmod(self.random.choice([0o755, 0o644, 0o600, 0o700, 0o664, 0o4755]))
        if path.parent != made.folder:
            path.parent.chmod(self.random.choice([0o755, 0o700, 0o2775, 0o711]))

    def _keep_modes(self, made: Made) -> None:
        made.keep_modes = not made.keep_modes

    def _touch(self, made: Made) -> None:
        os.utime(made.folder / self.random.choice(_names(made.folder)), (1, 1))

    def _rename(self, made: Made) -> None:
        names = _names(made.folder)
        path = made.folder / self.random.choice(names)
        path.rename(path.with_name(self.random.choice(["moved", "a.txt", "z.py"])))

    def _delete(self, made: Made) -> None:
        names = _names(made.folder)
        if len(names) > 1:
            (made.folder / self.random.choice(names)).unlink()

    def _new(self, made: Made) -> None:
        _files(made.folder, self.random, [self.random.choice([*_FILES, "dir/new", "new.txt"])])

    def _ignore(self, made: Made) -> None:
        path = made.folder / ".containerignore"
        path.write_text(self.random.choice(["", "dir/c\n", "*.py\n!b.py\n", "**/e\n", "new*\n"]))

    def _arg(self, made: Made) -> None:
        made.args = self.random.choice([{}, {"COLOUR": "green"}, {"COLOUR": "red", "SHAPE": "o"}])

    def _instruction(self, made: Made) -> None:
        made.body.insert(self.random.randint(0, len(made.body)), self._line(made))

    def _reorder(self, made: Made) -> None:
        self.random.shuffle(made.body)

    def _drop(self, made: Made) -> None:
        if len(made.body) > 1:
            made.body.pop(self.random.randrange(len(made.body)))

    def _alter(self, made: Made) -> None:
        made.body[self.random.randrange(len(made.body))] = self._line(made)

    def _copy_version(self, _made: Made) -> None:
        """One version becomes like another."""
        one, other = self.random.sample(sorted(self.versions), 2)
        self.versions[one].head = list(self.versions[other].head)
        self.versions[one].body = list(self.versions[other].body)
        shutil.rmtree(self.versions[one].folder)
        shutil.copytree(self.versions[other].folder, self.versions[one].folder, symlinks=True)
        self.versions[one].write()

    def _remove_image(self, _made: Made) -> None:
        name = self.random.choice([*(f"localhost/rapp:{one}" for one in self.versions), _BASE])
        how = self.random.choice([["rmi", "--force"], ["untag"], ["rmi", "--force", "--no-prune"]])
        command.run(["podman", *how, name], environment=self._environment, check=False)

    def _by_hand(self, made: Made) -> None:
        """Someone builds a context with Buildah itself, with or without our timestamp."""
        argv = ["buildah", "build", "--quiet", "--layers", "--pull=never"]
        if self.random.random() < 0.7:
            argv.append("--timestamp=0")
        argv += ["--tag=localhost/by-hand:1", str(made.folder)]
        command.run(argv, environment=self._environment, check=False)


def _names(folder: Path) -> list[str]:
    """All files of a context but those that decide about it, sorted."""
    found = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    kept = {"Containerfile", ".containerignore", "packed.tar"}
    return sorted(
        name for name in found if name not in kept and not name.startswith(("bin/", "names/"))
    )


def _files(folder: Path, pick: random.Random, names: list[str]) -> None:
    for name in names:
        path = folder / name
        if path.exists() or path.parent.is_file():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{pick.randint(0, 5)}\n")
        path.chmod(0o755 if name.endswith(".sh") else 0o644)


def _archive(folder: Path, pick: random.Random) -> None:
    file_format = pick.choice([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
    with tarfile.open(folder / "packed.tar", "w", format=file_format) as tar:
        for name in _names(folder)[:3]:
            tar.add(folder / name, name.encode("ascii", "ignore").decode())
