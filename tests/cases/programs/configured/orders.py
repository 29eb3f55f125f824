"""Needs its settings while it is imported.

gilscope analyze orders:total --inputs orders:INPUTS --setup settings:configure      (in this folder)
"""

import settings

if not settings.TABLE:
    raise RuntimeError("settings are not configured")
ROUNDS, MODULUS = settings.TABLE["rounds"], settings.TABLE["modulus"]


def total(order: int) -> int:
    value = order
    for step in range(ROUNDS):
        value = (value * 31 + step) % MODULUS
    return value


INPUTS = list(range(60))
