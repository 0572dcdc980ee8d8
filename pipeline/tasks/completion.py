"""The scripts for completion in shells: they ask the program as it was typed, wherever it lies.

Invoke's own name the file that Python runs, `__main__.py`, and call it by that name.
"""

from __future__ import annotations

import os
from pathlib import Path

BINARY = "capas"

_BASH = """\
_complete_capas() {
    # No `compgen -W`: it expands what it is given, and values may be a stranger's.
    local program=${1/#\\~/$HOME} word
    COMPREPLY=()
    while IFS= read -r word; do
        [[ $word == "$2"* ]] && COMPREPLY+=("$word")
    done < <("$program" --complete -- capas "${COMP_WORDS[@]:1}" 2>/dev/null)
}
complete -F _complete_capas -o default @NAMES@
"""
_ZSH = """\
_complete_capas() {
    local -a typed
    read -Ac typed
    reply=($(${~typed[1]} --complete -- capas ${typed[2,-1]} 2>/dev/null))
}
compctl -K _complete_capas + -f @NAMES@
"""
_FISH = """\
function __complete_capas
    set -l typed (commandline --tokenize)
    $typed[1] --complete -- capas $typed[2..-1] 2>/dev/null
end
for name in @NAMES@
    complete --command $name --no-files --arguments '(__complete_capas)'
end
"""
_SCRIPTS = {"bash": _BASH, "fish": _FISH, "zsh": _ZSH}
SHELLS = tuple(_SCRIPTS)


def script(shell: str, called: str) -> str:
    """The script for a shell of `SHELLS`.

    Args:
        called: the program as the user calls it; by that name it is completed too.
    """
    own = Path(called).name
    names = BINARY if not own.replace("-", "_").isidentifier() else " ".join({BINARY: 0, own: 0})
    return _SCRIPTS[shell].replace("@NAMES@", names)


def called_as() -> str:
    """How the user calls the program: `./capas` in a checkout says so."""
    return os.environ.get("CAPAS_PROGRAM") or BINARY
