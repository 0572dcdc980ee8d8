"""The store's images by their names."""

from __future__ import annotations

from pipeline.engine.images import Store, StoredImage


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
