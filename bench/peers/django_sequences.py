"""django-sequences, in process and without HTTP: a number and a document row in one transaction.

`python -m bench.peers.django_sequences postgresql://… CALLERS SECONDS`, or the path of an SQLite file, which is then
tuned as Django's own documentation advises for writing from many threads: immediate transactions and the write-ahead
log.
"""

import sys
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, models, transaction

from bench.peers.closed_loop import BODY, report, run_threads

PRAGMAS = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
LOCK_SECONDS = 60


def database_of(target: str) -> dict[str, Any]:
    """Django's settings of the database."""
    if not target.startswith("postgresql:"):
        options = {"transaction_mode": "IMMEDIATE", "timeout": LOCK_SECONDS, "init_command": PRAGMAS}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": target, "CONN_MAX_AGE": None, "OPTIONS": options}
    parts = urlsplit(target)
    host = parts.hostname or parse_qs(parts.query).get("host", [""])[0]
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.strip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": parts.port or "",
        "CONN_MAX_AGE": None,
    }


def main() -> None:
    """Prepare the tables, run, check that the numbers have no gap, and report."""
    target, callers, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    settings.configure(
        DATABASES={"default": database_of(target)},
        INSTALLED_APPS=["sequences"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()
    from sequences import get_next_value  # noqa: PLC0415 - only once Django is set up

    class Document(models.Model):  # noqa: DJ008 - nobody reads its name
        number = models.CharField(max_length=32, unique=True)
        body = models.TextField()

        class Meta:
            app_label = "bench"
            db_table = "bench_documents"

    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Document)

    def issue() -> None:
        with transaction.atomic():
            number = get_next_value("credit-memo")
            Document.objects.create(number=f"CM{number:08d}", body=BODY)

    def prepare() -> Any:
        connection.ensure_connection()
        return issue

    issue()
    found = run_threads("django-sequences", callers, seconds, prepare)
    numbers = sorted(int(number[2:]) for number in Document.objects.values_list("number", flat=True))
    assert numbers == list(range(1, found.documents + 2)), "the numbers have a gap"
    report(found)


if __name__ == "__main__":
    main()
