"""The reference of both APIs: every operation that this server has, and *Try it*.

It is made from the OpenAPI documents, so that it cannot tell anything else than they do.
"""

import asyncio
from dataclasses import dataclass, replace

from seriatim.auth.permissions import Permission
from seriatim.console.forms import Form
from seriatim.console.pages import PageRoute, Response, Visit, address
from seriatim.console.reference.code import code_of
from seriatim.console.reference.examples import VALUES, example_body
from seriatim.console.reference.operations import HEADER, PATH, QUERY, Operation, read_apis
from seriatim.console.reference.requests import (
    BODY_CHARACTERS_MAX,
    CLIENT_ID,
    CLIENT_SECRET,
    ApiRequest,
    Credentials,
    Origin,
    ShownAnswer,
    field_name,
    form_fields,
    read_request,
    refuse_incomplete,
    send_request,
    show_answer,
)
from seriatim.console.reference.schemas import Outliner, choices_of
from seriatim.errors import NotFound

QUERY_CHARACTERS_MAX = 200
ONLY_CODE = "only_code"
"""The field that asks for the code alone, without sending anything."""
BODY_LINES_MIN, BODY_LINES_MAX = 6, 24
"""How many lines of a body are seen at once."""
_PLACES = (("In the path", PATH), ("In the query", QUERY), ("In the headers", HEADER))


@dataclass(frozen=True, slots=True)
class Input:
    """A parameter as a field of the form."""

    name: str
    label: str
    options: list[tuple[str, str]]
    """What there is to choose from; empty where it is free."""
    is_required: bool
    is_filled: bool


async def show_reference(visit: Visit) -> Response:
    """All operations by API and tag, or those that have every word that was asked for."""
    query = visit.query.get("q", "").strip()[:QUERY_CHARACTERS_MAX]
    apis = await asyncio.to_thread(read_apis, visit.console.api_documents)
    found = [(api, api.by_tag(query)) for api in apis.values()]
    count = sum(len(operations) for _, tags in found for _, operations in tags)
    return visit.page("reference.html", found=found, count=count, query=query, operation_url=operation_url)


async def show_operation(visit: Visit) -> Response:
    """One operation, and a form to try it with."""
    operation = await _require_operation(visit)
    return _operation_page(visit, operation, Form(), _first_request(visit, operation))


async def try_operation(visit: Visit) -> Response:
    """Send a request as the form says, or only show it as code."""
    operation = await _require_operation(visit)
    form = await visit.form()
    request = read_request(operation, form)
    if form.checked(ONLY_CODE) or refuse_incomplete(request, form):
        return _operation_page(visit, operation, form, request)
    credentials = Credentials(form.raw(CLIENT_ID), form.raw(CLIENT_SECRET))
    answer, of_sign_in = await send_request(visit.console.send_to_api, request, credentials, _origin(visit))
    return _operation_page(visit, operation, form, request, show_answer(answer, of_sign_in=of_sign_in))


def operation_url(operation: Operation) -> str:
    """The address of the page of an operation."""
    return address("reference", operation.api.key, operation.id)


async def _require_operation(visit: Visit) -> Operation:
    """The operation of the path.

    Raises: NotFound.
    """
    apis = await asyncio.to_thread(read_apis, visit.console.api_documents)
    api = apis.get(visit.params["api"])
    operation = None if api is None else api.operations.get(visit.params["operation_id"])
    if operation is None:
        raise NotFound("operation", visit.params["operation_id"], "choose one of the API reference")
    return operation


def _inputs(operation: Operation, place: str, form: Form) -> list[Input]:
    inputs = []
    for each in operation.at(place):
        choices = choices_of(each.schema)
        options = [("", "any"), *((choice, choice) for choice in choices)] if choices else []
        name = field_name(each)
        inputs.append(Input(name, each.name, options, each.is_required, bool(form.text(name))))
    return inputs


def _first_request(visit: Visit, operation: Operation) -> ApiRequest:
    """What the form says at first."""
    request = read_request(operation, Form())
    return replace(
        request,
        body=_example(visit, operation),
        fields={name: str(VALUES.get(name, "")) for name in form_fields(operation)},
    )


def _example(visit: Visit, operation: Operation) -> str:
    if operation.body is None or operation.is_form:
        return ""
    return example_body(operation.body, operation.api.schemas, visit.at.date())


def _origin(visit: Visit) -> Origin:
    request = visit.request
    return Origin(request.url.scheme, request.headers.get("host", ""))


def _operation_page(
    visit: Visit, operation: Operation, form: Form, request: ApiRequest, answer: ShownAnswer | None = None
) -> Response:
    outliner = Outliner(operation.api.schemas)
    first = _first_request(visit, operation)
    shown = first if len(request.body) > BODY_CHARACTERS_MAX else request
    return visit.page(
        "reference_operation.html",
        status=form.status,
        form=form,
        operation=operation,
        parameters=[(title, operation.at(place)) for title, place in _PLACES],
        inputs={place: _inputs(operation, place, form) for _, place in _PLACES},
        fields=form_fields(operation),
        type_words=outliner.type_words,
        body=None if operation.body is None else outliner.outline(operation.body),
        answers=[(each, outliner.outline(each.schema) if each.schema else None) for each in operation.answers],
        first=first,
        body_lines=_lines_shown(request.body or first.body),
        code=code_of(shown, _origin(visit).url),
        answer=answer,
        action=operation_url(operation),
        only_code=ONLY_CODE,
    )


def _lines_shown(body: str) -> int:
    return max(BODY_LINES_MIN, min(BODY_LINES_MAX, body.count("\n") + 2))


ROUTES = (
    PageRoute(method="GET", path="/reference", handler=show_reference, permission=Permission.READ),
    PageRoute(method="GET", path="/reference/{api}/{operation_id}", handler=show_operation, permission=Permission.READ),
    PageRoute(method="POST", path="/reference/{api}/{operation_id}", handler=try_operation, permission=Permission.READ),
)
