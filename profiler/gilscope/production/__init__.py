"""`@classify`: what each function is, learned from the real calls of a running program.

What a call passes through (`template`, `sampler`, `cell`, `call`, `clocks`) imports nothing but the standard library,
and little of that. What reads the figures (`profile`, `judge`, `collection`, `files`) is imported when they are read.
"""
