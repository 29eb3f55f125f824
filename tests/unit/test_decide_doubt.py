from __future__ import annotations

import msgspec

from gilscope.decide.doubt import BUSY_CONFIDENCE, doubted
from gilscope.records import Finding, Recommendation
from gilscope.result import Result

from . import handmade


def advised(backend: str | None, confidence: float, *codes: str) -> Result:
    findings = tuple(Finding(code=code, severity="warning", title="", evidence="", advice="") for code in codes)
    advice = Recommendation(backend=backend, confidence=confidence, reason="2.0× the serial run")
    return msgspec.structs.replace(handmade.make_result(), recommendation=advice, findings=findings)


def test_a_busy_machine_lowers_the_confidence_and_says_what_to_do() -> None:
    advice = doubted(advised("serial", 0.99, "task-too-small", "busy-machine")).recommendation
    assert advice.confidence == BUSY_CONFIDENCE
    assert advice.reason.startswith("2.0× the serial run; ")
    assert "measure again" in advice.reason


def test_what_was_doubtful_stays_so() -> None:
    assert doubted(advised("thread", 0.2, "busy-machine")).recommendation.confidence == 0.2


def test_a_quiet_machine_and_no_recommendation_are_left_alone() -> None:
    for result in (advised("thread", 0.99, "page-cache"), advised(None, 0.0, "busy-machine")):
        assert doubted(result) == result
