"""Everything that capas reads and did not just write: how a right one looks, and who reads it.

Each reader runs what goes on with the values, too: a number that is none is met where it is used.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import random
import tarfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.build.context.digests import Digests
from pipeline.build.prune.prune_plan import plan_prune
from pipeline.build.release.identity import Content
from pipeline.build.release.lockfile import read_lock, render_lock
from pipeline.build.release.provenance import Provenance
from pipeline.build.release.releases import Release, drift, other_engines
from pipeline.build.rootfs.rootfs import _text as rootfs_listing
from pipeline.deploy.model.secret import fingerprints, secret_value
from pipeline.engine import labels
from pipeline.engine.blobs import known_blobs
from pipeline.engine.build_cache import cache_images, images_in_use
from pipeline.engine.cache import read_json
from pipeline.engine.distribution import ImageLocation, check_blobs, check_layout, find_manifest
from pipeline.engine.mutex import mutex
from pipeline.engine.pause_process import _forget_recycled, _lives
from pipeline.engine.storage import StoredLayer, find_image, read_storage
from pipeline.engine.store_paths import find_store
from pipeline.engine.tar_split import read_file_list
from pipeline.errors import Refused
from pipeline.host import settings
from pipeline.host.fact_cache import FactCache
from pipeline.host.name_claim import claim
from pipeline.host.observe import program_version
from pipeline.host.storage import _driver_in_database
from pipeline.layers.configuration import config_changes
from pipeline.spec.answer_cache import AnswerCache as SpecMemory
from pipeline.spec.model import Pipeline, Secret
from pipeline.volumes.archive import checksum_path, examine
from pipeline.volumes.contents import ArchiveContents, NoTar, Room, TooMuch
from tests.unit.odd.mutate import mutated_bytes, mutated_json


@dataclass(frozen=True)
class Reader:
    """One thing that is read.

    Attributes:
        right: makes a whole environment in a folder, and returns the path of the file in it.
        read: reads it as capas does, and uses what it got.
        mutate: makes another file of a right one.
    """

    right: Callable[[Path], Path]
    read: Callable[[Path, Path], object]
    mutate: Callable[[bytes, random.Random], bytes] = mutated_bytes
    file: bool = True
    """Whether it is a file in whose place something else may lie."""


def as_json(raw: bytes, chance: random.Random) -> bytes:
    """A JSON file with a slip: mostly of values, now and then of bytes."""
    return (
        mutated_bytes(raw, chance)
        if chance.random() < 0.2
        else mutated_json(json.loads(raw), chance)
    )


def written(name: str, content: object) -> Callable[[Path], Path]:
    """Makes one file below a folder."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        path.write_bytes(raw)
        return path

    return make


def environ(folder: Path) -> dict[str, str]:
    """All of our folders below one."""
    return {
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder),
        "XDG_STATE_HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "PATH": str(folder / "bin"),
    }


ID, LAYER, TOP = "a" * 64, "b" * 64, "c" * 64
DIFF, UPPER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
CONFIG: dict[str, Any] = {
    "created": "2026-01-01T00:00:00Z",
    "architecture": "amd64",
    "os": "linux",
    "config": {
        "Env": ["PATH=/bin", "A=b"],
        "Cmd": ["sh"],
        "Entrypoint": None,
        "Labels": {labels.PIPELINE: "p", labels.IDENTITY: "x", labels.VERSION: "1.0"},
        "WorkingDir": "/app",
        "User": "1000",
        "ExposedPorts": {"5000/tcp": {}},
        "Volumes": None,
        "OnBuild": None,
        "StopSignal": "SIGTERM",
    },
    "rootfs": {"type": "layers", "diff_ids": [DIFF, UPPER]},
    "history": [
        {"created": "2026-01-01T00:00:00Z", "created_by": "ADD x /", "comment": "FROM a"},
        {"created": "2026-01-01T00:00:00Z", "created_by": "RUN x", "empty_layer": False},
        {"created_by": "CMD sh", "empty_layer": True},
    ],
}
CONFIG_RAW = json.dumps(CONFIG).encode()
CONFIG_DIGEST = f"sha256:{hashlib.sha256(CONFIG_RAW).hexdigest()}"
BLOB = f"sha256:{hashlib.sha256(b'blob').hexdigest()}"
MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"digest": CONFIG_DIGEST, "size": len(CONFIG_RAW)},
    "layers": [{"digest": BLOB, "size": 4}],
}
MANIFEST_RAW = json.dumps(MANIFEST).encode()
MANIFEST_DIGEST = f"sha256:{hashlib.sha256(MANIFEST_RAW).hexdigest()}"
IMAGES = [
    {
        "id": ID,
        "names": ["localhost/web:1.0"],
        "layer": TOP,
        "digest": MANIFEST_DIGEST,
        "big-data-digests": {"manifest": MANIFEST_DIGEST},
    },
    {"id": "d" * 64, "layer": LAYER, "names": None},
]
LAYERS = [
    {"id": LAYER, "diff-digest": DIFF, "diff-size": 1536, "compressed-diff-digest": BLOB,
     "compressed-size": 4},
    {"id": TOP, "parent": LAYER, "diff-digest": UPPER, "diff-size": 10},
]  # fmt: skip


