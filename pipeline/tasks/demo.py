"""`demo`: the whole course on PyTweets, from nothing, on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.tasks.command import command, host_profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.course.chapter import Told
    from pipeline.course.pytweets import Course
    from pipeline.spec.model import Pipeline
    from pipeline.verify.notebook import ExperimentStep

_PAGE = Path("reports", "pytweets.html")


@command()
def demo() -> int:
    """Run the whole course on PyTweets: build, share layers, deploy, upgrade, keep the data."""
    import os

    from pipeline.course.present import present_course, present_summary
    from pipeline.course.project import course_spec
    from pipeline.output.render.report import render
    from pipeline.output.render.report_file import write_report
    from pipeline.spec.load import load

    environment = host_profile().environment
    pipeline = load(course_spec(Path.cwd()), os.environ)
    told, course, urls = _course(pipeline, environment)
    write_report(present_course(told, course.layers), _PAGE)
    project = os.path.relpath(pipeline.root)
    elsewhere = "" if project == os.curdir else project
    render(present_summary(told, course.layers, urls, _PAGE, elsewhere), "text")
    return int(any(one.refuted for one in told))


def _course(
    pipeline: Pipeline, environment: Mapping[str, str]
) -> tuple[Sequence[Told], Course, Sequence[str]]:
    from pipeline.course.chapter import carry_out
    from pipeline.course.pytweets import Course
    from pipeline.output.progress import progress_of
    from pipeline.output.terminal import print_chapter
    from pipeline.tasks.deploy_common import at_work, keeping

    progress = progress_of("auto")
    try:
        with at_work(pipeline, environment) as uri:
            course = Course(pipeline, environment, uri, progress, keeping(uri, pipeline))
            told = []
            for number, chapter in enumerate(course.chapters(), 1):
                print_chapter(number, chapter.title, chapter.claim)
                told.append(carry_out(chapter, _aloud))
            return told, course, course.urls
    finally:
        progress.close()


def _aloud(step: ExperimentStep) -> None:
    from pipeline.output.terminal import print_done, print_seen

    if step.kind == "do":
        print_done(step.text)
    else:
        print_seen(step.text, step.found, expected=not step.contradicts)
