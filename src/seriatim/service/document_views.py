"""Documents with what is shown beside them, each read as it stands at one moment."""

from seriatim.domain.client import Scope
from seriatim.domain.document_view import DocumentView, view_document, view_needs
from seriatim.domain.snapshot import Needs
from seriatim.service.ports import Store


async def find_view(store: Store, scope: Scope, key: str) -> DocumentView | None:
    """The document of this id or number, of whatever kind; None where there is none that the caller sees."""
    needs = Needs()
    view_needs(needs, scope.entity_id, key)
    snapshot = await store.read(needs)
    document = snapshot.document(scope.entity_id, key)
    if document is None or not scope.sees(document.org_id):
        return None
    return view_document(snapshot, document)
