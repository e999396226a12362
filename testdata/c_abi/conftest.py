"""The fixtures of the end-to-end tests."""

from testdata.e2e.conftest import place

__all__ = ["place"]
