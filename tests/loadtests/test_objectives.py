"""The verdict: a run that says nothing comes first, and a fast wrong answer is a failure."""

from __future__ import annotations

from loadtests.objectives import Objective, Validity, Verdict, judge
from loadtests.recorder import Recorder

ASKED = {"all": Objective(wrong=0, error_rate=0.01), "status": Objective(p99_ms=100, errors={"timeout": 0.0})}


def seen(count: int = 1000, took: float = 0.01, late: float = 0.001) -> Recorder:
    recorder = Recorder()
    for number in range(count):
        due = number / 100
        recorder.answered("status", due, due, due + took)
        recorder.late(due, late)
        recorder.play(0, number)
    return recorder


def verdict(recorder: Recorder, due: int = 1000) -> Verdict:
    return judge(recorder, ASKED, Validity(lateness_p99_ms=50, missed=0.001), due)[0]


def test_a_good_run_passes_and_a_slow_one_fails() -> None:
    assert verdict(seen()) is Verdict.PASS
    assert verdict(seen(took=0.2)) is Verdict.FAIL


def test_one_fast_wrong_answer_fails_the_run() -> None:
    recorder = seen()
    recorder.answered("status", 1, 1, 1.0001, wrong="the version")
    assert verdict(recorder) is Verdict.FAIL


def test_errors_fail_in_all_and_by_kind() -> None:
    recorder = seen()
    recorder.answered("status", 1, 1, 1.01, "timeout")
    assert verdict(recorder) is Verdict.FAIL  # one in a thousand is little, but no timeout was allowed
    recorder = seen()
    for _ in range(5):
        recorder.answered("status", 1, 1, 1.01, "http-503")
    assert verdict(recorder) is Verdict.PASS
    for _ in range(10):
        recorder.answered("status", 1, 1, 1.01, "http-503")
    assert verdict(recorder) is Verdict.FAIL


def test_a_late_generator_or_missed_arrivals_make_a_run_invalid_whatever_else_it_shows() -> None:
    assert verdict(seen(late=0.2)) is Verdict.INVALID
    assert verdict(seen(late=0.2, took=0.5)) is Verdict.INVALID
    assert verdict(seen(998)) is Verdict.INVALID
    recorder = seen()
    recorder.missed["no free patient"] += 2
    assert verdict(recorder) is Verdict.INVALID
    assert verdict(Recorder()) is Verdict.INVALID


def test_an_operation_that_never_came_does_not_hold_its_percentile() -> None:
    found, findings = judge(seen(), {"read": Objective(p99_ms=100)}, Validity(), 1000)
    assert found is Verdict.FAIL
    assert [f.holds for f in findings if f.operation == "read"] == [False]
