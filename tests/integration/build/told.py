"""What Buildah said that it did, from the log of a version's last build."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.build.observe.survey import Survey
from pipeline.build.run.buildah_output import Cached, OutputStep, parse_line
from pipeline.build.run.logs import log_path

Told = dict[tuple[int, int], str]
"""By stage and step: the id of the image that was taken, or empty when it was made."""


def told_of(survey: Survey, name: str, environment: Mapping[str, str]) -> Told:
    """What the last run of Buildah in the version's log says."""
    log = log_path(environment, survey.pipeline.name, survey.versions[name])
    told: Told = {}
    current = (0, 0)
    for line in log.read_text().splitlines():
        match parse_line(line):
            case OutputStep(number, _, _, stage, _):
                current = (stage - 1, number)
                told[current] = ""
            case Cached(image):
                told[current] = image
    return told
