"""RQ: its backends, its workers, its settings."""
