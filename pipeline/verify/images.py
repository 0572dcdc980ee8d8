"""An image is an immutable template, a stack of layers that are stored once."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.engine.inspected import HistoryEntry, InspectedImage
from pipeline.errors import CapasError
from pipeline.lean_re import lazy_pattern
from pipeline.verify.experiment import Experiment
from pipeline.verify.lab import Lab
from pipeline.verify.notebook import Inconclusive

_FILE = "/capas-experiment"
_CHANGES_FILES = frozenset({"ADD", "COPY", "RUN"})
_INSTRUCTION = lazy_pattern(r"#\(nop\)\s+([A-Z]+)\b")


def immutable(lab: Lab) -> None:
    """Write into a container of the image and look at the image."""
    before = _identity(lab, lab.subject.image)
    lab.do(f"write {_FILE} in a running container of {lab.subject.image}")
    container = lab.run()
    lab.write(container, _FILE, "changed")
    after = _identity(lab, lab.subject.image)
    lab.see("the image's id and layers", expected=before, found=after)
    fresh = lab.create()
    lab.see("the file in a new container of it", expected="absent", found=lab.read(fresh, _FILE))


def new_version(lab: Lab) -> None:
    """Build a version with one more file and compare both images."""
    before = _identity(lab, lab.subject.image)
    below = _layers(lab, lab.subject.image)
    lab.do(f"build a version with one more COPY on top of {lab.subject.image}")
    version = lab.build({"new": "new"})
    same = _image(lab, version).id == _image(lab, lab.subject.image).id
    image = "the same image" if same else "another image"
    lab.see("the new version", expected="another image", found=image)
    above = _layers(lab, version)
    kept = "all layers of the old one" if above[: len(below)] == below else "other layers"
    lab.see("what it stands on", expected="all layers of the old one", found=kept)
    lab.see("layers on top of them", expected=1, found=len(above) - len(below))
    lab.do("delete it")
    lab.api.remove_image(version)
    lab.see("the old version", expected=before, found=_identity(lab, lab.subject.image))


def instructions(lab: Lab) -> None:
    """Compare the history of each version with its layers."""
    for reference in (lab.subject.image, *lab.subject.older):
        image = _image(lab, reference)
        made = [entry for entry in image.history if not entry.empty]
        lab.see(
            f"layers of {reference}, by its history and in its stack",
            expected=len(made),
            found=len(image.layers),
        )
        wrong = {instruction(entry) for entry in made} - _CHANGES_FILES
        lab.see(
            "instructions that made a layer without changing files",
            expected="none",
            found=", ".join(sorted(wrong)) or "none",
        )


def stored_once(lab: Lab) -> None:
    """Look where the store keeps the layers that two versions share."""
    if lab.subject.older:
        other = lab.subject.older[0]
    else:
        lab.do("make a second version, as the spec has only one")
        other = lab.build({"new": "new"})
    pairs = zip(_layers(lab, lab.subject.image), _layers(lab, other), strict=False)
    shared = 0
    for one, two in pairs:
        if one != two:
            break
        shared += 1
    lab.do(f"compare {lab.subject.image} with {other}")
    if not shared:
        raise Inconclusive("the two versions have no layer in common")
    folders = [_folders(lab, reference)[:shared] for reference in (lab.subject.image, other)]
    same = sum(one == two for one, two in zip(*folders, strict=True))
    lab.see("equal layers that lie in one and the same folder", expected=shared, found=same)


def downloaded_once(lab: Lab) -> None:
    """Download a version from a place that has only the layer that is missing here."""
    lab.do(f"build a version with one more COPY on top of {lab.subject.image}")
    version = lab.build({"new": "new"})
    before = _identity(lab, version)
    with lab.empty_place() as place:
        lab.do("copy it into an empty folder (OCI image layout), and delete it here")
        lab.copy_out(version, place)
        lab.api.remove_image(version)
        taken = lab.keep_only_the_last_layer(place)
        lab.do(f"take the {taken} layers out of the folder that {lab.subject.image} has here too")
        lab.do("download the version from there")
        lab.see("the version", expected="there", found=lab.copy_in(place, version))
    lab.see("its id and layers", expected=before, found=_identity(lab, version))


def rebuilt(lab: Lab) -> None:
    """Build four times and see which layers are new."""
    lab.do("build an image with two COPYs on top of the subject")
    first = _folders(lab, lab.build({"one": "1", "two": "2"}))
    lab.do("build it again without a change")
    again = _folders(lab, lab.build({"one": "1", "two": "2"}))
    lab.see("new layers", expected=0, found=_new(again, first))
    lab.do("change the input of the second COPY and build")
    second = _folders(lab, lab.build({"one": "1", "two": "changed"}))
    lab.see("new layers", expected=1, found=_new(second, first))
    lab.do("change the input of the first COPY only and build")
    both = _folders(lab, lab.build({"one": "changed", "two": "2"}))
    lab.see("new layers: its own and the one above", expected=2, found=_new(both, first))


def instruction(entry: HistoryEntry) -> str:
    """The instruction that a history entry tells of; a shell command was a RUN."""
    match = _INSTRUCTION.search(entry.created_by)
    return match[1] if match else "RUN"


def _new(folders: Sequence[str], before: Sequence[str]) -> int:
    return len(set(folders) - set(before))


def _image(lab: Lab, reference: str) -> InspectedImage:
    image = lab.api.image(reference)
    if image is None:
        raise CapasError(f"the image {reference} is gone")
    return image


def _layers(lab: Lab, reference: str) -> list[str]:
    return list(_image(lab, reference).layers)


def _identity(lab: Lab, reference: str) -> str:
    image = _image(lab, reference)
    return f"{image.id[:12]} of {len(image.layers)} layers"


def _folders(lab: Lab, reference: str) -> list[str]:
    """Where the store keeps each layer of an image, the lowest first."""
    image = _image(lab, reference)
    data = image.folders
    if "UpperDir" not in data:
        raise Inconclusive(
            f"the storage driver {image.driver} does not keep layers but copies of the whole"
        )
    lower = data.get("LowerDir", "")
    return [*reversed(lower.split(":") if lower else []), data["UpperDir"]]


EXPERIMENTS = (
    Experiment(
        "immutable",
        "An image does not change",
        "An image is an immutable template: it is never modified.",
        immutable,
    ),
    Experiment(
        "new-version",
        "A new version",
        "A new version is a new image.",
        new_version,
    ),
    Experiment(
        "instructions",
        "Instructions and layers",
        "An instruction creates a layer only if it changes files; the others are configuration.",
        instructions,
    ),
    Experiment(
        "stored-once",
        "Layers are shared",
        "Equal layers are stored once.",
        stored_once,
    ),
    Experiment(
        "downloaded-once",
        "Layers travel once",
        "Equal layers are downloaded once.",
        downloaded_once,
    ),
    Experiment(
        "rebuilt",
        "What is built again",
        "A layer is rebuilt only if its instruction, its input files, or a layer below it changed.",
        rebuilt,
    ),
)
