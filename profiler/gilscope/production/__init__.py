"""`@classify`: what each function is, learned from the real calls of a running program.

What a call passes through (`template`, `sampler`, `cell`, `cells`, `call`, `clocks`) imports nothing but the standard
library, and little of that. What reads the figures (`record`, `judge`, `profile`, `collection`, `files`) is imported
when they are read; `recording` and `observing` when they are asked for, and then register for threads' first calls.
"""

OUT_VARIABLE = "GILSCOPE_OUT"
"""The environment's name of a folder that the process's profiles are written to."""
OBSERVE_VARIABLE = "GILSCOPE_OBSERVE"
"""Whether the process is observed: any value but ``0``."""
