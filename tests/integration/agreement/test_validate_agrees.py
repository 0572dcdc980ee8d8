"""What `validate` takes is built and runs, what it refuses the engine refuses: both are counted.

`CAPAS_AGREE_CASES=400 CAPAS_AGREE_SEED=7` tries more of them; `CAPAS_AGREE_FIRST` begins later.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.engine import command
from tests.integration.agreement.making import Case, case
from tests.integration.conftest import Capas

pytestmark = pytest.mark.integration

MACHINE = re.compile(
    # What is of the image, of the account, of a port's holder: nothing that a spec says of itself.
    r"unable to find (user|group)|no matching entries in (passwd|group)|user: unknown"
    r"|failed to exec pid1|executable file|: not found|no such file or directory.*exec"
    r"|address already in use"
    r"|(uid|gid|subuid|id).*(not|un)mapped|invalid argument.*setup user|cannot assign requested"
)
PROGRAM = re.compile(r"(command|healthcheck|\W*(RUN|CMD|ENTRYPOINT|SHELL|HEALTHCHECK)\b)", re.I)
"""Odd values that are a program's own words: what it ends with is its own affair."""
ENDED = re.compile(r"probe: |while running runtime|exit status|is not healthy")
OWN = (
    # What Podman takes and a spec does not, with a reason: the odd value, and the rules.
    ("", "CAP104"),  # a volume is described, so that a slip makes no new one
    ("", "CAP121"),  # a project holds all that it needs
    ("", "CAP114"),  # of two mounts at one place one is hidden
    ("environment{}", "CAP007"),  # names that no shell and no systemd has
    ("service", "CAP007"),  # it is a name on a network, too
    ("arg =", "CAP007"),  # names that no ARG can have: Buildah passes over such a value
    ("target", "CAP006"),  # an empty one is none, and nobody means that
    ("labels{}", "CAP007"),  # keys that no filter finds
)


@dataclass
class Trial:
    """Looks at one case after the other."""

    capas: Capas
    environment: Mapping[str, str]
    base: str
    counts: Counter[str] = field(default_factory=Counter)

    def look(self, made: Case, folder: Path) -> str:
        """What is wrong with it; empty when nothing is."""
        spec = made.write(folder, self.base)
        found = self.capas("validate", "--format", "json", cwd=folder, check=False)
        assert found.returncode in (0, 2), (made.odd, found.stderr)
        findings = json.loads(found.stdout)["findings"]
        errors = [one for one in findings if one["severity"] == "error"]
        assert bool(errors) == (found.returncode == 2)
        if errors:
            return self._refused(made, spec, errors)
        try:
            tasks = ["build"] if made.containerfile is not None else []
            for task in (*tasks, *(["deploy"] if made.runs else [])):
                done = self.capas(task, cwd=folder, check=False)
                assert "Traceback" not in done.stderr
                if done.returncode == 4 or (done.returncode and MACHINE.search(done.stderr)):
                    return self._counted("taken, and this machine or image cannot")
                if done.returncode and any(one["rule"] == "CAP205" for one in findings):
                    return self._counted("taken, and said to be too new for some Buildah")
                if done.returncode and PROGRAM.match(made.odd) and ENDED.search(done.stderr):
                    return self._counted("taken, and the program fails")
                if done.returncode:
                    self._counted("TAKEN, AND NOT DONE")
                    said = "\n".join(done.stderr.splitlines()[-12:])
                    return f"validate takes it, and {task} ends with {done.returncode}:\n{said}"
        finally:
            if made.runs:
                self.capas("down", cwd=folder, check=False)
        return self._counted("taken, and done")

    def _refused(self, made: Case, spec: Path, errors: Sequence[Mapping[str, str]]) -> str:
        rules = {one["rule"] for one in errors}
        if rules <= {rule for start, rule in OWN if made.odd.startswith(start)}:
            return self._counted("refused by a rule of ours")
        argv = self._engine(made, spec.parent.parent)
        if not argv or "\0" in "".join(argv):  # no command line has a NUL
            return self._counted("refused, and nobody to ask")
        done = command.run(
            argv, environment=self.environment, cwd=spec.parent, check=False, timeout=100
        )
        if made.builds and made.runs and done.returncode == 0:  # what it made may be of no use
            argv = ["podman", "create", "localhost/agreed", "true"]
            done = command.run(argv, environment=self.environment, check=False)
        if argv[1] == "create" and done.returncode == 0:
            command.run(["podman", "rm", done.stdout.strip()], environment=self.environment)
        if done.returncode:
            return self._counted("refused by both")
        self._counted("REFUSED, AND THE ENGINE TAKES IT")
        told = "\n".join(f"{one['rule']}: {one['message']}" for one in errors)
        return f"validate refuses it, and the engine takes it: {argv}\n{told}"

    def _engine(self, made: Case, folder: Path) -> list[str]:
        if made.builds:
            more = [made.buildah] if made.buildah else []
            context = str(folder / "context")
            return ["buildah", "build", "--layers", "--tag=localhost/agreed", *more, context]
        if made.podman is None:
            return []
        if made.podman[0] in ("volume", "network"):
            return ["podman", *made.podman]
        return ["podman", *made.podman, self.base, "true"]

    def _counted(self, what: str) -> str:
        self.counts[what] += 1
        return ""


def test_both_ways(
    tmp_path: Path, capas: Capas, environment: Mapping[str, str], small_base: str
) -> None:
    count = int(os.environ.get("CAPAS_AGREE_CASES", "15"))
    seed = int(os.environ.get("CAPAS_AGREE_SEED", "1"))
    first = int(os.environ.get("CAPAS_AGREE_FIRST", "0"))
    trial = Trial(capas, environment, small_base)
    wrong = []
    for number in range(first, first + count):
        made = case(number, seed)
        if told := trial.look(made, tmp_path / str(number)):
            wrong.append(f"case {number} of seed {seed}: {made.odd}\n{told}")
            sys.stdout.write(f"{wrong[-1]}\n\n")
            sys.stdout.flush()
    sys.stdout.write(f"{dict(trial.counts)}\n")
    assert not wrong, "\n\n".join(wrong)
