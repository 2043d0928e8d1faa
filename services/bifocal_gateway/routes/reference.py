"""`/docs`: the API to read and to try, without the internet."""

from importlib.resources import files

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

#: Swagger UI, as a package carries it; nothing is loaded from elsewhere.
_FILES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}

#: What the page is made of.
NAMES = (*_FILES, "start.js")

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>bifocal: the HTTP API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<div id="reference"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
"""

_START = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#reference", deepLinking: true});\n'

# Swagger UI styles its elements one by one; scripts are only those served here.
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"


@router.get("/docs", response_class=HTMLResponse)
def page() -> HTMLResponse:
    """The page."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/{name}")
def part(name: str) -> Response:
    """What the page is made of."""
    if name == "start.js":
        return Response(_START, media_type="text/javascript")
    if name not in _FILES:
        raise HTTPException(404)
    body = files("fastapi_offline").joinpath("static", name).read_bytes()
    return Response(body, media_type=_FILES[name], headers={"Cache-Control": "max-age=86400"})
