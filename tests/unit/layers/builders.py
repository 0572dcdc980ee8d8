"""Images made of words, for tests of what is computed from them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.engine.storage import Blob, HistoryEntry, LayeredImage, StoredLayer
from pipeline.engine.tar_split import LayerFile
from pipeline.layers.chain import chain_ids
from pipeline.layers.family import Family, Named, family_of


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def file(path: str, content: str = "x", *, mode: int = 0o644, mtime: str = "0") -> LayerFile:
    return LayerFile(path, "file", len(content), mode, 0, 0, sha(content)[:16], mtime)


def gone(path: str) -> LayerFile:
    return LayerFile(path, "whiteout", 0, 0, 0, 0, "", "0")


def opaque(path: str) -> LayerFile:
    return LayerFile(path, "opaque", 0, 0, 0, 0, "", "0")


def folder(path: str) -> LayerFile:
    return LayerFile(path, "directory", 0, 0o755, 0, 0, "", "0")


@dataclass
class World:
    """A store that is made up: layers with their files."""

    files: dict[str, tuple[LayerFile, ...]] = field(default_factory=dict)

    def image(
        self,
        name: str,
        *steps: tuple[str, Sequence[LayerFile] | None],
        base: LayeredImage | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> LayeredImage:
        history = list(base.history if base else ())
        diff_ids = list(base.diff_ids if base else ())
        contents = [self.files[layer.id] for layer in base.layers] if base else []
        for number, (created_by, files) in enumerate(steps):
            comment = f"FROM {base.names[0]}" if base and number == 0 else ""
            history.append(HistoryEntry(created_by, comment, files is None))
            if files is not None:
                diff_ids.append(f"sha256:{sha(repr(sorted(files, key=lambda f: f.path)))}")
                contents.append(tuple(files))
        layers = tuple(
            self._layer(chain, diff_id, files)
            for chain, diff_id, files in zip(chain_ids(diff_ids), diff_ids, contents, strict=True)
        )
        return LayeredImage(
            id=sha(repr((history, diff_ids, config))),
            names=(name,),
            digest=f"sha256:{sha(name)}",
            created="1970-01-01T00:00:00Z",
            history=tuple(history),
            layers=layers,
            config=config or {},
        )

    def _layer(self, chain: str, diff_id: str, files: tuple[LayerFile, ...]) -> StoredLayer:
        layer_id = chain.removeprefix("sha256:")
        self.files[layer_id] = files
        size = 1024 + sum(512 + f.size + (-f.size % 512) for f in files)
        return StoredLayer(layer_id, diff_id, size, None, Path(layer_id), Path(layer_id))

    def lists(self, layer: StoredLayer) -> tuple[LayerFile, ...]:
        return self.files[layer.id]

    def digests(self, layer: StoredLayer, path: str) -> str | None:
        found = next(f for f in self.files[layer.id] if f.path == path)
        return f"{found.content:0<64}"

    def family(self, *images: LayeredImage, driver: str = "overlay") -> Family:
        blobs = {
            layer.diff_id: Blob(f"sha256:{sha(layer.diff_id)}", layer.size // 2, "measured")
            for image in images
            for layer in image.layers
        }
        named = [
            Named(i.names[0].removeprefix("localhost/"), i.names[0].rpartition(":")[0], i)
            for i in images
        ]
        return family_of(
            named,
            driver=driver,
            blobs=blobs,
            disk={layer.id: layer.size - 1024 for image in images for layer in image.layers},
            lists=self.lists,
            digests=self.digests,
        )
