"""What FastAPI cannot tell of the routes by itself, for their OpenAPI description."""

from typing import Any

from fastapi import FastAPI

from bifocal.contracts import JobRequest
from bifocal_gateway.body import JSON, NDJSON
from bifocal_gateway.uploads import MULTIPART

_COMPONENT = "#/components/schemas/{model}"


def _part(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/JobRequest/properties/{name}"}


#: The parts of an upload.
_PARTS: dict[str, Any] = {
    "type": "object",
    "required": ["files"],
    "properties": {
        "files": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "format": "binary"},
            "description": "Files of any format that is read. Their documents go by their names, with the "
            "row (`#3`) or the member of an archive (`/letter.txt`).",
        },
        **{name: _part(name) for name in ("options", "terms", "deadline_s", "priority", "webhook")},
        "reading": {
            "type": "object",
            "properties": {
                name: {"type": "string", "maxLength": 200}
                for name in ("text_column", "id_column", "encoding")
            },
            "additionalProperties": False,
            "description": "Where it should not be guessed: the columns of texts and ids in tables, and the "
            "encoding of texts that are not UTF-8.",
        },
    },
    "additionalProperties": False,
}

_LINES = {
    "type": "string",
    "description": "A line with `options`, `terms`, `priority`, `webhook` and `deadline_s`, if any are "
    "wanted, and a line for each document. Of any length: it is never in memory as a whole.",
}

#: The body of `POST /v1/jobs`, which is read as it comes and so is no parameter of its function.
JOB_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": {"$ref": _COMPONENT.format(model="JobRequest")}},
            NDJSON: {"schema": _LINES},
            MULTIPART: {"schema": _PARTS},
        },
    }
}

#: What can be done with a job that was accepted.
JOB_LINKS = {
    name: {
        "operationRef": f"#/paths/~1v1~1jobs~1{{job_id}}{path.replace('/', '~1')}/{method}",
        "parameters": {"job_id": "$response.body#/id"},
    }
    for name, method, path in (
        ("look", "get", ""),
        ("events", "get", "/events"),
        ("results", "get", "/results"),
        ("summary", "get", "/summary"),
        ("export", "get", "/export"),
        ("cancel", "post", "/cancel"),
        ("retry", "post", "/retry"),
        ("delete", "delete", ""),
    )
}


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description, with bodies that no function takes and the key that requests carry."""
    found = FastAPI.openapi(app)
    components = found["components"]
    request = JobRequest.model_json_schema(ref_template=_COMPONENT)
    # Whatever is no document becomes a failure of the job, and the others go on.
    anything = {"description": "Anything else: it ends as a failure that says what is wrong with it."}
    documents = request["properties"]["documents"]
    documents["items"] = {"anyOf": [documents["items"], anything]}
    components["schemas"] |= request.pop("$defs", {}) | {"JobRequest": request}
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    # A gateway of one's own on one's own machine asks for none.
    found["security"] = [{"key": []}, {}]
    return found
