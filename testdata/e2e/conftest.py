"""The fixtures of the end-to-end tests."""

import os
from typing import Iterable, Optional

import pytest

from testdata.e2e.harness import NOBODY, Place
from testdata.e2e.http_requests import release_ports
from testdata.e2e.processes import adopt_orphans


def _tear_down(found: Place) -> None:
    found.tear_down()
    release_ports()


def _unprivileged() -> Optional[int]:
    return NOBODY if os.geteuid() == 0 else None


@pytest.fixture
def place() -> Iterable[Place]:
    """A directory whose masters run as the user who runs the tests, or, where the target asks for it, without
    privilege or without some system calls."""
    adopt_orphans()
    found = Place(_unprivileged() if os.environ.get("FECTL_E2E_UNPRIVILEGED") else None)
    if forbidden := os.environ.get("FECTL_E2E_FORBIDDEN", "").split():
        found.forbid(*forbidden)
    yield found
    _tear_down(found)


@pytest.fixture
def place_of_nobody() -> Iterable[Place]:
    """A directory whose masters run without privilege, also where the tests run as root."""
    adopt_orphans()
    found = Place(_unprivileged())
    yield found
    _tear_down(found)
