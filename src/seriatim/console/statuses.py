"""The status of a page that shows a failure."""

from collections.abc import Mapping

from seriatim.errors import Category, SeriatimError

STATUSES: Mapping[Category, int] = {
    Category.INVALID_VALUE: 422,
    Category.UNKNOWN_FIELD: 422,
    Category.MISSING_FIELD: 422,
    Category.INVALID_QUERY: 400,
    Category.INVALID_HEADER: 400,
    Category.MALFORMED: 400,
    Category.BROKEN_RULE: 409,
    Category.NOT_FOUND: 404,
    Category.UNAUTHENTICATED: 401,
    Category.FORBIDDEN: 403,
    Category.KEY_IN_PROGRESS: 409,
    Category.KEY_REUSED: 409,
    Category.CONFLICT: 409,
    Category.TOO_LARGE: 413,
    Category.METHOD_NOT_ALLOWED: 405,
    Category.NOT_SERVED: 404,
    Category.RATE_LIMITED: 429,
    Category.OVERLOADED: 503,
    Category.UNAVAILABLE: 503,
    Category.INTERNAL: 500,
}

TITLES: Mapping[int, str] = {
    400: "That request could not be understood",
    401: "Please sign in",
    403: "You may not do this",
    404: "Not found",
    405: "That is not how this page works",
    409: "That is not possible now",
    413: "That is too much at once",
    422: "Something is not right yet",
    429: "Too many attempts",
    500: "Something went wrong here",
    503: "The server is busy",
}


def status_of(error: SeriatimError) -> int:
    """The HTTP status that says what kind of failure it is."""
    return STATUSES[error.category]
