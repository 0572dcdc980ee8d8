"""One listing of the store, as Podman 4.3.1 wrote it."""

from __future__ import annotations

from pipeline.engine.images import Store, StoredImage, parse_images

LISTED = """[
 {"Id": "7b17", "ParentId": "", "RepoTags": null, "Size": 6863, "Labels": {"a": "1"},
  "Containers": 2, "Names": ["localhost/base:1"], "Digest": "sha256:3dad"},
 {"Id": "4ff6", "RepoTags": null, "Labels": null, "Digest": ""}
]"""


def test_a_listing_is_read() -> None:
    assert parse_images(LISTED) == (
        StoredImage("7b17", ("localhost/base:1",), "sha256:3dad", {"a": "1"}, 6863, 2),
        StoredImage("4ff6"),
    )


def test_an_empty_store_is_null_in_some_versions() -> None:
    assert parse_images("null\n") == parse_images("") == parse_images("[]") == ()


def test_short_names_are_completed_as_the_engine_does() -> None:
    store = Store(
        (
            StoredImage("1", ("localhost/base:1",)),
            StoredImage("2", ("docker.io/library/redis:latest",)),
            StoredImage("3", ("docker.io/me/app:2",)),
        )
    )
    found = {
        name: getattr(store.named(name), "id", None)
        for name in ("base:1", "localhost/base:1", "redis", "me/app:2", "1", "base", "quay.io/a:1")
    }
    assert found == {
        "base:1": "1",
        "localhost/base:1": "1",
        "redis": "2",
        "me/app:2": "3",
        "1": "1",
        "base": None,
        "quay.io/a:1": None,
    }
