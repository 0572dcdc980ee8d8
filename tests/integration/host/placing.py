"""Run by `buildah unshare`: files of settings in random places, and where the store is then.

Here we may lay files where only an administrator can: an empty /etc/containers and
/usr/share/containers are mounted over the real ones, for this process and its children. The user is
`daemon`, who has a home of its own and no subordinate ids.

Prints one line of JSON per round: what Podman, Buildah and capas say.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import tomli

CHECKOUT = Path(__file__).parents[3]
USER = 1
_SYSTEM = (Path("/etc/containers"), Path("/usr/share/containers"))
_MINE = """
import json, os
from pipeline.engine.store_paths import find_store
from pipeline.host.observe import observe_basics
from pipeline.host.profile import effective_profile
environment = effective_profile(os.environ).environment
place = find_store(environment)
print(json.dumps([observe_basics(os.environ).storage.graphroot, str(place.roots[0]), place.driver]))
"""


def main(seed: int, rounds: int) -> None:
    """Throw files into the places, and ask."""
    for folder in (*_SYSTEM, Path("/dev/shm")):  # Podman's locks are there, by the user's number
        mount = ["mount", "-t", "tmpfs", "-o", "mode=1777", "none", str(folder)]
        subprocess.run(mount, check=True)
    chance = random.Random(seed)
    home = Path(tempfile.mkdtemp(prefix="capas-placing-", dir="/var/tmp"))
    try:
        copy_code(home / "code")
        for number in range(rounds):
            own = home / str(number)
            laid = lay(chance, own)
            subprocess.run(["chown", "-R", f"{USER}:{USER}", str(home)], check=True)
            sys.stdout.write(json.dumps({"laid": laid, **ask(chance, own)}) + "\n")
            for folder in _SYSTEM:
                for entry in folder.iterdir():
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    finally:
        shutil.rmtree(home)


def copy_code(folder: Path) -> None:
    """Copy what the user runs of us: a checkout may be closed to others."""
    shutil.copytree(CHECKOUT / "pipeline", folder / "pipeline")
    packages = Path(tomli.__file__).parents[1]
    shutil.copytree(packages / "tomli", folder / "tomli")
    for compiled in packages.glob("*__mypyc*.so"):
        shutil.copy(compiled, folder)


def lay(chance: random.Random, home: Path) -> dict[str, str]:
    """Lay up to four files; where, and what they say."""
    (home / "run").mkdir(parents=True, mode=0o700)
    user = home / ".config" / "containers"
    user.mkdir(parents=True)
    kinds = ["storage.conf", "storage.conf.d/{}.conf", "storage.rootless.conf.d/{}.conf"]
    kinds += [f"storage.rootless.conf.d/{USER}/{{}}.conf"]
    laid = {}
    for _ in range(chance.randint(1, 4)):
        folder = chance.choice([*_SYSTEM, user])
        kind = chance.choice(kinds if folder != user else kinds[:2])
        path = folder / kind.format(chance.choice(["10-a", "20-b", "99-z"]))
        lines = ["[storage]", 'driver = "vfs"', f'runroot = "{home}/run/containers"']
        key = chance.choice(["graphroot", "rootless_storage_path", ""])
        if key:
            place = chance.choice([f"{home}/store-{chance.randint(1, 9)}", "$HOME/mine/$UID"])
            lines.append(f'{key} = "{place}"')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
        laid[str(path)] = path.read_text()
    return laid


def ask(chance: random.Random, home: Path) -> dict[str, object]:
    """What each says as the user."""
    environ = {"HOME": str(home), "USER": "daemon", "PATH": os.environ["PATH"]}
    environ["XDG_RUNTIME_DIR"] = str(home / "run")
    environ["PYTHONPATH"] = str(home.parent / "code")
    if chance.random() < 0.2:
        environ["XDG_DATA_HOME"] = str(home / "data")
    try:
        json.loads(said(environ, "buildah", "info"))
    except SystemExit as refused:  # older ones want more in a file
        return {"refused": str(refused)}
    mine = [said(environ, os.path.realpath(sys.executable), "-c", _MINE) for _ in range(2)]
    podman = json.loads(said(environ, "podman", "info", "--format=json"))["store"]
    buildah = json.loads(said(environ, "buildah", "info"))["store"]
    return {
        "podman": [podman["graphRoot"], podman["graphDriverName"]],
        "buildah": [buildah["GraphRoot"], buildah["GraphDriverName"]],
        "capas": [json.loads(text) for text in mine],
    }


def said(environ: dict[str, str], *argv: str) -> str:
    """The output of a program that the user runs."""
    become = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    done = subprocess.run(
        [*become, *argv], env=environ, cwd="/", capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{argv[:2]}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
