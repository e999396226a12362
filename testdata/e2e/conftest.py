"""The fixtures of the end-to-end tests."""

import os
from typing import Iterable

import pytest

from testdata.e2e.harness import NOBODY, Place
from testdata.e2e.http_requests import release_ports
from testdata.e2e.processes import adopt_orphans


def _tear_down(found: Place) -> None:
    found.tear_down()
    release_ports()


@pytest.fixture
def place() -> Iterable[Place]:
    """A directory whose masters run as the user who runs the tests."""
    adopt_orphans()
    found = Place()
    yield found
    _tear_down(found)


@pytest.fixture
def place_of_nobody() -> Iterable[Place]:
    """A directory whose masters run without privilege, also where the tests run as root."""
    adopt_orphans()
    found = Place(NOBODY if os.geteuid() == 0 else None)
    yield found
    _tear_down(found)
