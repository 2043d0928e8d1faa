"""What others rely on: names, schemas, codes, and the files generated from them."""

import importlib
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

import bifocal
from bifocal import errors
from bifocal.contracts import RESULT, Document, Failure, Options, Report
from bifocal.errors import BifocalError, InternalError, by_code
from bifocal.models import check_models
from bifocal.schemas import PUBLISHED, schema
from bifocal.settings import Settings
from bifocal_gateway.exposure import check_exposure
from bifocal_gateway.openapi import openapi

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_published_schemas_are_those_of_the_code(name: str) -> None:
    published = ROOT / "docs" / "schemas" / f"{name}.schema.json"
    assert published.read_text("utf-8") == schema(name), "run `make generated`"


def test_no_published_schema_is_of_the_past() -> None:
    found = {path.name.removesuffix(".schema.json") for path in (ROOT / "docs" / "schemas").iterdir()}
    assert found == set(PUBLISHED)


def test_the_published_openapi_is_that_of_the_gateway() -> None:
    assert (ROOT / "docs" / "openapi.json").read_text("utf-8") == openapi(), "run `make generated`"


def test_every_public_name_is_there_and_sorted_for_the_eye() -> None:
    for name in bifocal.__all__:
        assert getattr(bifocal, name) is not None
    assert sorted(bifocal.__all__) == bifocal.__all__
    with pytest.raises(AttributeError, match="Clent"):
        bifocal.Clent  # noqa: B018


def test_the_command_line_client_is_imported_only_when_asked_for() -> None:
    assert "httpx" not in Path(importlib.import_module("bifocal").__file__ or "").read_text()


def all_errors() -> list[type[BifocalError]]:
    return [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BifocalError)
    ]


def test_every_error_has_a_code_of_its_own_and_stands_in_the_tree_of_the_docstring() -> None:
    codes = [kind.code for kind in all_errors()]
    assert len(set(codes)) == len(codes)
    for kind in all_errors():
        assert kind.__name__ in (errors.__doc__ or "")
        assert by_code(kind.code) is kind


def test_a_code_of_a_later_version_is_read_as_an_internal_error() -> None:
    assert by_code("not yet invented") is InternalError


def test_wire_types_refuse_names_they_do_not_know() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Document.model_validate({"id": "a", "text": "b", "txt": "c"})


def test_a_result_is_read_as_what_its_outcome_says() -> None:
    failure = Failure.model_validate({"id": "a", "error": {"code": "x", "message": "y", "retryable": False}})
    assert RESULT.validate_json(failure.model_dump_json()) == failure
    with pytest.raises(ValidationError, match="outcome"):
        RESULT.validate_python({"id": "a"})


def test_a_report_of_another_schema_version_is_refused() -> None:
    with pytest.raises(ValidationError, match="schema_version"):
        Report.model_validate({"schema_version": 2})


def test_models_outside_the_list_are_refused_with_the_list() -> None:
    own = Settings(static_models={"mine": "glove:x.txt"})
    check_models(own, Options(static_models=("mine",)))
    with pytest.raises(errors.UnknownModel, match="glove-6b-50d, mine"):
        check_models(own, Options(static_models=("other",)))


@pytest.mark.parametrize("field", ["static_threshold", "contextual_threshold", "window_overlap"])
def test_options_out_of_range_are_refused(field: str) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({field: 1.01})


ANY_ADDRESS = "0.0.0.0"  # noqa: S104


@pytest.mark.parametrize("host", [ANY_ADDRESS, "10.0.0.1", "example.org", "127.0.0.1", "localhost", "::1"])
def test_strangers_are_not_served_without_a_key(host: str) -> None:
    check_exposure(Settings(host=host, api_key=SecretStr("k")))
    if host in ("127.0.0.1", "localhost", "::1"):
        check_exposure(Settings(host=host))
    else:
        with pytest.raises(errors.Unauthorized, match="BIFOCAL_API_KEY"):
            check_exposure(Settings(host=host))
