"""Whoever adds a place that reads something gives it odd input, too: here it is missed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from pipeline.engine.api_answers import ANSWERS
from tests.unit.odd import api
from tests.unit.odd.readers import READERS

PACKAGE = Path(__file__).parents[3] / "pipeline"
READING = frozenset(
    (
        *("open", "fdopen", "open_regular", "read_text", "read_bytes", "read_json", "parse_json"),
        *("load", "loads", "json", "checked", "safe_load", "readline", "readlines", "recv"),
        *("read1", "connect", "urlopen", "extractfile"),
    )
)
"""What a call that reads something, or opens it for that, is named."""
API = "answers of the API"
SPEC = "a project's own file: tests/unit/spec/test_mutated_specs.py"
ELSEWHERE = ("bootstrap/", "tasks/engines.py: ")
"""What the set-up reads has its own tests of what others plant, in tests/unit/bootstrap; the tests'
own roots are root's."""
OURS = "a file of the package itself"
WRITES = "it is written only"
KERNEL = "the kernel's own"
MADE = "made by this process, in a folder of its own"
KNOWN: dict[str, dict[str, str]] = {
    "build/run/builder.py": {"Builder._made": MADE, "_log_file": WRITES},
    "build/rootfs/apt.py": {"host_sources": "root's own", "read_os_release": "root's own"},
    "build/go_tar/go_tar_reader.py": {"_opened": SPEC},
    "build/rootfs/debs.py": {"write_rootfs": MADE, "_entries": MADE, "_write": MADE},
    "build/context/digests.py": {
        "Digests.of": SPEC, "Digests.save": WRITES, "_read": "digests.json",
    },
    "build/freeze.py": {"_mutex": "a folder"},
    "build/go_tar/image_files.py": {"ImageFiles.content": SPEC},
    "build/context/inputs.py": {"read_containerfile": SPEC, "_ignore_rules": SPEC},
    "build/release/lockfile.py": {"read_lock": "the release lock", "write_lock": WRITES},
    "build/context/owners.py": {"ignore_text": SPEC},
    "build/rootfs/rootfs.py": {"_only_one": "the mutex",
        "_text": "the packages of a root file system"},
    "build/go_tar/content_summary.py": {"_SummaryWriter._entry": SPEC},
    "course/tweets.py": {"Replica._read": "tests/unit/course", "Replica._ask": "tests/unit/course"},
    "deploy/observe/faults.py": {"_is_alive": KERNEL, "headless": KERNEL},
    "deploy/plan/history.py": {"_services": API},
    "deploy/apply/network_names.py": {"_keep": OURS},
    "deploy/model/secret.py": {"secret_value": "a secret's file", "_key": "fingerprint.key"},
    "engine/api_answers.py": {"checked": API},
    "engine/blobs.py": {"known_blobs": "blobs of layers"},
    "engine/build_cache.py": {"_image": "the store: manifest"},
    "engine/cache.py": {"read_json": "any other cache", "write_atomic": WRITES},
    "engine/command.py": {"run_into": WRITES},
    "engine/distribution.py": {
        "parse_manifest": "an OCI layout: manifest", "_of_layout": "an OCI layout: index.json",
    },
    "engine/tar_split.py": {
        "read_file_list": "the store: files of a layer",
        "_entries": "the store: files of a layer",
        "file_digest": "a file of an image: opened without waiting, and only hashed",
    },
    "engine/leftovers.py": {
        "_first_processes": KERNEL, "_container_of": "an id or nothing",
        "_read": "an id or nothing",
    },
    "engine/remote_host.py": {"_read": KERNEL},
    "engine/mutex.py": {"_opened": "the mutex", "_holder": "the mutex"},
    "engine/pause_process.py": {
        "is_pause_process": KERNEL, "_run_root": KERNEL, "_lives": "pause.pid",
        "_forget_recycled": "pause.pid", "_alone": "it is only locked",
    },
    "engine/process_group.py": {"_living": KERNEL},
    "engine/sockets.py": {"started": KERNEL},
    "engine/podman.py": dict.fromkeys(
        ("PodmanReader.events", "PodmanReader.file_text", "PodmanReader._object",
        "PodmanReader._object_or_none",
         "PodmanReader._list", "_reason"), API
    ),
    "engine/http_connection.py": dict.fromkeys(
        ("HttpConnection.ask", "HttpConnection.connect", "HttpResponse._line",
         "HttpResponse._of_chunks", "HttpResponse._of_length"), API
    ),
    "engine/podman_socket.py": {
        "ApiResponse.json": "used by tests only", "SocketConnection.call": API,

        "SocketConnection._ping": API, "_frozen": KERNEL,
        "SocketConnection.shares_our_namespaces": KERNEL,
    },
    "engine/podman_writer.py": {
        "PodmanWriter.pull_image": API, "PodmanWriter.create_container": API,
        "PodmanWriter._exec_session": API,
        "PodmanWriter.write_file": WRITES,
    },
    "engine/json_input.py": {"parse_json": API},
    "engine/service.py": {"has_settings": KERNEL, "answers": API},
    "engine/storage.py": {"_image": "the store: configuration"},
    "engine/store_paths.py": {"find_store": "store.json", "_told": "buildah info"},
    "engine/store_records.py": {"records": "the store: images.json"},
    "engine/temporary_files.py": {"_in_use": KERNEL, "_held_by": KERNEL},
    "host/buildah_generation.py": {"generation_here": "any other cache"},
    "host/name_claim.py": {
        "_noted": "the folder of a pipeline", "_is_claimed": "the spec of another folder",
    },
    "host/fact_cache.py": {"read": KERNEL, "FactCache.__init__": "host.json"},
    "host/settings.py": {"read_toml": "settings of the engine"},
    "host/storage.py": {"_driver_in_database": "the database of Podman"},
    "layers/blueprint.py": {"annotate_containerfile": SPEC},
    "output/render/report_file.py": {"write_report": WRITES},
    "output/findings/plain_text.py": {"lines_of_file": SPEC},
    "output/render/html_page.py": {"_text": OURS},
    "scaffold/project.py": {"_template": OURS, "_schema": OURS},
    "scaffold/templates/main.py": {"Handler.do_GET": "runs in a container"},
    "spec/document.py": {"read_document": SPEC, "_parse": SPEC},
    "spec/dotenv.py": {"read_dotenv": SPEC},
    "spec/ignorefile.py": {"load_ignore_rules": SPEC},
    "spec/reference_cache.py": {"known_references": SPEC, "_names": "answers of the schema"},
    "spec/lint/containerfiles.py": {"read_containerfile": SPEC},
    "spec/lint/layers.py": {"_is_archive": SPEC},
    "spec/answer_cache.py": {"AnswerCache.remember": WRITES,
        "AnswerCache._read": "answers of the schema"},
    "spec/positions.py": {"_key_name": SPEC},
    "spec/schema.py": {"schema": OURS, "schema_question": OURS},
    "spec/textfile.py": {"_read_regular": SPEC},
    "tasks/command.py": {
        "_leave_output": WRITES, "load_pipeline": SPEC, "confirmed": "what a person types",
    },
    "tasks/demo.py": {"demo": SPEC},
    "pytest_plugin.py": {"_spec": SPEC},
    "verify/world.py": {"HttpAnswer.json": "the users' own tests call it, and expect its error"},
    "verify/captured.py": {"parsed": "tests/unit/verify/test_judge.py"},
    "volumes/archive.py": {
        "Writing.__enter__": WRITES, "digest_of": "a backup", "examine": "a backup's checksum",
        "pieces": "a backup", "_held_file": WRITES, "_is_left": "it is only locked",
        "_sync_folder": "a folder",
    },
}  # fmt: skip
"""Every function that reads: the name of its odd input in `READERS`, or why it has none there."""


