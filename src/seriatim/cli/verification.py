"""`verify`: the proof that no number is missing."""

import click

from seriatim.cli.databases import reading
from seriatim.cli.options import database_option, json_option
from seriatim.cli.output import print_json, print_table
from seriatim.service.ports import Store
from seriatim.service.verification import SeriesVerdict, Verification, verify

WRONG = 1


@click.command("verify")
@database_option
@json_option
def verify_command(*, database: str, as_json: bool) -> int:
    """Prove of every series that no number is missing; exit with 1 where one is."""

    async def work(store: Store) -> tuple[Verification, dict[str, str]]:
        entities = {each.id: each.name for each in await store.list_entities()}
        return await verify(store), entities

    verification, entities = reading(database, work)
    if as_json:
        series = [_verdict_fields(verdict, entities) for verdict in verification.verdicts]
        print_json({"gapless": verification.is_gapless, "series": series})
    else:
        _print_verification(verification, entities)
    return 0 if verification.is_gapless else WRONG


def _print_verification(verification: Verification, entities: dict[str, str]) -> None:
    rows = []
    for verdict in verification.verdicts:
        audit, key = verdict.audit, verdict.audit.series.key
        counts = (audit.series.first_ordinal, audit.series.next_ordinal, audit.issued_count, audit.skipped_count)
        state = "OK" if verdict.is_gapless else "WRONG"
        rows.append([entities.get(key.entity_id, key.entity_id), key.kind.words, key.prefix, *map(str, counts), state])
    print_table(["entity", "kind", "prefix", "first", "next", "issued", "skipped", "verdict"], rows)
    for verdict in verification.verdicts:
        key = verdict.audit.series.key
        for problem in verdict.problems:
            click.echo(f"{entities.get(key.entity_id, key.entity_id)}, {key.kind.words} {key.prefix}: {problem}")
    issued = sum(verdict.audit.issued_count for verdict in verification.verdicts)
    outcome = "OK, no gap" if verification.is_gapless else f"{verification.problems_count} problems"
    click.echo(f"{len(verification.verdicts)} series, {issued} numbers issued: {outcome}")


def _verdict_fields(verdict: SeriesVerdict, entities: dict[str, str]) -> dict[str, object]:
    audit, series = verdict.audit, verdict.audit.series
    return {
        "entity_id": series.key.entity_id,
        "entity": entities.get(series.key.entity_id),
        "kind": series.key.kind.value,
        "prefix": series.key.prefix,
        "first": series.first_ordinal,
        "next": series.next_ordinal,
        "issued": audit.issued_count,
        "skipped": audit.skipped_count,
        "gapless": verdict.is_gapless,
        "problems": list(verdict.problems),
    }