def tar_of(*names: str) -> bytes:
    """A small tar."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 3
            info.pax_headers = {"SCHILY.xattr.user.a": "b" * 200, "mtime": "1.5"}
            tar.addfile(info, io.BytesIO(b"abc"))
    return stream.getvalue()


TAR = tar_of("one", "two" * 60)


def _tar_split() -> bytes:
    """How the store records a tar of one file (vbatts/tar-split)."""
    tar = tar_of("one")
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        at = opened.getmembers()[0].offset_data
    entries = [
        {"type": 2, "payload": base64.b64encode(tar[:at]).decode()},
        {"type": 1, "name": "one", "size": 3, "payload": base64.b64encode(bytes(8)).decode()},
        {"type": 2, "payload": base64.b64encode(tar[at + 3 :]).decode()},
    ]
    return "\n".join(map(json.dumps, entries)).encode()


def gzipped(mutate: Callable[[bytes, random.Random], bytes]) -> Callable[..., bytes]:
    """The slip is inside of the compressed content; now and then outside."""

    def slipped(raw: bytes, chance: random.Random) -> bytes:
        if chance.random() < 0.2:
            return mutated_bytes(raw, chance)
        return gzip.compress(mutate(gzip.decompress(raw), chance), 1)

    return slipped


def _entries(raw: bytes, chance: random.Random) -> bytes:
    lines = raw.split(b"\n")
    at = chance.randrange(len(lines))
    lines[at] = as_json(lines[at], chance)
    return b"\n".join(lines)


def store(part: str) -> Callable[[Path], Path]:
    """A whole store of an engine; the path of one part of it."""

    def make(folder: Path) -> Path:
        images, below = folder / "overlay-images", folder / "overlay-layers"
        key = "=" + base64.b64encode(CONFIG_DIGEST.encode()).decode()
        parts = {
            "images.json": written("overlay-images/images.json", IMAGES)(folder),
            "layers.json": written("overlay-layers/layers.json", LAYERS)(folder),
            "containers.json": written(
                "overlay-containers/containers.json", [{"id": "e" * 64, "image": ID}]
            )(folder),
            "manifest": written(f"overlay-images/{ID}/manifest", MANIFEST_RAW)(folder),
            "config": written(f"overlay-images/{ID}/{key}", CONFIG_RAW)(folder),
            "tar-split": written(f"overlay-layers/{TOP}.tar-split.gz", gzip.compress(_tar_split()))(
                folder
            ),
        }
        assert images.is_dir()
        assert below.is_dir()
        return parts[part]

    return make


def read_store(folder: Path, _path: Path) -> None:
    """Everything that is read of a store."""
    found = read_storage("overlay", (folder,))
    cached = cache_images(found)
    plan_prune(cached, "p", (), images_in_use(found))
    list(cache_images(found, named=True))
    image = find_image(found, "localhost/web:1.0")
    known_blobs(image.layers, environ(folder))
    config_changes(image.config, {})
    [(entry.created_by.split(), entry.comment.split()) for entry in image.history]


def read_tar_split(folder: Path, path: Path) -> None:
    """The files of a layer."""
    size = len(tar_of("one"))
    read_file_list(StoredLayer(TOP, UPPER, size, None, folder, path))


RELEASE = Release(
    "id", ID, MANIFEST_DIGEST, (DIFF, UPPER), Content("i", "s", {"main.py": "100644 aa"}),
    {"base:1": (ID, DIFF)}, Provenance(1_700_000_000, "rev", "src"), 1_700_000_000,
    {"buildah": "1.28.2"},
)  # fmt: skip


def use_lock(_folder: Path, path: Path) -> None:
    """Releases, and how a version differs from its own."""
    for release in read_lock(path).values():
        drift(release.content, RELEASE.content)
        other_engines(release, {"buildah": "1.39"})
        release.provenance.created.bit_length()
        render_lock({"web:1": release})


def use_claim(folder: Path, _path: Path) -> None:
    """A command that makes something."""
    claim(Pipeline("p", folder / "specs" / "p.toml", folder), environ(folder))


def use_other_spec(folder: Path, path: Path) -> None:
    """A command in one folder, when the name was noted for another."""
    note = folder / "capas" / "projects" / "p.json"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"spec": str(path)}))
    with suppress(Refused):
        use_claim(folder, path)


def use_mutex(folder: Path, _path: Path) -> None:
    """A lock that nobody holds."""
    with mutex("p", environ(folder), lambda _said: None, deadline=0.0):
        pass


def use_host(folder: Path, _path: Path) -> None:
    """What was found out about this host."""
    memory = FactCache(folder / "capas" / "host.json")
    version = program_version("/bin/sh", memory)
    assert all(isinstance(part, int) for part in version)
    assert memory.recall("overlay 1", bool) in (None, True, False)
    memory.save()


def use_digests(folder: Path, path: Path) -> None:
    """Digests of large files."""
    large = folder / "large"
    if not large.exists():
        large.write_bytes(bytes(300_000))
    digests = Digests(path)
    assert digests.of(large) == hashlib.sha256(bytes(300_000)).hexdigest()
    digests.save()


def use_answers(folder: Path, path: Path) -> None:
    """Answers of the schema and of Containerfiles."""
    memory = SpecMemory(path.name, environ(folder), kept=10)
    memory.answer("question")
    memory.remember({"a": "b"})


SECRET = Secret("token", "p_token", file=Path("/nowhere"))


def use_key(folder: Path, _path: Path) -> None:
    """The key by which secrets are told apart."""
    value = folder / "value"
    if not value.exists():
        value.write_bytes(b"secret")
    fingerprints([Secret("token", "p_token", file=value)], environ(folder))


def use_secret(_folder: Path, path: Path) -> None:
    """A secret's own file."""
    secret_value(Secret("token", "p_token", file=path))


