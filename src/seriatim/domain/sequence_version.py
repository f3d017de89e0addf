"""The dated versions of Sequence's API; a client may be pinned to one."""

from enum import StrEnum

from seriatim.errors import InvalidValue


class Version(StrEnum):
    """The versions there are, oldest first."""

    V2024_01_01 = "2024-01-01"
    V2024_05_09 = "2024-05-09"
    V2024_07_30 = "2024-07-30"


NEWEST = Version.V2024_07_30


def check_version(version: str, field: str) -> Version:
    """The version of this date.

    Raises: InvalidValue, where there is none.
    """
    if version not in set(Version):
        raise InvalidValue(field, version, f"give one of {', '.join(Version)}")
    return Version(version)
