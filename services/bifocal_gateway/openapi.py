"""The OpenAPI description: `python -m bifocal_gateway.openapi docs/openapi.json` writes it."""

import json
import sys
from pathlib import Path

from bifocal.settings import Settings
from bifocal_gateway.app import create_app


def openapi() -> str:
    """The description, as its file holds it."""
    return json.dumps(create_app(Settings()).openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(openapi(), "utf-8")
