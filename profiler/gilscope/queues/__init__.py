"""Task queues: brokers and worker processes of gilscope's own, for the backends that need them."""
