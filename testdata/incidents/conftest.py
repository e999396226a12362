"""The fixtures of the end-to-end tests, for those of incidents, too."""

from testdata.e2e.conftest import place, place_of_nobody

__all__ = ["place", "place_of_nobody"]
