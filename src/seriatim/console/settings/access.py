"""The part of a form that says what somebody may do and where: for people and API clients alike."""

from seriatim.console.forms import Form
from seriatim.console.pages import Visit
from seriatim.domain.client import Principal, Role
from seriatim.domain.user import Invitation
from seriatim.errors import InvalidValue, MissingField

ROLES = (
    (
        Role.ADMIN.value,
        "Admin",
        "Everything: sequence sets, people, API clients, entities, and what issuers do.",
    ),
    (Role.ISSUER.value, "Issuer", "Accounts and documents: create, post, cancel, send. No change to numbering."),
    (Role.AUDITOR.value, "Auditor", "Looks at everything and changes nothing."),
)
"""Each role with its name and what it may do."""
FIELDS = {"role": "role", "entities": "entities", "orgs": "orgs"}
"""Those of the form, for `Form.refuse`: of boxes that nobody ticked a browser sends nothing."""


def entity_options(visit: Visit) -> list[tuple[str, str, str]]:
    """The entities to choose from."""
    return [(entity.id, entity.name, "") for entity in visit.entities]


def org_options(visit: Visit) -> list[tuple[str, str, str]]:
    """The orgs to choose from, each with its entity."""
    directory = visit.console.directory
    return [
        (org.id, org.name, f"of {entity.name}") for entity in visit.entities for org in directory.orgs_of(entity.id)
    ]


def chosen_role(form: Form) -> Role:
    """The role that was chosen.

    Raises: MissingField; InvalidValue.
    """
    role = form.text("role")
    if not role:
        raise MissingField("role", "choose what they may do")
    if role not in set(Role):
        raise InvalidValue("role", role, f"choose one of {', '.join(Role)}")
    return Role(role)


def chosen_entities(form: Form) -> tuple[str, ...] | None:
    """The entities that were chosen; None for all. To choose some and tick none is no way to say all.

    Raises: MissingField.
    """
    return _chosen(form, "entities", "entity")


def chosen_orgs(form: Form) -> tuple[str, ...] | None:
    """The orgs that were chosen; None for all.

    Raises: MissingField.
    """
    return _chosen(form, "orgs", "org")


def where(visit: Visit, who: Principal | Invitation) -> str:
    """Where somebody may look, in words."""
    words = ", ".join([_entity_words(visit, who.entity_ids), *_org_words(visit, who.org_ids)])
    return words[:1].upper() + words[1:] if who.entity_ids is None else words


def _chosen(form: Form, name: str, noun: str) -> tuple[str, ...] | None:
    chosen = tuple(form.texts(name))
    if form.text(f"all_{name}"):
        if chosen:
            # Whoever ticks some wants a limit; it must not get lost behind a box that was ticked from the start.
            raise InvalidValue(name, "both", f"untick “All {name}” to allow only those that are ticked")
        return None
    if not chosen:
        raise MissingField(name, f"tick at least one {noun}, or allow all of them")
    return chosen


def _entity_words(visit: Visit, entity_ids: frozenset[str] | None) -> str:
    if entity_ids is None:
        return "all entities"
    known = [entity.name for entity in visit.console.directory.entities() if entity.id in entity_ids]
    return ", ".join(known) or "no entity"


def _org_words(visit: Visit, org_ids: frozenset[str] | None) -> list[str]:
    if org_ids is None:
        return []
    directory = visit.console.directory
    orgs = [org.name for entity in directory.entities() for org in directory.orgs_of(entity.id) if org.id in org_ids]
    return [f"org {name}" for name in orgs]
