from pathlib import Path

import pytest

from pipeline.output.document import Report
from pipeline.output.render.report_file import write_report

REPORT = Report("Layers", "All is shared.", ())


def test_the_ending_chooses_the_format(tmp_path: Path) -> None:
    write_report(REPORT, tmp_path / "new" / "report.md")
    write_report(REPORT, tmp_path / "new" / "report.html")
    assert (tmp_path / "new" / "report.md").read_text().startswith("# Layers")
    assert "<title>Layers" in (tmp_path / "new" / "report.html").read_text()


def test_a_failed_write_leaves_the_old_report_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.md"
    write_report(REPORT, path)
    before = path.read_text()

    def full(_old: Path, _new: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_report(Report("Other", "", ()), path)
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]
