"""Small programs like those that strangers bring, analyzed as they would: what the verdict must say of each."""
