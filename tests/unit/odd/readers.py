"""Everything that capas reads and did not just write: how a right one looks, and who reads it.

Each reader runs what goes on with the values, too: a number that is none is met where it is used.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from pipeline.build.context.digests import Digests
from pipeline.build.release.identity import Content
from pipeline.build.release.lockfile import read_lock, render_lock
from pipeline.build.release.provenance import Provenance
from pipeline.build.release.releases import Release, drift, other_engines
from pipeline.build.rootfs.rootfs import _text as rootfs_listing
from pipeline.deploy.model.secret import fingerprints, secret_value
from pipeline.engine.blobs import known_blobs
from pipeline.engine.cache import read_json
from pipeline.engine.mutex import mutex
from pipeline.engine.pause_process import _forget_recycled, _lives
from pipeline.engine.storage import StoredLayer
from pipeline.engine.store_paths import find_store
from pipeline.errors import Refused
from pipeline.host import settings
from pipeline.host.fact_cache import FactCache
from pipeline.host.name_claim import claim
from pipeline.host.observe import program_version
from pipeline.host.storage import _driver_in_database
from pipeline.spec.answer_cache import AnswerCache as SpecMemory
from pipeline.spec.model import Pipeline, Secret
from tests.unit.odd.mutate import mutated_bytes
from tests.unit.odd.reader import Reader, as_json, environ, written
from tests.unit.odd.store_readers import (
    BLOB,
    DIFF,
    ID,
    MANIFEST_DIGEST,
    TOP,
    UPPER,
    backup,
    entries_slipped,
    gzipped,
    layout,
    read_backup,
    read_layout,
    read_store,
    read_tar_split,
    store,
)

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
    "the store: files of a layer": Reader(
        store("tar-split"), read_tar_split, gzipped(entries_slipped)
    ),
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
