"""What follows from a profile is found once, however often a report asks for it."""

from __future__ import annotations

import msgspec

from tests.unit.production.profiles import make_profile


def test_the_classification_and_the_advice_are_found_once_and_are_no_part_of_what_is_saved() -> None:
    profile, same = make_profile(), make_profile()
    assert profile.classification is profile.classification
    assert profile.advice is profile.advice
    assert profile == same
    assert msgspec.json.encode(profile) == msgspec.json.encode(same)


def test_one_that_is_changed_is_judged_anew() -> None:
    profile = make_profile()
    assert profile.classification.label == "compute-bound"
    assert msgspec.structs.replace(profile, clocked_cpu_s=0.001).classification.label == "io-bound"
