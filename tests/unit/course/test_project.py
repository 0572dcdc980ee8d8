from pathlib import Path

from pipeline.course.project import course_spec


def test_the_folders_own_pytweets_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "specs" / "pytweets.toml"
    own.parent.mkdir()
    own.write_text("")
    assert course_spec(tmp_path) == own


def test_a_checkout_uses_its_own(tmp_path: Path) -> None:
    assert course_spec(tmp_path) == Path(__file__).parents[3] / "specs" / "pytweets.toml"
