"""A small store, and what is foreseen on it, for the tests of Buildah's cache search."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.build.context.digests import Digests
from pipeline.build.context.inputs import read_inputs
from pipeline.build.go_tar.image_files import ImageFiles
from pipeline.build.plan.forecast import Forecast, Forecaster
from pipeline.engine.build_cache import CacheImage, Past
from pipeline.engine.generation import GENERATIONS, Generation
from pipeline.spec.containerfile import parse
from pipeline.spec.model import Version

STAMP = "1970-01-01T00:00:00Z"
NOP = "/bin/sh -c #(nop) "
LABEL = parse('FROM scratch\nLABEL "x"="y"\n', Path("C")).stages[0].instructions[0]


def image(name: str, *history: Past, layers: tuple[str, ...], **config: object) -> CacheImage:
    """One with this history and these layers, the lowest first."""
    return CacheImage(
        id=name,
        names=(),
        digest="",
        top=layers[-1] if layers else "",
        below=layers[-2] if len(layers) > 1 else "",
        layers=(),
        diff_ids=layers,
        history=history,
        config=config,
    )


BASE = image("base", Past("base", STAMP), layers=("l1",), Env=["HOME=/h"])
RUN = image("run", *BASE.history, Past("/bin/sh -c make", STAMP), layers=("l1", "l2"))
ENV = image("env", *RUN.history, Past(f"{NOP}ENV A=1", STAMP, empty=True), layers=("l1", "l2"))
STORE = [BASE, RUN, ENV]


def forecasts(
    tmp_path: Path,
    text: str,
    images: list[CacheImage],
    generation: Generation = GENERATIONS[0],
    contents: dict[str, Callable[[], ImageFiles]] | None = None,
    **args: str,
) -> tuple[Forecast, ...]:
    """What is foreseen for a Containerfile in `tmp_path`; images that it makes are added."""
    (tmp_path / "Containerfile").write_text(text)
    version = Version("web", "1", tmp_path, tmp_path / "Containerfile", args=args)
    inputs = read_inputs(version, Digests(None))

    def no_files(_image: CacheImage) -> ImageFiles:
        return ImageFiles({})

    bases: dict[str, CacheImage | None] = {"localhost/base:1": BASE}
    known = {} if contents is None else contents
    forecaster = Forecaster(
        inputs, images, bases, LABEL, STAMP, no_files, known, generation=generation
    )
    return forecaster.all()


def states(forecasts: tuple[Forecast, ...]) -> list[str]:
    """Of each instruction."""
    return [one.state for one in forecasts]
