"""A process that sends what is due: `python -m tests.mail.sending_process DATABASE URL [dies]`.

With `dies` it kills itself when it would note that the mail server has taken the mail.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from seriatim.domain.commands.base import Command
from seriatim.domain.commands.mails import RecordDelivery
from seriatim.domain.decide import Keyed, Result
from seriatim.service.writer import Writer
from tests.mail.world import World


class DyingWriter(Writer):
    """Ends the process where it would note a delivery."""

    async def submit(self, command: Command[Any], keyed: Keyed | None = None) -> Result:
        if isinstance(command, RecordDelivery):
            os.kill(os.getpid(), signal.SIGKILL)
        return await super().submit(command, keyed)


async def main(database: str, url: str, *dies: str) -> None:
    world = World(Path(database))
    async with world.mailer(url, writer=DyingWriter if dies else Writer) as mailer:
        await mailer.send_due()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
