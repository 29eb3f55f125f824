"""Metrics of a running service: what its calls to decorated functions show, for a monitoring system to fetch.

Each exporter is a module of its own that needs its system's library, an extra of this package; nothing here starts a
server, a thread or a connection.
"""
