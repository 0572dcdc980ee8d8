"""Who a container's process is and what it may: `user` and `cap_add`, as Podman takes them.

The same texts are refused by Podman when a container is made or started, too late for a deploy.
"""

from __future__ import annotations

from pipeline.lean_re import lazy_pattern
from pipeline.spec.problem import BadForm, did_you_mean

_MOST_ID = 2_147_483_646
"""The largest user or group id; Podman takes one more and the runtime then refuses it."""
_NUMBER = lazy_pattern(r"[+-]?[0-9]+")
_NAME = lazy_pattern(r"[^\s:,/\x00-\x1f\x7f-\x9f-][^\s:,/\x00-\x1f\x7f-\x9f]*")

_CAPABILITIES = (
    "AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE "
    "DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN "
    "MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID "
    "SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE "
    "SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM"
)
"""capabilities(7), Linux 5.9 and later."""


def check_user(text: str) -> str:
    """A user, with or without a group: `1000`, `www-data`, `1000:1000`, `www-data:staff`.

    Raises:
        BadForm: no image can have it.
    """
    user, _colon, group = text.partition(":")
    if not user and not group:
        raise BadForm("is not a user", "write a name or a number, or `user:group`")
    for part in filter(None, (user, group)):
        if _NUMBER.fullmatch(part):
            if len(part) > 12 or not 0 <= int(part) <= _MOST_ID:
                raise BadForm("is not a user", f"numbers go from 0 to {_MOST_ID}")
        elif not _NAME.fullmatch(part):
            raise BadForm("is not a user", "write a name or a number, or `user:group`")
    return text


def capability(text: str) -> str:
    """A capability with its prefix: `CAP_NET_ADMIN` of `NET_ADMIN`.

    Raises:
        BadForm: there is none of this name, or it is `ALL`: the others are dropped, and Podman
            does not add all and drop all.
    """
    name = text.upper().removeprefix("CAP_")
    known = _CAPABILITIES.split()
    if name in known:
        return f"CAP_{name}"
    if name == "ALL":
        raise BadForm("is not one capability", "name what the service needs: capabilities(7)")
    near = did_you_mean(name, known)
    raise BadForm("is not a capability", near or "capabilities(7) lists them")
