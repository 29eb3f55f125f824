"""Workloads to try gilscope on: they need no network and nothing that is not installed with it."""
