"""What a stage may have come to, where it cannot be told what an instruction will bring.

A COPY from a stage whose RUN is carried out anew may bring the same files as last time, or others:
the result is one of those in the store, or a new one. Each is a world, and what follows is foreseen
in all of them. What comes out alike everywhere is certain all the same.

An equal instruction of a later build brings the same: it finds what this one found or made. So a
world says by what it differs from others, and so do the images that are made in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from pipeline.build.plan.cache_lookup import Foundation, Wanted, may_fit, search
from pipeline.engine.build_cache import CacheImage
from pipeline.engine.generation import Generation
from pipeline.lean_dataclasses import dataclass, replace
from pipeline.spec.containerfile.steps import ImageState

State = Literal["reuse", "rebuild", "unknown"]
Conditions = frozenset[tuple[object, str]]
_MADE = "made"
_MOST = 50
_TOO_MANY = "too many results in the store may be the one that it is built on"
_NONE = "no earlier result of it is in the store"
UNSURE = "what it is built on, or an equal build before it, is not certain"


@dataclass(frozen=True)
class World:
    """One way in which a stage may have gone so far.

    Attributes:
        foundation: the image so far; None on a base that does not exist yet.
        searching: whether everything so far was found.
        given: by what it differs from others: each instruction whose text is not known, and the
            image that it found, or `made`.
    """

    foundation: Foundation | None
    searching: bool
    given: Conditions = frozenset()

    def may_have(self, image: CacheImage) -> bool:
        """Whether an image may be there: nothing that it depends on is otherwise here."""
        here = dict(self.given)
        return all(here.get(choice, value) == value for choice, value in image.given)


@dataclass(frozen=True)
class Outcome:
    """What becomes of an instruction in one world.

    Attributes:
        after: the world behind it.
        texts: what Buildah would write into the history, any of them.
        below: what it stands on.
        found: the image that is taken, or None.
        reason: why the digest in its text is not known; empty when it is.
    """

    after: World
    texts: tuple[str, ...] = ()
    below: Foundation | None = None
    found: CacheImage | None = None
    reason: str = ""


def outcomes(
    world: World,
    wanted: Wanted,
    images: Sequence[CacheImage],
    generation: Generation,
    made: Callable[[Conditions], CacheImage],
) -> list[Outcome]:
    """What may become of an instruction in a world.

    Args:
        world: as it is before it.
        wanted: what is looked for.
        images: all of the store, and those that this run makes, in order.
        generation: of the Buildah that looks.
        made: makes the image that is not found, under conditions.
    """
    choice = wanted.below.top, wanted.below.history, tuple(wanted.texts)
    hits: list[CacheImage] = []
    again = False
    if world.searching:
        there = [image for image in images if world.may_have(image)]
        found = search(there, wanted, generation)
        if found is not None and found.given <= world.given:
            return [_taken(world, wanted, found)]
        hits = may_fit(there, wanted, generation)
        equal = [number for number, one in enumerate(hits) if one.history[-1].by in wanted.texts]
        if (
            wanted.unknown and equal
        ):  # What was there when the equal instruction was looked for, and it.
            hits = hits[: equal[0] + 1]
            again = hits[-1].given - {(choice, _MADE)} <= world.given
    known = [_taken(world, wanted, hit, choice) for hit in hits]
    if again:
        return known
    given = world.given | ({(choice, _MADE)} if hits else frozenset())
    after = World(Foundation.of(made(given)), False, given)
    return [*known, Outcome(after, tuple(wanted.texts), wanted.below, None, wanted.unknown)]


def _taken(world: World, wanted: Wanted, hit: CacheImage, choice: object = None) -> Outcome:
    given = world.given | hit.given
    if hit.history[-1].by not in wanted.texts:
        given |= {(choice, hit.id or hit.top)}
    after = World(Foundation.of(hit), True, given)
    return Outcome(after, tuple(wanted.texts), wanted.below, hit, wanted.unknown)


@dataclass
class Standing:
    """How far a stage came.

    Attributes:
        worlds: all that may be; nothing is in doubt where it is one.
        unknown: why nothing at all can be said from here on; empty as long as something can.
    """

    worlds: tuple[World, ...]
    unknown: str = ""

    @property
    def foundation(self) -> Foundation | None:
        """The image so far, where it is certain."""
        return self.worlds[0].foundation if len(self.worlds) == 1 and not self.unknown else None

    def again(self, *, searching: bool) -> Standing:
        """What a stage that goes on from this one begins with."""
        worlds = tuple(replace(one, searching=searching) for one in self.worlds)
        return Standing(worlds, self.unknown)

    def go_on(self, outcomes: Sequence[Outcome]) -> tuple[State, Outcome]:
        """Take a step in all worlds; what can be said of it, and what it is in one of them."""
        seen = {_key(one.after): one.after for one in outcomes}
        self.worlds = tuple(seen.values())
        if len(self.worlds) > _MOST:
            self.unknown = _TOO_MANY
        found = [one.found for one in outcomes if one.found is not None]
        if len(found) == len(outcomes):
            alike = all(one is found[0] for one in found)
            taken = found[0] if alike else replace(found[0], id="", names=())
            return "reuse", replace(outcomes[0], found=taken, reason="")
        if not found:
            one = outcomes[0]
            return "rebuild", replace(one, texts=(), reason=_NONE) if one.reason else one
        reason = next((one.reason for one in outcomes if one.reason), UNSURE)
        return "unknown", replace(outcomes[-1], texts=(), found=None, reason=reason)

    def settle(self, after: ImageState) -> None:
        """At the end of a stage: what an image that is to be made hands on to the next one."""
        self.worlds = tuple(_settled(self.worlds, after))


def _settled(worlds: Iterable[World], after: ImageState) -> Iterable[World]:
    env = [f"{name}={value}" for name, value in after.environment.items()]
    config = {"Env": env, "WorkingDir": after.workdir}
    for world in worlds:
        image = world.foundation.image if world.foundation else None
        if image is None or image.id:
            yield world
        else:
            yield replace(world, foundation=Foundation.of(replace(image, config=config)))


def _key(world: World) -> object:
    below = world.foundation
    return world.searching, world.given, below and (below.top, below.history, below.diff_ids)
