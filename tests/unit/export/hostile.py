"""Pipelines whose every text may hold any character, for the readers of what is exported."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from pipeline.spec.model import (
    Healthcheck,
    Image,
    Mount,
    Network,
    Pipeline,
    Service,
    Version,
    Volume,
)

FOLDER = Path("/p")
_ODD = "\x01\t\n\x0b\r\x1b\x1f\x7f\x80\x85\x9b\xa0\xad\u200b\u200e\u202e\u2028\u2029\u2066\ufeff"
_SIGNS = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_LETTERS = st.sampled_from("ahnux019AÄé語😀\U000e0001")
_CHARACTERLESS = "".join(chr(n) for n in range(0xFFFE, 0x110000) if n & 0xFFFE == 0xFFFE) + "".join(
    map(chr, range(0xFDD0, 0xFDF0))
)
"""Code points that are no characters: systemd takes no line with one, so Quadlet's are refused."""
CHARACTERS = st.one_of(
    st.sampled_from(_SIGNS),
    st.sampled_from(_ODD),
    _LETTERS,
    st.characters(codec="utf-8", exclude_characters="\0" + _CHARACTERLESS),
)
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=12),
    st.sampled_from(
        [
            "", ";", "-x", "--", "1e3", "0o17", "0x1f", "1_000", "~", "null", "yes", "1:30", "=",
            "<<", "${HOME}", "$$", "$(HOME)", "$$(HOME)", "%h", "%%", "a b", " a ", "\\", "a\\",
            "\\n", "a\n[Service]\nExecStartPre=/bin/touch x", "]\nx: y", "- a", "a: b", "a #b",
            "{{x}}", "\x1b[31m", "\x1b]0;t\x07", "::error::x", "2001-01-01", ".5", "+1",
            "\\x41", "\\u0041",
        ]
    ),
)  # fmt: skip
"""Any text that an argument or a variable can hold."""

_NO_CONTROLS = st.one_of(
    st.sampled_from(_SIGNS),
    _LETTERS,
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=_CHARACTERLESS),
)
PATHS = st.text(_NO_CONTROLS, min_size=1, max_size=10).map(lambda t: f"/{t.replace('/', '')}x")
"""Absolute paths as `validate` lets them pass: without control characters."""

_LABELS = st.text(_NO_CONTROLS, min_size=1, max_size=6).map(
    lambda t: "k" + "".join(c for c in t if c != "=" and not c.isspace())
)
_MAPS = st.dictionaries(_LABELS, TEXTS, max_size=2)
_WORDS = st.lists(TEXTS, min_size=1, max_size=5).map(tuple)


@st.composite
def services(draw: st.DrawFn, name: str) -> Service:
    """A service with odd values in all its texts."""
    return Service(
        name,
        "app",
        built_here=True,
        command=draw(_WORDS),
        entrypoint=draw(st.none() | _WORDS),
        environment=draw(st.dictionaries(st.sampled_from(["A", "B.c-d"]), TEXTS, max_size=2)),
        mounts=(
            Mount("bind", draw(PATHS), "/m1" + draw(PATHS), draw(st.booleans())),
            Mount("volume", "data", "/m2" + draw(PATHS), draw(st.booleans())),
            Mount("tmpfs", None, "/m3" + draw(PATHS), draw(st.booleans()), size=4096),
        ),
        healthcheck=Healthcheck(test=draw(_WORDS)),
        labels=draw(_MAPS),
    )


@st.composite
def pipelines(draw: st.DrawFn, count: int = 1) -> Pipeline:
    """A pipeline of such services."""
    version = Version("app", "1", FOLDER, FOLDER / "Containerfile")
    return Pipeline(
        "shop",
        FOLDER / "specs" / "shop.toml",
        FOLDER,
        images={"app": Image("app", {"1": version})},
        services={f"s{n}": draw(services(f"s{n}")) for n in range(count)},
        volumes={"data": Volume("data", "shop_data", labels=draw(_MAPS))},
        networks={"default": Network("default", "shop_default", labels=draw(_MAPS))},
    )
