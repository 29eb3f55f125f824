"""What many machines would do: a discrete-event model of a caller, a broker and workers, and the plan drawn from it."""
