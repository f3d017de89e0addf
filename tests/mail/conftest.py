"""A store with an issued credit memo that waits to be sent, and a post office to send it to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.mail.post_office import PostOffice
from tests.mail.world import World


@pytest.fixture
async def post_office() -> AsyncIterator[PostOffice]:
    async with PostOffice().open() as opened:
        yield opened


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path / "seriatim.db").open() as opened:
        yield opened
