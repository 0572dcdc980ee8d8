"""Run something as another account: the only place where root gives its rights away.

No PAM session is opened: an account that nobody logs in to needs none.
"""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Callable, Mapping

_PASSED = frozenset(
    {
        *(
            "CI",
            "COLUMNS",
            "CONTAINER_HOST",
            "LANG",
            "LANGUAGE",
            "LINES",
            "NO_COLOR",
            "FORCE_COLOR",
        ),
        *("SOURCE_DATE_EPOCH", "TERM", "COLORTERM", "TZ"),
        # How the network is reached.
        *("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"),
        *("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    }
)
_PASSED_PREFIXES = ("CAPAS_", "GITHUB_", "HYPOTHESIS_", "LC_", "PIP_", "PYTEST_")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def runtime_folder(uid: int) -> str:
    """Where systemd-logind puts XDG_RUNTIME_DIR, and we too where there is none."""
    return f"/run/user/{uid}"


def environment_of(account: pwd.struct_passwd, environ: Mapping[str, str]) -> dict[str, str]:
    """A fresh environment for the account, with what of the caller's concerns the task."""
    passed = {name: value for name, value in environ.items() if _is_passed(name)}
    return {
        **passed,
        "HOME": account.pw_dir,
        "LOGNAME": account.pw_name,
        "PATH": _PATH,
        "SHELL": account.pw_shell or "/bin/sh",
        "USER": account.pw_name,
        "XDG_RUNTIME_DIR": runtime_folder(account.pw_uid),
    }


def leave_environment() -> None:
    """Keep of root's own environment what concerns a task, and what finds programs and home.

    Root's tools are led by nothing that whoever called root has set: no GIT_*, PYTHON* or XDG_*.
    """
    kept = {"HOME", "LOGNAME", "PATH", "SHELL", "USER"}
    for name in [name for name in os.environ if not (name in kept or _is_passed(name))]:
        del os.environ[name]
    folders = filter(os.path.isabs, os.environ.get("PATH", "").split(":"))
    os.environ["PATH"] = ":".join(folders) or _PATH


def _is_passed(name: str) -> bool:
    return name in _PASSED or name.startswith(_PASSED_PREFIXES)


def drop_to(account: pwd.struct_passwd) -> None:
    """Become the account for good, in this process."""
    os.initgroups(account.pw_name, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    os.umask(0o022)


def child_as(account: pwd.struct_passwd, body: Callable[[], int]) -> int:
    """Fork a child that becomes the account and ends with `body`'s exit code; its process id."""

    def as_account() -> int:
        drop_to(account)
        return body()

    return child(as_account)


def child_as_owner(uid: int, gid: int, body: Callable[[], int]) -> int:
    """Fork a child with no more rights than the owner of a folder has; its process id.

    It executes nothing, so it stays closed to the owner's other processes: the kernel lets none of
    them trace a process that gave root's rights away (prctl(2), "PR_SET_DUMPABLE").
    """

    def as_owner() -> int:
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            os.setgroups([gid])
        else:
            os.initgroups(name, gid)
        os.setgid(gid)
        os.setuid(uid)
        os.umask(0o022)
        return body()

    return child(as_owner)


def child(body: Callable[[], int]) -> int:
    """Fork a child that ends with `body`'s exit code; its process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    forked = os.fork()
    if forked:
        return forked
    code = 127
    try:
        code = body()
    except OSError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(code)
