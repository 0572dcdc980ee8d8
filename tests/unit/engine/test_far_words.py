"""A command for another machine reaches its programs word by word, through the shell there."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engine.remote_host import session_argv

WORDS = st.lists(
    st.text(
        st.one_of(
            st.sampled_from(" !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\n\t\x01\x1b\x7f\x85\u202e"),
            st.characters(codec="utf-8", exclude_characters="\0"),
        ),
        max_size=8,
    ),
    max_size=5,
)


@given(WORDS)
@settings(deadline=None, max_examples=60)
def test_a_shell_there_gets_the_same_words(words: Sequence[str]) -> None:
    argv = session_argv(Path("/run/ssh"), "ssh://there", ["printf", "%s\\0", *words])
    assert argv[-3:-1] == ["--", "ssh://there"]
    told = subprocess.run(["sh", "-c", argv[-1]], capture_output=True, check=True).stdout
    assert told.decode().split("\0")[:-1] == list(words or [""])


@pytest.mark.parametrize("login", ["-oProxyCommand=touch /tmp/x", "--"])
def test_a_login_is_no_option(login: str) -> None:
    argv = session_argv(Path("/run/ssh"), login, ["true"])
    assert argv.index("--") == argv.index(login, argv.index("--") + 1) - 1
