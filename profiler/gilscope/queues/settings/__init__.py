"""How task queues are to be set, with the figures that follows from."""
