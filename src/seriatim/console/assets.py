"""The static files, under an address that changes with them, so that browsers may keep them for good."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from seriatim.http.body import accepts_gzip, compress_answer

STATIC_PATH = "/console/static"
_CACHE = "public, max-age=31536000, immutable"
_MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    compressed: bytes
    media_type: str


class Assets:
    """All static files, in memory: some ten, of some 50 kB together."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        digest = hashlib.sha256()
        for path in sorted(files("seriatim.console").joinpath("static").iterdir(), key=lambda path: path.name):
            content = path.read_bytes()
            media_type = _MEDIA_TYPES[path.name.rpartition(".")[2]]
            self._files[path.name] = _File(content, compress_answer(content), media_type)
            digest.update(path.name.encode() + content)
        self._digest = digest.hexdigest()[:16]

    def url(self, name: str) -> str:
        """The address of a file.

        Raises: KeyError, for one that there is not.
        """
        if name not in self._files:
            raise KeyError(name)
        return f"{STATIC_PATH}/{self._digest}/{name}"

    def answer(self, request: Request) -> Response | None:
        """The file that a request asks for; None where it asks for none, or for one of another version."""
        digest, _, name = request.url.path.removeprefix(f"{STATIC_PATH}/").partition("/")
        found = self._files.get(name)
        if found is None or digest != self._digest:
            return None
        headers = {"cache-control": _CACHE, "vary": "accept-encoding"}
        if accepts_gzip(request.headers.get("accept-encoding", "").encode()):
            headers["content-encoding"] = "gzip"
            return Response(found.compressed, media_type=found.media_type, headers=headers)
        return Response(found.content, media_type=found.media_type, headers=headers)