def use_store_place(folder: Path, _path: Path) -> None:
    """Where the store lies: from memory, or from a Buildah that answers as it should."""
    fake(folder / "bin" / "buildah", BUILDAH_INFO)
    find_store(environ(folder))


BUILDAH_INFO = {"store": {"GraphDriverName": "overlay", "GraphRoot": "/s", "GraphOptions": None}}


def fake(path: Path, answer: object) -> None:
    """A program that answers with a file beside it."""
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".json").write_text(json.dumps(answer))
        path.write_text(f"#!/bin/sh\nexec /bin/cat '{path}.json'\n")
        path.chmod(0o755)


def answering(folder: Path) -> Path:
    """A Buildah that answers with this file."""
    fake(folder / "bin" / "buildah", BUILDAH_INFO)
    return folder / "bin" / "buildah.json"


def ask_buildah(folder: Path, _path: Path) -> None:
    """What `buildah info` says."""
    (folder / "capas" / "store.json").unlink(missing_ok=True)
    find_store(environ(folder))


def layout(part: str) -> Callable[[Path], Path]:
    """An OCI layout with one image; the path of one part of it."""

    def make(folder: Path) -> Path:
        named = {"org.opencontainers.image.ref.name": "web:1.0"}
        index = {"manifests": [{"digest": MANIFEST_DIGEST, "annotations": named}]}
        blobs = "blobs/sha256"
        return {
            "index.json": written("index.json", index)(folder),
            "oci-layout": written("oci-layout", {"imageLayoutVersion": "1.0.0"})(folder),
            "manifest": written(f"{blobs}/{MANIFEST_DIGEST[7:]}", MANIFEST_RAW)(folder),
            "config": written(f"{blobs}/{CONFIG_DIGEST[7:]}", CONFIG_RAW)(folder),
            "layer": written(f"{blobs}/{BLOB[7:]}", b"blob")(folder),
        }[part]

    return make


def read_layout(folder: Path, _path: Path) -> None:
    """An image in a folder, as a pull looks at it."""
    place = ImageLocation("there", folder=folder)
    check_layout(place)
    manifest = find_manifest(place, "web:1.0", environ(folder))
    if manifest is not None:
        check_blobs(place, manifest)
        sum(manifest.blobs.values())


def backup(part: str) -> Callable[[Path], Path]:
    """A backup with its checksum."""

    def make(folder: Path) -> Path:
        archive = folder / "data.tar.gz"
        archive.write_bytes(gzip.compress(TAR, 1))
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        checksum_path(archive).write_text(f"{digest}  {archive.name}\n")
        return archive if part == "archive" else checksum_path(archive)

    return make


