"""What gilscope says of whole programs against what they know of themselves, and what it costs them."""
