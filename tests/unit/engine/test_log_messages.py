from __future__ import annotations

import pytest

from pipeline.engine.log_messages import strip_logrus

FATAL = (
    'time="2026-11-25T08:52:51Z" level=fatal msg="Error parsing \\"docker://a:1\\": no\\nroute"\n'
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (FATAL, 'Error parsing "docker://a:1": no route\n'),
        (f"Trying\n{FATAL}", 'Trying\nError parsing "docker://a:1": no route\n'),
        ('time="now" level=warning msg="slow" error="x"', "slow"),
        ("Error: no such image", "Error: no such image"),
        ('time="now" level=warning msg="never ends', 'time="now" level=warning msg="never ends'),
    ],
)
def test_only_the_message_of_a_log_line_is_told(text: str, shown: str) -> None:
    assert strip_logrus(text) == shown
