"""Brokers: a server of gilscope's own, or one that is given; messages that only gilscope can have written; a delay
on the way."""
