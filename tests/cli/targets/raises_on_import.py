"""Raises when it is imported."""


def _configure() -> None:
    raise KeyError("CONFIG_PATH")


_configure()


def func() -> None: ...
