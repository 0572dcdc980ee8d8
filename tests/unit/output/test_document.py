from __future__ import annotations

from pipeline.output.document import Listing


def test_the_head_of_a_diff_neither_comes_nor_goes() -> None:
    diff = Listing("--- a\n+++ a\n@@ -1 +1 @@\n--- old\n+new\n same", "diff")
    assert [tone for _, tone in diff.lines] == ["plain", "plain", "plain", "bad", "good", "plain"]
    assert [tone for _, tone in Listing("-old\n+new", "diff").lines] == ["bad", "good"]
    assert [tone for _, tone in Listing("-old\n+new").lines] == ["plain", "plain"]
