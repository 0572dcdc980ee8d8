"""Which packages a root file system needs, asked of apt without touching the host's own apt.

apt gets a configuration, package lists and a package status of its own: the status is empty, so
that everything is downloaded, and no hook of the host runs. Of the host's settings only those of
the network are taken over (proxies, retries). The mirrors are the host's own when the suite is
of the host's distribution, security updates included. See apt.conf(5) and sources.list(5).
"""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.engine import command
from pipeline.errors import EngineError, HostUnsupported
from pipeline.lean_dataclasses import dataclass
from pipeline.lean_re import lazy_pattern

if TYPE_CHECKING:
    import subprocess

_LAST_LINES = 15
_LOCK_SECONDS = 60.0
_DEBIAN_SUITES = frozenset({"bullseye", "bookworm", "trixie", "forky", "sid"})
_DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_NETWORK_SETTINGS = lazy_pattern(r"Acquire::(http|https|Retries|ForceIPv[46])\b", re.IGNORECASE)
_REGISTRY_WAY = (
    "where a registry is reachable, build on `docker.io/library/python:3.12-slim` instead"
)
_HOST_FILES = ("main", "parts", "preferences", "preferencesparts", "sourceparts")
_PATIENCE = (
    'Acquire::http::Timeout "20";',
    'Acquire::https::Timeout "20";',
    'Acquire::Retries "1";',
)
"""A mirror that accepts and says nothing is given up (apt-transport-http(1)); a host's own wins."""

OnStart = Callable[["subprocess.Popen[str]"], None]


@dataclass(frozen=True)
class AptSource:
    """One line of apt's sources: an archive and one suite in it.

    Attributes:
        keyring: the absolute path of the keys that sign it; empty for apt's trusted keys.
    """

    uri: str
    suite: str
    components: tuple[str, ...]
    keyring: str = ""

    def __str__(self) -> str:
        options = f" [signed-by={self.keyring}]" if self.keyring else ""
        return f"deb{options} {self.uri} {self.suite} {' '.join(self.components)}"


@dataclass(frozen=True)
class Package:
    """One package file that apt would download."""

    uri: str
    file: str
    size: int
    hash: str


