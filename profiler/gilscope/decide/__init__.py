"""From measured records to decisions: demands, classification, prediction, plan, recommendation, findings.

Everything here is a pure function over records: no clock, no process, no file.
"""
