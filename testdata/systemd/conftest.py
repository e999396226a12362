"""The fixtures of the end-to-end tests, for those of service managers, too."""

from testdata.e2e.conftest import place, place_of_nobody

__all__ = ["place", "place_of_nobody"]
