"""The page about Sequence's API tells what the API does."""

import json
import re
from pathlib import Path

import pytest

from seriatim.api.openapi import document
from seriatim.api.sequence.envelope import (
    STATUS,
    TYPE,
    UNRECOGNISED_VERSION,
    status_of_rule,
    type_of_rule,
)
from seriatim.domain.sequence_version import Version
from seriatim.errors import Category, Rule

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sequence.md").read_text(encoding="utf-8")
COMMITTED = (ROOT / "docs" / "openapi-sequence.json").read_text(encoding="utf-8")

TOLD = set(re.findall(r"^\| ([0-9]{3}) \| `(\w+)` \|", PAGE, re.MULTILINE))
TOLD |= set(re.findall(r"\b([0-9]{3}) `(\w+)`[,.]", PAGE.replace("\n", " ")))


@pytest.mark.parametrize("category", Category)
def test_every_category_has_a_type_of_its_own_that_is_told(category: Category) -> None:
    assert (str(STATUS[category]), TYPE[category]) in TOLD
    assert [*TYPE.values()].count(TYPE[category]) == 1


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_has_a_type_of_its_own_that_is_told(rule: Rule) -> None:
    assert (str(status_of_rule(rule)), type_of_rule(rule)) in TOLD
    assert type_of_rule(rule) not in TYPE.values()


def test_no_type_is_told_that_there_is_not() -> None:
    types = {(str(STATUS[category]), name) for category, name in TYPE.items()}
    types |= {(str(status_of_rule(rule)), type_of_rule(rule)) for rule in Rule}
    assert types | {("400", UNRECOGNISED_VERSION)} == TOLD


def test_every_version_is_told() -> None:
    assert set(re.findall(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}`", PAGE)) >= {f"{version}`" for version in Version}


def test_the_committed_openapi_document_is_current() -> None:
    assert document("sequence") == COMMITTED, "run `make openapi`"


def test_every_reference_of_the_openapi_document_leads_somewhere() -> None:
    described = json.loads(COMMITTED)
    references = set(re.findall(r'"\$ref": "#/components/([^"]+)"', COMMITTED))
    assert references
    for reference in references:
        section, name = reference.split("/")
        assert name in described["components"][section], reference
