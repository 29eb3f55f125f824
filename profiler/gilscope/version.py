"""This version of gilscope: a module of its own, so that no part needs the package that names all parts."""

__version__ = "0.2.0"
