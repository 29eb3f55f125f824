"""A function that does next to nothing, for `benchmarks.programs.capture` to call."""

__all__ = ["called"]


def called(text: str, number: int = 1, *, flag: bool = False) -> int:
    return number + flag + len(text)
