"""Stands in for torch in tests: says whether there is a graphics card, as the test wants it."""

import os


class cuda:
    @staticmethod
    def is_available():
        return os.environ.get("STAND_IN_CUDA") == "1"


class backends:
    class mps:
        @staticmethod
        def is_available():
            return False
