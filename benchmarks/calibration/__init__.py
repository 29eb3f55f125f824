"""Whether verdicts hold as often as they say: within the floor of the best in 80 to 90 % of those said with that."""
