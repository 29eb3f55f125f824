"""The process that runs a trial, and the parent that asks and watches it."""
