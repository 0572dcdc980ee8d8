"""The options of RUN's flags are those of the Buildahs that are supported."""

from __future__ import annotations

import pytest

from pipeline.spec.lint.run_flags import flag_wrong
from pipeline.spec.lint.subject import Hints


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("mount", "tye=tmpfs,target=/t", "has no option `tye`"),
        ("mount", "type=tmp,target=/t", "type `tmp`"),
        ("mount", "type=tmpfs", "no target"),
        ("mount", "target=", "`target` is empty"),
        ("mount", "type=tmpfs,src=a,dst=/t", "no option `src`"),
        ("mount", "type=secret,id=a,ro", "no option `ro`"),
        ("network", "nothing", "not one of default, host, none"),
    ],
)
def test_what_buildah_refuses_is_reported(name: str, value: str, words: str) -> None:
    assert words in flag_wrong(name, value, Hints())[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mount", "target=/t"),
        ("mount", "type=bind,from=$B,src=a,dst=/t,rw,z"),
        ("mount", "type=cache,id=a,sharing=locked,target=/c,mode=0755,uid=1"),
        ("mount", "type=tmpfs,tmpfs-size=1m,target=/t"),
        ("mount", "type=secret,id=a"),
        ("mount", "type=ssh"),
        ("mount", "type=$KIND,a=b"),
        ("mount", "type=tmp,type=ssh"),
        ("network", "none"),
        ("other", "x"),
    ],
)
def test_what_buildah_takes_is_taken(name: str, value: str) -> None:
    assert flag_wrong(name, value, Hints()) == ("", "")
