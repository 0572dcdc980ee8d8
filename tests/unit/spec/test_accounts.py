from __future__ import annotations

import pytest

from pipeline.spec.accounts import capability, check_user
from pipeline.spec.problem import BadForm


@pytest.mark.parametrize(
    "text", ["0", "1000:1000", "1000:", ":50", "www-data", "www-data:staff", "+5", "007", "_x.y$"]
)
def test_a_user_that_podman_takes_stays_as_it_is(text: str) -> None:
    assert check_user(text) == text


@pytest.mark.parametrize(
    "text", ["-1", "1000:-1", "2147483647", "9" * 30, "a b", "1:2:3", ":", "", "x\ny", "-x", "a/b"]
)
def test_a_user_that_podman_refuses_is_an_error(text: str) -> None:
    with pytest.raises(BadForm, match="is not a user"):
        check_user(text)


@pytest.mark.parametrize("text", ["NET_ADMIN", "CAP_NET_ADMIN", "net_admin", "cap_net_admin"])
def test_a_capability_has_one_name(text: str) -> None:
    assert capability(text) == "CAP_NET_ADMIN"


@pytest.mark.parametrize("text", ["NET_ADMN", "ALL", "all", "CAP_ALL", ""])
def test_what_is_not_a_capability_is_an_error(text: str) -> None:
    with pytest.raises(BadForm, match="capability"):
        capability(text)
