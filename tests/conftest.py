"""What holds for every test."""

from hypothesis import settings

# How long an example takes is the machine's affair: no test is judged by absolute times.
settings.register_profile("gilscope", deadline=None)
settings.load_profile("gilscope")
