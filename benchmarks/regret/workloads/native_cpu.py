"""Native code that lets the GIL go, and some that stands between."""

from __future__ import annotations

import hashlib
import zlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from benchmarks.regret.workload import workload

BLOCKS = [bytes([n]) * 2_000_000 for n in range(8)]


@workload(
    inputs="BLOCKS", expect="compute-bound/native", kind="GIL-free CPU", why="threads scale; processes pickle 2 MB"
)
def sha256_large(block: bytes) -> str:
    return hashlib.sha256(block).hexdigest()


PAGES = [b"".join(b"line %d of %d\n" % (i * n, i) for i in range(4000)) for n in range(1, 9)]


@workload(
    inputs="PAGES", expect="compute-bound/native", kind="GIL-free CPU", why="threads and processes are both right"
)
def zlib_compress(page: bytes) -> int:
    return len(zlib.compress(page))


PASSWORDS = [b"password %d" % n for n in range(8)]


@workload(inputs="PASSWORDS", expect="compute-bound/native", kind="GIL-free CPU", why="tiny argument, tiny result")
def pbkdf2(password: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password, b"salt", 12_000)


_KEYS: list[rsa.RSAPrivateKey] = []


@workload(
    inputs="PASSWORDS",
    expect="compute-bound",
    kind="GIL-free CPU",
    why="a signature of about a millisecond: whether the GIL is let go is the library's affair",
)
def rsa_sign(message: bytes) -> bytes:
    return _key().sign(message, padding.PKCS1v15(), hashes.SHA256())


def _key() -> rsa.RSAPrivateKey:
    """The process's own key, made when it is first needed."""
    if not _KEYS:
        _KEYS.append(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    return _KEYS[0]


@workload(
    inputs="PASSWORDS",
    expect="compute-bound/python | compute-bound/native",
    kind="boundary",
    why="the GIL is held for half of the CPU time",
)
def half_gil(password: bytes) -> int:
    hashlib.pbkdf2_hmac("sha256", password, b"salt", 4_000)
    return sum(i * i for i in range(26_000))
