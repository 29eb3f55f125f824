"""The sections on a result: each a function from a record to a section, or to None where there is nothing to say.

Which there are, and in what order, stands in `gilscope.report.registry`.
"""
