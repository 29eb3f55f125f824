"""Ordinary functions whose answers are clear, for `benchmarks.phases`: importing this takes no time."""

import hashlib
import json
import time

MANY = tuple(range(40))
_TEXT = json.dumps([{"number": number, "name": "n" * 20} for number in range(400)])


def nap(_: int) -> None:
    time.sleep(0.01)


def parse(_: int) -> int:
    return len(json.loads(_TEXT))


def derive(number: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", b"secret", str(number).encode(), 20_000)


def count(number: int) -> int:
    return sum(value * value % 7 for value in range(50_000 + number))
