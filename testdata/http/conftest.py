"""The fixtures of the end-to-end tests, for those of fectl-http, too."""

from testdata.e2e.conftest import place

__all__ = ["place"]
