"""Sets a page as a PDF with typst. It runs in the process of `worker.py`; others call `document.render`."""

import json
from functools import cache
from importlib.resources import files

import typst

from seriatim.render.content import content_of
from seriatim.render.page import Page

FONT_PACKAGE = "fontpkg_noto_sans"
"""Carries Noto Sans (SIL Open Font License): Latin, Greek, Cyrillic, Devanagari, and the signs of the currencies."""
FAMILIES = (
    "Noto Sans",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Thai",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "Noto Sans CJK TC",
    "DejaVu Sans",
    "Libertinus Serif",
    "DejaVu Sans Mono",
)
"""Tried in this order for each character. Noto Sans and the last two are always there, the others on some systems.

A character that none has is looked for in all other fonts of the system, and at last shown as an empty box.
"""


@cache
def compiler() -> tuple[typst.Compiler, bytes, str]:
    """The compiler with its fonts, the template, and as JSON the families that there are; made once a process."""
    fonts = typst.Fonts(font_paths=[str(files(FONT_PACKAGE).joinpath("files"))])
    there = set(fonts.families())
    families = json.dumps([family for family in FAMILIES if family in there])
    template = files("seriatim.render").joinpath("document.typ").read_bytes()
    return typst.Compiler(font_paths=fonts), template, families


def typeset(page: Page) -> bytes:
    """The page as a PDF. Values reach the template as JSON, and are shown, never read as markup."""
    typesetter, template, families = compiler()
    inputs = {"page": json.dumps(content_of(page)), "families": families}
    document = typesetter.compile(input=template, format="pdf", sys_inputs=inputs)
    if not isinstance(document, bytes):
        raise TypeError(f"a PDF is bytes, and not {type(document).__name__}")
    return document
