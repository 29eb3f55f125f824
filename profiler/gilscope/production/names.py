"""How the files of a folder of profiles are called."""

from __future__ import annotations

import os

__all__ = ["ENDED_SUFFIX", "INTERPRETER_SUFFIX", "JOURNAL_SUFFIX", "LOCK", "PATTERN", "PERIODS", "SUFFIX"]

#: Of the names of the files.
SUFFIX = ".profiles.json"
PATTERN = f"gilscope-*{SUFFIX}"
#: What is beside one whose process has not ended, or could not say so (`gilscope.production.journal`).
JOURNAL_SUFFIX = ".profiles.journal"
#: Of a journal of interpreters beside the main one, which has no file of profiles.
INTERPRETER_SUFFIX = f"-interpreter{JOURNAL_SUFFIX}"
#: Of a file whose process has said that it ends.
ENDED_SUFFIX = ".ended.profiles.json"
#: Of what several processes wrote that ended, put together.
PERIODS = f"gilscope-period-*{SUFFIX}"
#: Who puts files together holds it alone (`gilscope.production.folders`).
LOCK = f".gilscope-{os.getuid() if hasattr(os, 'getuid') else 'user'}.lock"