def read_backup(folder: Path, path: Path) -> None:
    """A backup from its first to its last byte."""
    archive = folder / "data.tar.gz"
    if path == archive:
        checksum_path(archive).unlink(missing_ok=True)
    contents = ArchiveContents(Room(1 << 30))
    with suppress(NoTar, TooMuch):
        examine(archive, contents.feed)
        contents.end()


def use_settings(folder: Path, path: Path) -> None:
    """The engine's own settings."""
    content = settings.read_toml(path)
    chosen = settings.chosen({}, [(path, content)], [(path, content)])
    assert all(isinstance(setting.value, str) for setting in chosen.values())
    settings.graphroot(environ(folder), 1000, (path, content))
    settings.to_toml(settings.merge(content, {"engine": {"runtime": "runc"}}))


READERS: dict[str, Reader] = {
    "host.json": Reader(
        written("capas/host.json", {"version /bin/sh 1 2": [4, 3, 1], "overlay 1": True}),
        use_host,
        as_json,
    ),
    "store.json": Reader(
        written("capas/store.json", {"decided_by": "x", "driver": "overlay", "roots": ["/s"]}),
        use_store_place,
        as_json,
    ),
    "digests.json": Reader(
        written("capas/digests.json", {"/a": ["d", [1, 2, 3, 4, 5]]}), use_digests, as_json
    ),
    "blobs of layers": Reader(
        written(f"capas/blobs/sha256/{'2' * 64}.json", {"digest": BLOB, "size": 4}),
        lambda folder, _path: known_blobs(
            [StoredLayer(TOP, UPPER, 1, None, folder, folder)], environ(folder)
        ),
        as_json,
    ),
    "answers of the schema": Reader(
        written("capas/schema", b"question yes\nother no\n"), use_answers
    ),
    "fingerprint.key": Reader(written("capas/fingerprint.key", b"0a" * 32), use_key),
    "a secret's file": Reader(written("secret", b"secret"), use_secret),
    "the folder of a pipeline": Reader(
        written("capas/projects/p.json", {"spec": "/nowhere/p.toml"}), use_claim, as_json
    ),
    "the spec of another folder": Reader(written("p.toml", b'name = "p"\n'), use_other_spec),
    "the mutex": Reader(written("capas/p.mutex", b"process 1, since 10:00:00\n"), use_mutex),
    "pause.pid": Reader(
        written("libpod/tmp/pause.pid", b"1\n"),
        lambda folder, path: (_lives(path), _forget_recycled(environ(folder))),
    ),
    "the release lock": Reader(
        written("p.lock", render_lock({"web:1.0": RELEASE}).encode()), use_lock
    ),
    "the store: images.json": Reader(store("images.json"), read_store, as_json),
    "the store: layers.json": Reader(store("layers.json"), read_store, as_json),
    "the store: containers.json": Reader(store("containers.json"), read_store, as_json),
    "the store: manifest": Reader(store("manifest"), read_store, as_json),
    "the store: configuration": Reader(store("config"), read_store, as_json),
    "the store: files of a layer": Reader(store("tar-split"), read_tar_split, gzipped(_entries)),
    "buildah info": Reader(answering, ask_buildah, as_json, file=False),
    "an OCI layout: index.json": Reader(layout("index.json"), read_layout, as_json),
    "an OCI layout: oci-layout": Reader(layout("oci-layout"), read_layout, as_json),
    "an OCI layout: manifest": Reader(layout("manifest"), read_layout, as_json),
    "an OCI layout: configuration": Reader(layout("config"), read_layout),
    "an OCI layout: layer": Reader(layout("layer"), read_layout),
    "a backup": Reader(backup("archive"), read_backup, gzipped(mutated_bytes)),
    "a backup's checksum": Reader(backup("checksum"), read_backup),
    "settings of the engine": Reader(
        written(
            "containers.conf",
            b'[engine]\nruntime = "runc"\n[containers]\npids_limit = 5\n[network]\n'
            b'firewall_driver = "none"\n[storage]\ndriver = "overlay"\ngraphroot = "/g"\n'
            b'[storage.options.overlay]\nmount_program = "/bin/x"\n',
        ),
        use_settings,
    ),
    "the database of Podman": Reader(
        written("libpod/bolt_state.db", b"graph-driver-nameoverlay"),
        lambda folder, _path: _driver_in_database(folder),
    ),
    "the packages of a root file system": Reader(
        written("packages.txt", b"a 1\n"), lambda _folder, path: rootfs_listing(path)
    ),
    "any other cache": Reader(
        written("x.json", {"a": 1}), lambda _f, path: read_json(path), as_json
    ),
}
"""By what it is. Answers of the API are enumerated from `ANSWERS`, labels from `labels`."""
