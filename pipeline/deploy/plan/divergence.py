"""Why a container is not what the spec wants any more (pure)."""

from __future__ import annotations

from pipeline.deploy.observe.snapshot import Container
from pipeline.deploy.plan.container_body import ContainerBlueprint
from pipeline.engine import labels


def why_replaced(old: Container, blueprint: ContainerBlueprint) -> str:
    """The cause in words: another version, the image built anew, or which settings changed."""
    version = blueprint.desired.version
    if old.version != version:
        return f"{blueprint.desired.service.image} {old.version or '?'} → {version or '?'}"
    had = _parts(old.labels.get(labels.PARTS, ""))
    wants = _parts(blueprint.part_digests)
    if had.get("image") != wants["image"]:
        what = "was rebuilt" if blueprint.desired.service.built_here else "is another image now"
        return f"{blueprint.desired.reference} {what}"
    changed = sorted(name for name in {*had, *wants} if had.get(name) != wants.get(name))
    return f"{', '.join(changed) or 'configuration'} changed"


def _parts(label: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in label.split(",") if "=" in part)
