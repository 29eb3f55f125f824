"""Figures that are measured by hand and committed as tables."""