class Apt:
    """apt with its own configuration, lists and empty status, below one folder.

    Args:
        folder: where all of it lies; used by one process at a time.
        suite: the release that packages come from.
        on_start: is given each process, for whoever must end it from another thread.

    Raises:
        HostUnable: this host has no apt.
    """

    def __init__(self, folder: Path, suite: str, on_start: OnStart | None = None) -> None:
        self._on_start = on_start
        self._config = folder / "apt.conf"
        self.archives = folder / "archives"
        for needed in (folder / "lists" / "partial", self.archives / "partial"):
            needed.mkdir(parents=True, exist_ok=True)
        (folder / "status").write_text("", encoding="utf-8")
        sources = sources_for(suite, read_os_release(Path("/etc/os-release")), host_sources())
        (folder / "sources.list").write_text("".join(f"{s}\n" for s in sources), encoding="utf-8")
        dump = self._run(["apt-config", "dump", "--format", '%F "%v";%n', "Acquire"], ours=False)
        self._config.write_text(configuration(folder, dump), encoding="utf-8")

    def update(self) -> None:
        """Fetch the package lists; lists that did not change are not fetched again.

        Raises:
            EngineError: an archive is not reachable, or its signature is not good.
        """
        self._run(["apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update"])

    def resolve(self, packages: Sequence[str]) -> tuple[Package, ...]:
        """The package files that make up `packages` with all they depend on, by file name.

        Raises:
            EngineError: apt knows no such package, or they do not fit together.
        """
        return parse_uris(self._run(_install_argv("--print-uris", packages)))

    def download(self, packages: Sequence[str]) -> None:
        """Download into `archives` what `resolve` lists; apt verifies hashes and signatures."""
        self._run(_install_argv("--download-only", packages))

    def _run(self, argv: Sequence[str], *, ours: bool = True) -> list[str]:
        """What a program of apt says, line by line; with our configuration or the host's."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
        if ours:
            environment["APT_CONFIG"] = str(self._config)
        begun = time.monotonic()
        try:
            code, said = self._said(argv, environment)
            # One whose capas was killed goes on to its end, and holds what it writes to.
            while code != 0 and _is_locked(said) and time.monotonic() < begun + _LOCK_SECONDS:
                time.sleep(0.2)  # apt waits for no lock of its lists (apt.conf(5))
                code, said = self._said(argv, environment)
        except HostUnsupported:
            raise HostUnsupported(
                "this host has no apt to make a root file system with",
                details=f"{argv[0]} is not installed",
                resolution=_REGISTRY_WAY,
            ) from None
        if code != 0:
            raise EngineError(
                "apt could not provide the packages of the root file system",
                details="\n".join([shlex.join(argv), *said[-_LAST_LINES:]]),
                resolution=f"check the network and the packages' names; {_REGISTRY_WAY}",
            )
        return said

    def _said(self, argv: Sequence[str], environment: Mapping[str, str]) -> tuple[int, list[str]]:
        said: list[str] = []
        code = command.stream(argv, said.append, environment=environment, on_start=self._on_start)
        return code, said


def _is_locked(said: Iterable[str]) -> bool:
    return any("Could not get lock" in line for line in said)


def sources_for(
    suite: str, os_release: Mapping[str, str], host: Iterable[AptSource]
) -> tuple[AptSource, ...]:
    """The archives of `suite`: the host's own with the suite's name replaced, else Debian's.

    Args:
        os_release: the host's os-release(5).
        host: the host's own sources.
    """
    codename = os_release.get("VERSION_CODENAME", "")
    if os_release.get("ID") == "debian" or suite not in _DEBIAN_SUITES:
        own = {codename, f"{codename}-updates", f"{codename}-security"}
        found = tuple(
            AptSource(s.uri, s.suite.replace(codename, suite, 1), s.components, s.keyring)
            for s in host
            if codename and s.suite in own
        )
        if found:
            return found
    debian = "http://deb.debian.org"
    return (
        AptSource(f"{debian}/debian", suite, ("main",), _DEBIAN_KEYRING),
        AptSource(f"{debian}/debian", f"{suite}-updates", ("main",), _DEBIAN_KEYRING),
        AptSource(f"{debian}/debian-security", f"{suite}-security", ("main",), _DEBIAN_KEYRING),
    )


def host_sources(root: Path = Path("/etc/apt")) -> tuple[AptSource, ...]:
    """The binary archives that the host itself uses; files we may not read are passed over."""
    found: list[AptSource] = []
    for path in [root / "sources.list", *sorted((root / "sources.list.d").glob("*"))]:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if path.suffix == ".list":
            found += parse_one_line_sources(text)
        elif path.suffix == ".sources":
            found += parse_deb822_sources(text)
    return tuple(found)


def parse_one_line_sources(text: str) -> list[AptSource]:
    """The `deb` lines of a .list file."""
    pattern = re.compile(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<rest>.+)")
    found = []
    for line in text.splitlines():
        if match := pattern.match(line.split("#")[0].strip()):
            options = dict(o.split("=", 1) for o in (match["options"] or "").split() if "=" in o)
            suite, *components = match["rest"].split()
            keyring = _keyring(options.get("signed-by", ""))
            found.append(AptSource(match["uri"], suite, tuple(components), keyring))
    return found


def parse_deb822_sources(text: str) -> list[AptSource]:
    """The enabled `deb` stanzas of a .sources file, one Source for each archive and suite."""
    found = []
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        key = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():
                fields[key] = f"{fields.get(key, '')} {line.strip()}"
            elif ":" in line:
                name, value = line.split(":", 1)
                key = name.strip().lower()
                fields[key] = value.strip()
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes") != "no":
            components = tuple(fields.get("components", "").split())
            keyring = _keyring(fields.get("signed-by", ""))
            found += [
                AptSource(uri, suite, components, keyring)
                for uri in fields.get("uris", "").split()
                for suite in fields.get("suites", "").split()
            ]
    return found


def configuration(folder: Path, host: Iterable[str]) -> str:
    """apt.conf of our own apt.

    Args:
        folder: where lists, archives and status lie.
        host: the host's settings, as `apt-config dump` prints them with full names.
    """
    kept = [line for line in host if _NETWORK_SETTINGS.match(line)]
    quoted = str(folder).replace('"', "")
    ours = [
        *(f'Dir::Etc::{host_file} "/dev/null";' for host_file in _HOST_FILES),
        f'Dir::Etc::sourcelist "{quoted}/sources.list";',
        f'Dir::State "{quoted}";',
        f'Dir::State::lists "{quoted}/lists";',
        f'Dir::State::status "{quoted}/status";',
        f'Dir::Cache "{quoted}";',
        f'Dir::Cache::archives "{quoted}/archives";',
        'APT::Sandbox::User "";',
        'APT::Install-Recommends "false";',
        'Acquire::Languages "none";',
        'Acquire::ForceHash "SHA256";',
    ]
    return "".join(f"{line}\n" for line in [*_PATIENCE, *kept, *ours])


def parse_uris(said: Iterable[str]) -> tuple[Package, ...]:
    """What `apt-get --print-uris` prints: `'URI' FILE SIZE HASH`, sorted by file name."""
    found = []
    for line in said:
        if line.startswith("'"):
            uri, file, size, *digest = shlex.split(line)
            found.append(Package(uri, file, int(size), digest[0] if digest else ""))
    return tuple(sorted(found, key=lambda package: package.file))


def read_os_release(path: Path) -> dict[str, str]:
    """os-release(5) as a mapping; empty when there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def _install_argv(how: str, packages: Sequence[str]) -> list[str]:
    return ["apt-get", "-qq", "-y", how, "install", "--", *packages]


def _keyring(signed_by: str) -> str:
    return signed_by if signed_by.startswith("/") and " " not in signed_by else ""
