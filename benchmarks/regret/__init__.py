"""gilscope's advice against an exhaustive search, made by plain executors that know nothing of gilscope."""
