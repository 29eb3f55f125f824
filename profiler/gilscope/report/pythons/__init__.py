"""Reports on one function under several Pythons."""
