"""Arguments of real calls, kept while ``gilscope run --capture`` runs a program, for ``gilscope analyze --inputs``.

What runs in the user's program (`agent` and what it imports) needs the standard library alone, for the program may be
in another environment. Nothing is put in the place of the user's functions: from 3.12 on the interpreter itself says
when a function's code begins (`monitored`); in 3.11 its code begins with one more call (`injected`). So functions keep
their identity, names that were bound to them before mean the same, and tracebacks have no frame of gilscope's.
"""

VARIABLE = "GILSCOPE_CAPTURE"
"""The environment's name of the file that says what is to be captured (`gilscope.capture.settings`)."""
