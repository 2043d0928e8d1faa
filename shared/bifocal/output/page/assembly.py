"""The parts of the page, joined into one file.

The script's and the style's hashes stand in the page's policy, so nothing else that may be in it can run
or change how it looks.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path

from bifocal.output.legend import Entry, Group, read_legend

#: In this order; all are in one function, so what one of them names the later ones may use.
_SCRIPTS = (
    *("elements", "data", "head", "views"),
    *("text", "panel", "summary", "tables", "pairs", "divergent", "models", "arcs"),
    *("batch", "chance", "start"),
)
_FOLDER = Path(__file__).parent
#: Whatever could end the element that holds the data, and what UTF-8 cannot write.
_UNSAFE = re.compile(r"[<>&\u2028\u2029\ud800-\udfff]")


def page_html(data: Mapping[str, object]) -> str:
    """The page that shows the data."""
    filled = {
        "policy": page_policy(),
        "style": _style(),
        "script": _script(),
        "legend": _legend(),
    }
    # Data come last, so that nothing in them is taken for a place to fill.
    before, _, after = _read("template.html").partition("{{data}}")
    for name, value in filled.items():
        before, after = (part.replace("{{" + name + "}}", value) for part in (before, after))
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return before + _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + after


def page_policy() -> str:
    """What may run and be shown in the page, as a Content-Security-Policy: its own script and style."""
    return (
        f"default-src 'none'; style-src '{_hash(_style())}'; script-src '{_hash(_script())}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _script() -> str:
    parts = [_read(f"script/{name}.js") for name in _SCRIPTS]
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"


def _style() -> str:
    return _read("style.css")


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _legend() -> str:
    legend = read_legend()
    title, caveat = escape(legend.caveat_title), escape(legend.caveat)
    return f'<div class="caveat"><h3>{title}</h3><p>{caveat}</p></div>' + "".join(map(_group, legend.groups))


def _group(group: Group) -> str:
    key = f'<span class="key {group.verdict}"></span>' if group.verdict else ""
    lead = f"<p>{escape(group.lead)}</p>" if group.lead else ""
    entries = "".join(map(_entry, group.entries))
    return f"<section><h3>{key}{escape(group.name)}</h3>{lead}<dl>{entries}</dl></section>"


def _entry(entry: Entry) -> str:
    # The script takes its tooltips from here, by the names of the figures it shows.
    shown = escape(" ".join(entry.shown))
    return f'<div data-shown="{shown}"><dt>{escape(entry.name)}</dt><dd>{escape(entry.says)}</dd></div>'
