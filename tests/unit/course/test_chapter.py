from pipeline.course.chapter import Chapter, carry_out, contents, section
from pipeline.report.words import Mark, Paragraph
from pipeline.verify.experiment import Notebook, Step


def _body(story: Notebook) -> None:
    story.do("look")
    story.see("tweets", expected=1, found=1)


def _wrong_body(story: Notebook) -> None:
    story.see("tweets", expected=1, found=0)
    story.do("never")


def test_a_chapter_must_be_read_aloud_while_it_is_carried_out() -> None:
    heard: list[Step] = []
    told = carry_out(Chapter("Images", "They stay.", _body), heard.append)
    assert [step.text for step in heard] == ["look", "tweets"]
    assert told.steps == tuple(heard)
    assert told.refuted == ""


def test_what_contradicts_the_claim_must_be_heard_and_end_the_chapter() -> None:
    heard: list[Step] = []
    told = carry_out(Chapter("Images", "They stay.", _wrong_body), heard.append)
    assert [step.text for step in heard] == ["tweets"]
    assert heard[0].contradicts
    assert told.refuted
    assert contents([told]).rows[0][2] == Mark("refuted", "bad")
    assert any(isinstance(p, Paragraph) and p.tone == "bad" for p in section(told).parts)
