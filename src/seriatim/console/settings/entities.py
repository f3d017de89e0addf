"""Legal entities with their orgs: what there is, and making more."""

from seriatim.auth.permissions import Permission
from seriatim.console.forms import Form
from seriatim.console.pages import PageRoute, Response, Visit, address
from seriatim.domain.commands.entities import CreateEntity, CreateOrg
from seriatim.domain.entity import NAME_CHARACTERS_MAX, NumberOn, Org
from seriatim.errors import InvalidValue, SeriatimError

NUMBERS_ON = (
    (
        NumberOn.POSTING.value,
        "When they are posted",
        (
            "A draft shows a temporary number such as TMP-INV-00000004. What is thrown away before it was posted never "
            "had a number, so no number is missing."
        ),
    ),
    (
        NumberOn.CREATION.value,
        "When they are created",
        (
            "As Zuora does unless it is told otherwise. A draft has its number from the first moment, and keeps it "
            "when it is canceled."
        ),
    ),
)
"""When billing documents take their number, each way with what follows from it."""


async def list_entities(visit: Visit) -> Response:
    """The entities that the user may use, with their orgs."""
    return visit.page(
        "entities.html",
        orgs={entity.id: _visible_orgs(visit, entity.id) for entity in visit.entities},
        numbers_on={value: label.lower() for value, label, _ in NUMBERS_ON},
    )


async def show_form(visit: Visit) -> Response:
    """The form for a new entity."""
    return _form_page(visit, Form())


async def create_entity(visit: Visit) -> Response:
    """Make an entity, with its set DEFAULT."""
    form = await visit.form()
    try:
        entity = await visit.run(
            CreateEntity(
                entity_id=visit.new_id(),
                name=form.text("name"),
                default_set_id=visit.new_id(),
                actor_id=visit.user.id,
                number_on=_chosen_moment(form),
            )
        )
    except SeriatimError as error:
        form.refuse(error)
        return _form_page(visit, form)
    notice = f"{entity.name} is made. It has the sequence set DEFAULT, and numbers of its own from 1."
    return visit.redirect(address("entities", entity.id), notice)


async def show_entity(visit: Visit) -> Response:
    """One entity, with its orgs."""
    return _entity_page(visit, Form())


async def create_org(visit: Visit) -> Response:
    """Make an org of an entity."""
    form = await visit.form()
    try:
        org = await visit.run(
            CreateOrg(org_id=visit.new_id(), entity_key=visit.entity.id, name=form.text("name"), actor_id=visit.user.id)
        )
    except SeriatimError as error:
        form.refuse(error)
        return _entity_page(visit, form)
    return visit.redirect(address("entities", visit.entity.id), f"The org {org.name} is made.")


def _chosen_moment(form: Form) -> NumberOn:
    """When the entity's documents are to take their number.

    Raises: InvalidValue.
    """
    moment = form.text("number_on")
    if moment not in set(NumberOn):
        raise InvalidValue("number_on", moment, "choose one of the two")
    return NumberOn(moment)


def _visible_orgs(visit: Visit, entity_id: str) -> list[Org]:
    visible = visit.user.org_ids
    return [org for org in visit.console.directory.orgs_of(entity_id) if visible is None or org.id in visible]


def _form_page(visit: Visit, form: Form) -> Response:
    return visit.page(
        "entity_form.html",
        status=form.status,
        form=form,
        numbers_on=NUMBERS_ON,
        name_characters_max=NAME_CHARACTERS_MAX,
    )


def _entity_page(visit: Visit, form: Form) -> Response:
    return visit.page(
        "entity.html",
        status=form.status,
        form=form,
        orgs=_visible_orgs(visit, visit.entity.id),
        numbers_on={value: (label.lower(), text) for value, label, text in NUMBERS_ON},
        name_characters_max=NAME_CHARACTERS_MAX,
    )


ROUTES = (
    PageRoute(method="GET", path="/entities", handler=list_entities, permission=Permission.READ),
    PageRoute(method="GET", path="/entities/new", handler=show_form, permission=Permission.ADMINISTER),
    PageRoute(method="POST", path="/entities/new", handler=create_entity, permission=Permission.ADMINISTER),
    PageRoute(method="GET", path="/entities/{entity_id}", handler=show_entity, permission=Permission.READ),
    PageRoute(method="POST", path="/entities/{entity_id}/orgs", handler=create_org, permission=Permission.ADMINISTER),
)
