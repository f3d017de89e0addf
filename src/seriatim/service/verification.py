"""The proof that no number is missing: what the database says of each series, judged."""

from collections.abc import Sequence
from dataclasses import dataclass

from seriatim.domain.numbering import format_number
from seriatim.service.ports import SeriesAudit, Store


@dataclass(frozen=True, slots=True)
class SeriesVerdict:
    """One series, and what is wrong with it, in words; nothing is wrong with a gapless one."""

    audit: SeriesAudit
    problems: tuple[str, ...]

    @property
    def is_gapless(self) -> bool:
        """Whether every ordinal from the first to the last is one number issued or one declared skip."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdicts on all series."""

    verdicts: tuple[SeriesVerdict, ...]

    @property
    def is_gapless(self) -> bool:
        """Whether all series are."""
        return all(verdict.is_gapless for verdict in self.verdicts)

    @property
    def problems_count(self) -> int:
        """How many things are wrong, over all series."""
        return sum(len(verdict.problems) for verdict in self.verdicts)


async def verify(store: Store) -> Verification:
    """Judge every series of a database.

    Raises: StoreUnavailable.
    """
    return judge_all(await store.audit())


def judge_all(audits: Sequence[SeriesAudit]) -> Verification:
    """Judge every series."""
    return Verification(tuple(judge(audit) for audit in audits))


def judge(audit: SeriesAudit) -> SeriesVerdict:
    """Judge one series.

    The counts, the ends and the seams are checked apart, though sound counts and seams imply sound ends: what is
    proved twice by different figures does not depend on one of them.
    """
    return SeriesVerdict(audit, tuple(_problems(audit)))


def _problems(audit: SeriesAudit) -> list[str]:
    first, following = audit.series.first_ordinal, audit.series.next_ordinal
    prefix = audit.series.key.prefix
    problems = []
    if following < first:
        problems.append(f"the counter stands at {following}, before the series begins at {first}")
    expected = following - first
    recorded = audit.issued_count + audit.skipped_count
    if recorded != expected:
        problems.append(
            f"the counter has passed {expected} ordinals, but {audit.issued_count} are recorded as issued "
            f"and {audit.skipped_count} as skipped: {_difference(recorded - expected)}"
        )
    if audit.breaks:
        problems.append(f"the register has {audit.breaks} places where an entry does not follow the one before")
    if audit.unmatched:
        problems.append(f"{audit.unmatched} issued numbers and the documents that carry them do not match")
    if audit.first_recorded is None or audit.last_recorded is None:
        if expected > 0:
            problems.append(f"nothing is recorded, but {format_number(prefix, following)} is to be issued next")
        return problems
    if audit.first_recorded != first:
        problems.append(f"the register begins at {audit.first_recorded}, and the series at {first}")
    if audit.last_recorded != following - 1:
        problems.append(f"the register ends at {audit.last_recorded}, and the counter goes on with {following}")
    return problems


def _difference(surplus: int) -> str:
    return f"{surplus} too many" if surplus > 0 else f"{-surplus} missing"
