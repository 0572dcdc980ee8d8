"""Run something as another account: the only place where root gives its rights away.

No PAM session is opened: an account that nobody logs in to needs none.
"""

from __future__ import annotations

import os
import pwd
import signal
import sys
from collections.abc import Callable, Mapping, Sequence

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
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def runtime_folder(uid: int) -> str:
    """Where systemd-logind puts XDG_RUNTIME_DIR, and we too where there is none."""
    return f"/run/user/{uid}"


def environment_of(account: pwd.struct_passwd, environ: Mapping[str, str]) -> dict[str, str]:
    """A fresh environment for the account, with what of the caller's concerns the task."""
    passed = {
        name: value
        for name, value in environ.items()
        if name in _PASSED or name.startswith(_PASSED_PREFIXES)
    }
    return {
        **passed,
        "HOME": account.pw_dir,
        "LOGNAME": account.pw_name,
        "PATH": _PATH,
        "SHELL": account.pw_shell or "/bin/sh",
        "USER": account.pw_name,
        "XDG_RUNTIME_DIR": runtime_folder(account.pw_uid),
    }


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


def run_as(
    account: pwd.struct_passwd, argv: Sequence[str], *, cwd: str, environment: Mapping[str, str]
) -> int:
    """Run a program as the account on our terminal, and return its exit code.

    A signal from the terminal reaches the program by itself, since it is in our process group;
    one that somebody sends to us is handed on.
    """
    waited = {signal.SIGCHLD, *_FORWARDED}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited)

    def body() -> int:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.chdir(cwd)
        os.execve(argv[0], list(argv), dict(environment))  # noqa: S606 (argv, no shell)

    try:
        child = child_as(account, body)
        while True:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
            told = signal.sigwaitinfo(waited)
            if told.si_signo != signal.SIGCHLD and told.si_code <= 0:
                os.kill(child, told.si_signo)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
