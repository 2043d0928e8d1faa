"""pydantic's errors in one line that names the field."""

import pydantic


def first_error(error: pydantic.ValidationError) -> str:
    """The first of the errors, as `field: what is wrong`, without echoing the input."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
