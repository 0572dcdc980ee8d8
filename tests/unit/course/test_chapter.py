from pathlib import Path

from pipeline.course.chapter import Chapter, carry_out, contents, section
from pipeline.course.present import present_course, present_summary
from pipeline.layers.observe import ObservedFamily
from pipeline.output.document import KeyValues, Mark, Paragraph
from pipeline.verify.notebook import ExperimentStep, Notebook
from tests.unit.layers.builders import World, file


def _body(story: Notebook) -> None:
    story.do("look")
    story.see("tweets", expected=1, found=1)


def _wrong_body(story: Notebook) -> None:
    story.see("tweets", expected=1, found=0)
    story.do("never")


def test_a_chapter_is_read_aloud_while_it_is_carried_out() -> None:
    heard: list[ExperimentStep] = []
    told = carry_out(Chapter("Images", "They stay.", _body), heard.append)
    assert [step.text for step in heard] == ["look", "tweets"]
    assert told.steps == tuple(heard)
    assert told.refuted == ""


def test_what_contradicts_the_claim_is_heard_and_ends_the_chapter() -> None:
    heard: list[ExperimentStep] = []
    told = carry_out(Chapter("Images", "They stay.", _wrong_body), heard.append)
    assert [step.text for step in heard] == ["tweets"]
    assert heard[0].contradicts
    assert told.refuted
    assert contents([told]).rows[0][2] == Mark("refuted", "bad")
    assert any(isinstance(p, Paragraph) and p.tone == "bad" for p in section(told).parts)


def test_the_lead_counts_the_claims_that_held() -> None:
    chapters = [Chapter("Images", "They stay.", body) for body in (_body, _wrong_body, _body)]
    told = [carry_out(one, lambda _step: None) for one in chapters]
    summary = present_summary(told, None, [], Path("page.html"))
    assert summary.lead == "2 of 3 claims held, seen on real containers."
    page = present_course(told, None)
    assert page.lead == summary.lead
    assert page.data == {}


def test_the_layers_are_on_the_page_and_their_picture_in_the_summary() -> None:
    world = World()
    copied = "/bin/sh -c #(nop) COPY file:0123456789abcdef in /app "
    images = [world.image(f"localhost/a:{n}", (copied, [file(f"app/{n}")])) for n in "12"]
    layers = ObservedFamily(world.family(*images), world.lists)
    page = present_course([], layers)
    assert set(page.data) == {"layers"}
    assert len(page.parts) > 1
    without = present_summary([], None, [], Path("page.html"))
    assert len(present_summary([], layers, [], Path("page.html")).parts) == len(without.parts) + 1


def test_the_end_says_where_the_commands_work() -> None:
    def told(project: str) -> list[object]:
        report = present_summary([], None, ["http://127.0.0.1:8080"], Path("page.html"), project)
        facts = next(part for part in report.parts if isinstance(part, KeyValues))
        return [value for name, value in facts.pairs if name == "go to"]

    assert told("") == []
    assert told("py tweets") == ["`cd 'py tweets'`"]
