"""Whole programs, seen from outside: who holds the GIL, who waits for it, and in which functions."""
