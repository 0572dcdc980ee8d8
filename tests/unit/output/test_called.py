import pytest

from pipeline.output.terminal import with_program_name


@pytest.mark.parametrize(
    ("program", "argv0", "shown"),
    [
        ("./capas", "/x/pipeline/__main__.py", "`./capas doctor` says why"),
        ("", "/usr/bin/invoke", "`invoke doctor` says why"),
        ("", "/usr/bin/capas", "`capas doctor` says why"),
    ],
)
def test_a_proposed_command_is_typable_as_it_stands(
    program: str, argv0: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAPAS_PROGRAM", program)
    monkeypatch.setattr("sys.argv", [argv0])
    assert with_program_name("`capas doctor` says why") == shown
