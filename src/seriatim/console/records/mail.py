"""Outgoing mail: what is on its way to customers, what did not get there and why, and sending it once more."""

from seriatim.auth.permissions import Permission
from seriatim.console.pages import PageRoute, Response, Visit
from seriatim.domain.commands.mails import RetryMail
from seriatim.domain.mail import MailStatus, OutgoingMail
from seriatim.domain.snapshot import Needs
from seriatim.errors import InvalidQuery, NotFound
from seriatim.service.ports import MailQuery

PAGE_MAILS = 25
RETRIED_STATUSES = frozenset({MailStatus.WAITING, MailStatus.FAILED})
"""Of the others one was sent, and one is in a mail server's hands."""


async def list_mails(visit: Visit) -> Response:
    """The mails of an entity, newest first, of one state or of all."""
    status = _chosen_status(visit)
    before = visit.query.get("before") or None
    mails = await visit.console.store.list_mails(
        MailQuery(
            entity_id=visit.entity.id,
            status=status,
            org_ids=visit.scope.org_ids,
            before=before,
            limit=PAGE_MAILS + 1,
        )
    )
    shown = mails[:PAGE_MAILS]
    pairs = {(mail.entity_id, mail.document_id) for mail in shown}
    documents = (await visit.console.store.read(Needs(documents=pairs))).documents
    return visit.page(
        "mail.html",
        mails=[(mail, documents.get(mail.document_id)) for mail in shown],
        chosen=status,
        tabs=[
            ("All", visit.path("mail"), status is None),
            *((each.capitalize(), visit.path("mail", status=each), each is status) for each in MailStatus),
        ],
        retried_statuses=RETRIED_STATUSES,
        is_first=before is None,
        newest_url=visit.path("mail", status=status),
        older_url=visit.path("mail", status=status, before=shown[-1].id) if len(mails) > PAGE_MAILS else None,
        can_send_mail=visit.console.can_send_mail,
    )


async def retry_mail(visit: Visit) -> Response:
    """Have a mail sent now, and as often as a new one."""
    mail = await _require_mail(visit)
    await visit.run(RetryMail(mail_id=mail.id, actor_id=visit.user.id))
    visit.console.mail_queued()
    return visit.redirect(visit.path("mail"), f"The mail to {', '.join(mail.recipients)} is sent anew.")


def _chosen_status(visit: Visit) -> MailStatus | None:
    """Raises: InvalidQuery."""
    wanted = visit.query.get("status") or None
    if wanted is not None and wanted not in set(MailStatus):
        raise InvalidQuery("status", wanted, f"choose one of {', '.join(MailStatus)}")
    return None if wanted is None else MailStatus(wanted)


async def _require_mail(visit: Visit) -> OutgoingMail:
    """The mail of the path, if it is of this entity and of a document that the user may see.

    Raises: NotFound.
    """
    mail_id, store = visit.params["mail_id"], visit.console.store
    mail = (await store.read(Needs(mails={mail_id}))).mails.get(mail_id)
    if mail is not None and mail.entity_id == visit.entity.id:
        pair = (mail.entity_id, mail.document_id)
        document = (await store.read(Needs(documents={pair}))).documents.get(mail.document_id)
        if document is not None and visit.scope.sees(document.org_id):
            return mail
    raise NotFound("mail", mail_id, "choose one of the list")


ROUTES = (
    PageRoute(method="GET", path="/e/{entity_id}/mail", handler=list_mails, permission=Permission.READ),
    PageRoute(
        method="POST", path="/e/{entity_id}/mail/{mail_id}/retry", handler=retry_mail, permission=Permission.ISSUE
    ),
)
