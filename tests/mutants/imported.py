"""A plugin of pytest (`-p`): one module is imported with the change that `CAPAS_MUTANT` names."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from tests.mutants.operators import mutated

path, _, number = os.environ["CAPAS_MUTANT"].rpartition(":")
room, _, name = path.removesuffix(".py").replace("/", ".").rpartition(".")
spec = spec_from_file_location(f"{room}.{name}", Path(path).absolute())
assert spec is not None
module = sys.modules[spec.name] = module_from_spec(spec)
code = compile(mutated(Path(path).read_text(), int(number)), str(spec.origin), "exec")
exec(code, module.__dict__)
setattr(importlib.import_module(room), name, module)
