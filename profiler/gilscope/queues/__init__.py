"""Task queues: RQ, Celery and Dask as backends, their brokers, workers and settings, and how many machines would do.

Each engine has a folder of its own (``rq``, ``celery``, ``dask``); beside these stands what they share.
"""