def calls(node: ast.AST, name: str = "") -> Iterator[tuple[str, str]]:
    """The enclosing function, and the last name of what is called, of every call."""
    for below in ast.iter_child_nodes(node):
        inner = name
        if isinstance(below, ast.FunctionDef | ast.ClassDef):
            inner = f"{name}.{below.name}".lstrip(".")
        if isinstance(below, ast.Call):
            called = below.func
            if isinstance(called, ast.Attribute):
                yield inner, called.attr
            elif isinstance(called, ast.Name):
                yield inner, called.id
        yield from calls(below, inner)


def test_every_place_that_reads_has_its_odd_input() -> None:
    found = {
        f"{path.relative_to(PACKAGE)}: {function}"
        for path in PACKAGE.rglob("*.py")
        for function, called in calls(ast.parse(path.read_text(encoding="utf-8")))
        if called in READING
    }
    found = {place for place in found if not place.startswith(ELSEWHERE)}
    known = {f"{path}: {function}" for path, those in KNOWN.items() for function in those}
    new, gone = sorted(found - known), sorted(known - found)
    assert not new, f"new: give it odd input in readers.py, and name it here: {', '.join(new)}"
    assert not gone, f"gone: take it away here: {', '.join(gone)}"


def test_every_reader_is_named_by_a_place() -> None:
    named = {what for those in KNOWN.values() for what in those.values()}
    parts = ("the store: ", "an OCI layout: ")  # several parts are read in one place
    assert {name for name in READERS if not name.startswith(parts)} <= named


def test_every_answer_has_a_right_one() -> None:
    assert {(method, pattern) for method, pattern, _shape in ANSWERS} == set(api.SAMPLES)
