"""The folder that is put first on ``PYTHONPATH`` of a program whose calls are captured."""
