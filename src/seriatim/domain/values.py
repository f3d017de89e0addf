"""Values that are made for every document, several of each: dataclasses that nobody changes."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["value"]

T = TypeVar("T")

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:

    def value(*, frozen: bool, **options: Any) -> Callable[[type[T]], type[T]]:
        """A frozen dataclass to the type checker, which sees every line; at run time one without the guard.

        The guard would make a document of 37 fields four times as slow to build: each field has to go around it. What
        is frozen stays hashable. A command is made once a request, and keeps its guard.
        """
        return dataclasses.dataclass(unsafe_hash=frozen, **options)
