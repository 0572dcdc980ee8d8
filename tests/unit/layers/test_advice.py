from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engine.tar_split import LayerFile
from pipeline.layers.advice import advise, new_bytes
from pipeline.layers.blueprint import AnnotatedContainerfile, AnnotatedLine
from pipeline.spec.model import Version
from tests.unit.layers.builders import file, folder


def size_of(files: Sequence[LayerFile]) -> int:
    return 1024 + sum(512 + f.size + (-f.size % 512) for f in files)


def copy(source: str, target: str, *files: LayerFile) -> AnnotatedLine:
    text = f"COPY {source} {target}"
    return AnnotatedLine(
        "COPY", text, f"{text}\n", files, size_of(files), source, target if target != "." else "/"
    )


def run(text: str, *files: LayerFile) -> AnnotatedLine:
    return AnnotatedLine("RUN", f"RUN {text}", f"RUN {text}\n", files, size_of(files))


def config(keyword: str, text: str) -> AnnotatedLine:
    return AnnotatedLine(keyword, f"{keyword} {text}", f"{keyword} {text}\n")


def versions(*layouts: Sequence[AnnotatedLine]) -> list[AnnotatedContainerfile]:
    return [
        AnnotatedContainerfile(
            f"a:{n}",
            Version("a", str(n), Path("/c"), Path("/c/Containerfile")),
            "FROM base\n",
            tuple(lines),
            "",
            ("sha256:base",),
        )
        for n, lines in enumerate(layouts)
    ]


BIG = file("app/big", "b" * 50_000)


def app(content: str) -> AnnotatedLine:
    return copy("main.py", "/app/", file("app/main.py", content * 3))


def big() -> AnnotatedLine:
    return copy("big", "/app/", BIG)


def test_what_changes_rarely_moves_below_what_changes_often() -> None:
    proposal = advise("a", versions([app("1"), big()], [app("2"), big()]))
    assert proposal is not None
    assert proposal.texts == ("FROM base\nCOPY big /app/\nCOPY main.py /app/\n",) * 2
    assert proposal.certain
    assert proposal.saving == big().size
    assert "-COPY big /app/\n" in proposal.diff
    assert "+COPY big /app/\n" in proposal.diff


def test_the_best_order_gets_no_advice() -> None:
    assert advise("a", versions([big(), app("1")], [big(), app("2")])) is None


def test_a_version_alone_gets_no_advice() -> None:
    assert advise("a", versions([app("1"), big()])) is None


def test_the_history_of_pytweets_gets_no_advice() -> None:
    """Its later files come later: another order would have shared less when they came."""
    small = copy("miclase.py", "/app", file("app/miclase.py", "c" * 900))
    store = copy("almacen.py", "/app", file("app/almacen.py", "s" * 4000))
    main = [copy("main.py", "/app", file("app/main.py", x * 14_000)) for x in "12"]
    layouts = ([main[0]], [main[0], small], [main[1], small, store])
    assert advise("a", versions(*layouts)) is None


def test_a_file_that_a_later_copy_covers_stays_below_it() -> None:
    often = copy("src", "/app/", file("app/big", "1"))
    again = copy("src", "/app/", file("app/big", "2"))
    assert advise("a", versions([often, big()], [again, big()])) is None


def test_what_was_copied_through_a_link_stays_above_the_link() -> None:
    """`/bin/big` came to lie in `usr/bin`, because below it `bin` is a link."""
    link = replace(file("bin", "usr/bin"), kind="symlink", size=0)
    through = copy("big", "/bin/big", file("usr/bin/big", "b" * 50_000))
    roots = [copy("root.tar", "/", link, file("etc/version", x)) for x in "12"]
    layouts = [[replace(root, keyword="ADD"), through] for root in roots]
    assert advise("a", versions(*layouts)) is None


def test_configuration_that_instructions_depend_on_is_never_crossed() -> None:
    env = config("ENV", "A=b")
    assert advise("a", versions([app("1"), env, big()], [app("2"), env, big()])) is None
    label = config("LABEL", "A=b")
    assert advise("a", versions([app("1"), label, big()], [app("2"), label, big()])) is not None


def test_a_run_that_names_what_was_copied_stays_where_it_is() -> None:
    tool = run("install /app/main.py", file("usr/tool", "t" * 90_000))
    assert advise("a", versions([app("1"), tool], [app("2"), tool])) is None


def test_a_run_that_might_not_need_what_was_copied_has_to_be_tried() -> None:
    tool = run("apt-get install -y tool", file("usr/tool", "t" * 90_000))
    layouts = versions([app("1"), tool], [app("2"), tool])
    proposal = advise("a", layouts)
    assert proposal is not None
    assert not proposal.certain
    assert advise("a", layouts, certain_only=True) is None


