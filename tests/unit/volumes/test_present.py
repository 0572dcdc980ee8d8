from __future__ import annotations

from pipeline.output.render.report import rendered
from pipeline.volumes.observe import Found
from pipeline.volumes.plan import User
from pipeline.volumes.present import present_volumes


def test_volumes_are_told_with_who_is_on_them() -> None:
    report = present_volumes(
        "shop",
        [
            Found("data", "shop_data", True, size=2048, users=(User("web-1", "running"),)),
            Found("new", "shop_new", False),
            Found("", "shop_old", True, size=0),
        ],
    )
    text = rendered(report, "text")
    assert "2 of 3 are there" in text
    assert "web-1 (running)" in text
    assert "not made yet" in text
    assert "not in the spec" in text
    assert report.data["volumes"][0]["used_by"] == [{"name": "web-1", "state": "running"}]
    assert "nobody" in text
    assert [line.split()[0] for line in text.splitlines() if "shop_" in line] == [
        "data", "new", "!",
    ]  # fmt: skip
    assert "2.05 kB" in text


def test_no_volumes_are_no_table() -> None:
    assert "names no volume" in rendered(present_volumes("shop", []), "text")
