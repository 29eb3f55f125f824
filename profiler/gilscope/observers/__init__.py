"""How a target is watched from outside: /proc, the GIL, py-spy, psutil."""