@pytest.mark.parametrize(
    ("text", "path", "advised"),
    [
        ("date", "etc/date", True),
        ("date", "app/big", False),
        ("date", "app/big/below", False),
        ("grep big", "etc/date", False),
        ("grep /app", "etc/date", False),
    ],
)
def test_a_copy_moves_below_a_run_that_neither_touches_nor_names_it(
    text: str, path: str, *, advised: bool
) -> None:
    layouts = [[run(text, file(path, content)), big()] for content in "12"]
    proposal = advise("a", versions(*layouts))
    assert (proposal is not None) is advised
    if proposal is not None:
        assert not proposal.certain
        assert proposal.saving == big().size


@pytest.mark.parametrize("path", ["app/main.py", "app/main.py/below", "app"])
def test_a_run_that_writes_where_something_was_copied_stays_where_it_is(path: str) -> None:
    tool = run("apt-get install -y tool", file(path, "t" * 90_000))
    assert advise("a", versions([app("1"), tool], [app("2"), tool])) is None


def test_two_runs_never_change_their_order() -> None:
    tool = run("apt-get install -y tool", file("usr/tool", "t" * 90_000))
    often = [run("date", file("etc/date", content)) for content in "12"]
    assert advise("a", versions(*([one, tool] for one in often))) is None


def whole(content: str) -> AnnotatedLine:
    return copy(
        ".",
        "/app",
        folder("app"),
        file("app/main.py", content),
        file("app/setup.cfg", "s"),
        folder("app/lib"),
        file("app/lib/big", "b" * 50_000),
    )


def test_a_folder_is_split_into_what_stayed_equal_and_what_did_not() -> None:
    proposal = advise("a", versions([whole("1")], [whole("2")]))
    assert proposal is not None
    assert proposal.names_files
    assert proposal.texts[0] == (
        "FROM base\nCOPY setup.cfg /app/\nCOPY lib /app/lib\nCOPY main.py /app/\n"
    )


def test_names_that_need_quotes_are_not_split() -> None:
    odd = file("app/with space", "b" * 50_000)
    layouts = (
        [copy(".", "/app", file("app/main.py", "1"), odd)],
        [copy(".", "/app", file("app/main.py", "2"), odd)],
    )
    assert advise("a", versions(*layouts)) is None


def test_another_base_makes_all_new_whatever_the_order() -> None:
    one, two = versions([app("1"), big()], [app("2"), big()])
    other = AnnotatedContainerfile(
        two.name, two.version, two.head, two.lines, two.tail, ("sha256:other",)
    )
    assert advise("a", [one, other]) is None
    assert new_bytes([one, other], [one.lines, other.lines]) == sum(x.size for x in other.lines)


pieces = st.lists(
    st.builds(
        lambda name, content: copy(name, "/app/", file(f"app/{name}", content * 9000)),
        st.sampled_from("abcd"),
        st.sampled_from("xyz"),
    ),
    max_size=4,
    unique_by=lambda line: line.text,
)


@given(st.lists(pieces, min_size=2, max_size=4))
def test_a_proposal_never_costs_more_and_never_loses_an_instruction(
    layouts: list[list[AnnotatedLine]],
) -> None:
    blueprints = versions(*layouts)
    proposal = advise("a", blueprints)
    if proposal is not None:
        assert (
            proposal.after < proposal.before == new_bytes(blueprints, [b.lines for b in blueprints])
        )
        for blueprint, text in zip(blueprints, proposal.texts, strict=True):
            original = blueprint.text(blueprint.lines)
            assert sorted(text.splitlines()) == sorted(original.splitlines())


def test_a_diff_is_of_the_newest_version_and_ends_its_last_line() -> None:
    """Also where the file does not."""
    blueprints = versions([app("1"), big()], [app("2"), big()])
    proposal = advise("a", [blueprints[0], replace(blueprints[1], tail="# end")])
    assert proposal is not None
    assert proposal.diff == (
        "--- a:1/Containerfile\n+++ a:1/Containerfile\n@@ -1,4 +1,4 @@\n FROM base\n"
        "+COPY big /app/\n COPY main.py /app/\n-COPY big /app/\n # end\n"
    )


@pytest.mark.parametrize(("saving", "advised"), [(4095, False), (4096, True)])
def test_less_than_a_block_of_a_disk_is_no_advice(saving: int, *, advised: bool) -> None:
    layouts = [[app(x), replace(big(), size=saving)] for x in "12"]
    assert (advise("a", versions(*layouts)) is not None) is advised


def test_what_makes_no_layer_is_shared_by_all_and_no_place_to_go_to() -> None:
    one, two = (config("LABEL", f"A={x}") for x in "12")
    assert new_bytes(versions([big()], [two, big()]), [(big(),), (two, big())]) == 0
    assert new_bytes(versions([one, big()], [big()]), [(one, big()), (big(),)]) == 0
    proposal = advise("a", versions(*([one, app(x), two, big()] for x in "12")))
    assert proposal is not None
    assert proposal.texts[0] == (
        "FROM base\nLABEL A=1\nCOPY big /app/\nCOPY main.py /app/\nLABEL A=2\n"
    )
    assert proposal.certain, "no RUN is crossed"
