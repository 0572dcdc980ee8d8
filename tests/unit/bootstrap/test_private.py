"""Nobody else looks into what is ours, whatever the umask is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.bootstrap.private import close_tree, private_folder, private_opener
from pipeline.build.context.digests import Digests
from pipeline.engine.cache import close_ours, write_atomic
from pipeline.spec.answer_cache import AnswerCache
from pipeline.volumes.archive import Writing, checksum_path


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def modes(below: Path) -> dict[str, int]:
    return {str(path.relative_to(below)): mode(path) for path in below.rglob("*")}


@pytest.mark.usefixtures("umask")
def test_everything_that_we_make_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    cache, state = home / ".cache" / "capas", home / ".local" / "state" / "capas"
    write_atomic(cache / "host.json", "{}")
    AnswerCache("schema", {"HOME": str(home)}, kept=1).remember({"a": "b"})
    digests = Digests(cache / "deep" / "er" / "digests.json")
    digests._changed = True
    digests.save()
    with Writing(state / "backups" / "p" / "data.tar.gz") as file:
        file.write(b"x")
        file.keep()
    private_folder(state / "build" / "p")
    with open(state / "build" / "p" / "web.log", "w", opener=private_opener) as log:
        log.write("x")
    found = modes(home)
    assert {path: oct(has) for path, has in found.items() if has & 0o077} == {}
    assert checksum_path(state / "backups/p/data.tar.gz").is_file()


def test_what_was_left_open_is_closed_and_only_that(tmp_path: Path) -> None:
    state, cache = tmp_path / "state" / "capas", tmp_path / "cache" / "capas"
    own = tmp_path / "checkout.py"
    own.write_text("")
    own.chmod(0o644)
    for folder in (state / "build" / "p", state / "backups", cache / "build"):
        folder.mkdir(parents=True)
        folder.chmod(0o777)
    for folder in (state, cache):
        folder.chmod(0o777)
    (state / "build" / "p" / "web.log").write_text("x")
    (state / "build" / "p" / "web.log").chmod(0o666)
    (state / "backups" / "link").symlink_to(own)
    os.link(own, state / "backups" / "hard")
    os.mkfifo(state / "backups" / "fifo", 0o666)
    close_ours({"XDG_STATE_HOME": str(state.parent), "XDG_CACHE_HOME": str(cache.parent)})
    for folder in (state, state / "build", state / "build" / "p", state / "backups", cache):
        assert mode(folder) == 0o700, folder
    assert mode(state / "build" / "p" / "web.log") == 0o600
    assert mode(own) == 0o644
    assert mode(cache / "build") == 0o777  # behind a closed folder, with a user's own files in it


def test_a_folder_that_a_user_named_keeps_its_mode(tmp_path: Path) -> None:
    chosen = tmp_path / "srv"
    chosen.mkdir()
    chosen.chmod(0o750)
    with Writing(chosen / "data.tar.gz") as file:
        file.keep()
    assert mode(chosen) == 0o750
    assert mode(chosen / "data.tar.gz") == 0o600


def test_a_link_in_place_of_our_folder_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    other.chmod(0o755)
    (tmp_path / "capas").symlink_to(other)
    close_tree(tmp_path / "capas")
    assert mode(other) == 0o755


def test_a_file_in_place_of_a_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        private_folder(tmp_path / "file" / "below")


def test_a_folder_that_another_makes_at_the_same_moment_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = Path.is_dir

    def made_by_another(path: Path) -> bool:
        answer = looked(path)
        if path.name in ("build", "p"):
            os.makedirs(path, mode=0o700, exist_ok=True)  # noqa: PTH103 - mkdir asks is_dir
        return answer

    monkeypatch.setattr(Path, "is_dir", made_by_another)
    private_folder(tmp_path / "build" / "p")
    assert mode(tmp_path / "build" / "p") == 0o700
