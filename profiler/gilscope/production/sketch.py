"""Durations in buckets that grow with them: fixed in size, merged by adding, with a known relative error.

Eight buckets of equal width for every doubling, as in an HDR histogram (Tene 2012): a bucket's number takes two shifts,
where the logarithm of a DDSketch would take several times as long. Half a bucket is at most 1 ÷ 17 = 5.9% of its
middle. From 256 ns to 18 minutes; what is shorter or longer counts as that.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it for True; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BUCKETS", "RELATIVE_ERROR", "bucket", "middle_s", "moments", "quantile_s"]

_BITS = 3
_PER_OCTAVE = 1 << _BITS
_FIRST_OCTAVE, _LAST_OCTAVE = 8, 40
_SHORTEST, _LONGEST = 1 << _FIRST_OCTAVE, (1 << _LAST_OCTAVE) - 1
_OFFSET = (_FIRST_OCTAVE - _BITS << _BITS) + _PER_OCTAVE
BUCKETS = (_LAST_OCTAVE - _FIRST_OCTAVE) * _PER_OCTAVE
RELATIVE_ERROR = 1 / (2 * _PER_OCTAVE + 1)


def bucket(nanoseconds: int) -> int:
    """The number of the bucket that a duration belongs to."""
    if nanoseconds < _SHORTEST:
        return 0
    if nanoseconds > _LONGEST:
        return BUCKETS - 1
    shift = nanoseconds.bit_length() - _BITS - 1
    return (shift << _BITS) + (nanoseconds >> shift) - _OFFSET


def middle_s(index: int) -> float:
    """The middle of a bucket, which stands for what is in it."""
    octave, place = divmod(index, _PER_OCTAVE)
    return float((1 << octave + _FIRST_OCTAVE) * (_PER_OCTAVE + place + 0.5) / _PER_OCTAVE / 1e9)


def quantile_s(counts: Mapping[int, int], share: float) -> float | None:
    """The duration that ``share`` of the calls do not exceed; None without calls."""
    from gilscope.quantiles import counted_quantile  # not at the top: who reads figures needs it, not who counts

    return counted_quantile([(middle_s(index), counts[index]) for index in sorted(counts)], share)


def moments(counts: Mapping[int, int]) -> tuple[float, float]:
    """The mean duration, and the mean of its square."""
    calls = max(sum(counts.values()), 1)
    middles = [(middle_s(index), count) for index, count in counts.items()]
    return sum(m * n for m, n in middles) / calls, sum(m * m * n for m, n in middles) / calls
