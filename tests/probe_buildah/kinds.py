"""The kinds of instruction that the probe builds, and the context that they read."""

from __future__ import annotations

import io
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

BUSYBOX = Path("/bin/busybox")
BASE = "localhost/probebase:1"
BASE_TEXT = """\
FROM scratch
COPY bin /bin
COPY names /etc
ENV PATH=/bin
"""


@dataclass(frozen=True)
class Kind:
    """One kind of instruction.

    Attributes:
        text: its lines; `{base}` stands for the base's reference.
        head: lines above its stage.
        args: build arguments.
        since: the first Buildah that understands it.
    """

    text: str
    head: str = ""
    args: tuple[tuple[str, str], ...] = ()
    since: tuple[int, ...] = (1, 28)

    @property
    def containerfile(self) -> str:
        """A whole Containerfile; what follows the kind shows the order of the search."""
        return f"{self.head}FROM {BASE}\n{self.text}\n"


_HEREDOCS = (1, 33)
_STAGE = f"FROM {BASE} AS parts\nCOPY tree /tree\nCOPY --chown=70:80 one.txt /one\n"

KINDS: tuple[Kind, ...] = (
    Kind("COPY one.txt /app/"),
    Kind("COPY one.txt /new"),
    Kind("COPY one.txt run.sh /app/"),
    Kind("COPY *.txt /app/"),
    Kind("COPY tree /tree"),
    Kind("COPY tree/sub /app/sub/"),
    Kind("COPY . /all/"),
    Kind("COPY links /links"),
    Kind("COPY --chmod=640 one.txt /app/"),
    Kind("COPY --chmod=750 tree /app/"),
    Kind("COPY --chown=7:8 tree /app/"),
    Kind("COPY --chown=app:crew one.txt /app/"),
    Kind("COPY --chmod=700 --chown=app tree /app/"),
    Kind(f"COPY {'long' * 40} /app/"),
    Kind("COPY ünï.txt /app/"),
    Kind("COPY --link one.txt /app/", since=(1, 41)),
    Kind("COPY --link tree /app/", since=(1, 41)),
    Kind("COPY --from=parts /one /app/", head=_STAGE),
    Kind("COPY --from=parts /tree /app/", head=_STAGE),
    Kind("COPY --from=parts --chown=9:9 /tree /app/", head=_STAGE),
    Kind(f"COPY --from={BASE} /etc/passwd /app/"),
    Kind("COPY --from=parts --chmod=750 /tree /app/", head=_STAGE),
    Kind("COPY <<EOF /written\nsome words\nEOF", since=_HEREDOCS),
    Kind("COPY --chmod=600 <<ONE <<TWO /app/\none\nONE\n\ttwo\nTWO", since=_HEREDOCS),
    Kind("ADD one.txt /app/"),
    Kind("ADD tree /app/"),
    Kind("ADD gnu.tar /app/"),
    Kind("ADD pax.tar /app/"),
    Kind("ADD packed.tar.gz /app/"),
    Kind("RUN echo word > /written"),
    Kind('RUN ["/bin/busybox", "touch", "/written"]'),
    Kind("ARG COLOUR=red\nRUN echo $COLOUR > /written", args=(("COLOUR", "blue"),)),
    Kind("RUN <<EOF\necho word > /written\nEOF", since=_HEREDOCS),
    Kind("ARG COLOUR=red\nRUN <<EOF\necho $COLOUR > /written\nEOF", since=_HEREDOCS),
    Kind("RUN --mount=type=bind,source=tree,target=/mnt cat /mnt/a > /written"),
    Kind("RUN --mount=type=tmpfs,target=/mnt true"),
    Kind("RUN --mount=type=cache,target=/mnt true"),
    Kind("ENV ONE=1"),
    Kind("ENV ONE=1 TWO='2 3'"),
    Kind("ARG COLOUR=red\nENV COLOUR=$COLOUR"),
    Kind("ARG COLOUR"),
    Kind("LABEL one=1"),
    Kind("LABEL one=1 two='2 3'"),
    Kind("WORKDIR /work"),
    Kind("USER 70"),
    Kind("EXPOSE 80"),
    Kind("VOLUME /data"),
    Kind("CMD one two"),
    Kind('CMD ["one", "two"]'),
    Kind('ENTRYPOINT ["one"]'),
    Kind("HEALTHCHECK --interval=5s CMD true"),
    Kind("STOPSIGNAL SIGINT"),
    Kind('SHELL ["/bin/sh", "-c"]'),
    Kind("ONBUILD RUN true"),
    Kind("MAINTAINER somebody"),
)


def write_base(context: Path) -> None:
    """The context of the base: a shell, and names of users."""
    (context / "bin").mkdir(parents=True)
    shutil.copyfile(BUSYBOX, context / "bin" / "busybox")
    (context / "bin" / "busybox").chmod(0o755)
    for name in ("sh", "cat", "true", "touch"):
        (context / "bin" / name).symlink_to("busybox")
    (context / "names").mkdir()
    (context / "names" / "passwd").write_text("root:x:0:0:::\napp:x:70:80:::\n")
    (context / "names" / "group").write_text("root:x:0:\ncrew:x:90:\n")
    (context / "Containerfile").write_text(BASE_TEXT)


def write_context(context: Path) -> None:
    """What the kinds read."""
    (context / "tree" / "sub").mkdir(parents=True)
    for name in ("one.txt", "two.txt", "run.sh", "ünï.txt", "long" * 40, "tree/a", "tree/sub/b"):
        (context / name).write_text(f"{name}\n")
    (context / "run.sh").chmod(0o755)
    (context / "links").mkdir()
    (context / "links" / "to").symlink_to("../one.txt")
    (context / "links" / "file").write_text("a file\n")
    for name, form in (("gnu.tar", tarfile.GNU_FORMAT), ("pax.tar", tarfile.PAX_FORMAT)):
        with tarfile.open(context / name, "w", format=form) as tar:
            _pack(tar)
    with tarfile.open(context / "packed.tar.gz", "w:gz") as tar:
        _pack(tar)


def _pack(tar: tarfile.TarFile) -> None:
    folder = tarfile.TarInfo("packed")
    folder.type, folder.mode, folder.mtime = tarfile.DIRTYPE, 0o755, 5
    tar.addfile(folder)
    info = tarfile.TarInfo("packed/file")
    info.size, info.mtime, info.uname, info.gname = 3, 7, "someone", "some"
    tar.addfile(info, io.BytesIO(b"abc"))
