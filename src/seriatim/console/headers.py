"""The headers of every page: nothing is loaded from elsewhere, nothing runs that we did not write, nothing is kept."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_FRAMES = "; frame-src 'self'"
_FRAMED_POLICY = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
"""Of a file within a page: browsers put it into a small page of their own, which has styles."""
_SAFETY = {
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def page_headers(*, frames: bool = False) -> dict[str, str]:
    """The headers of a page; `frames`: it shows another one of ours within itself."""
    return {**_SAFETY, "content-security-policy": _POLICY + _FRAMES if frames else _POLICY}


def frame_headers() -> dict[str, str]:
    """The headers of a file that is shown within a page of ours."""
    return {**_SAFETY, "content-security-policy": _FRAMED_POLICY}
