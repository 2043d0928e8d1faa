"""The component `bifocal_relations`: a batch of documents is a job."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Any, Literal

import pydantic
from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc

from bifocal import errors
from bifocal.contracts import Document, Failure, Options, Report
from bifocal.errors import BifocalError, InternalError, InvalidOptions
from bifocal.spacy.deployment import Deployment
from bifocal.spacy.relations import forget, put_error, put_report, register_extensions

#: What becomes of a document without a report: `raise` leaves it to the pipeline's error handler, which by
#: spaCy's default raises; `keep` lets it go on with `Doc._.bifocal_error`.
OnError = Literal["raise", "keep"]

register_extensions()


class RelationsComponent(Pipe):
    """Gives documents their relations by a deployment, or by a stack of this process.

    Raises:
        InvalidOptions: the options cannot be read.
    """

    def __init__(
        self,
        name: str = "bifocal_relations",
        *,
        url: str | None = None,
        api_key: str | None = None,
        options: dict[str, Any] | None = None,
        terms: Iterable[str] = (),
        on_error: OnError = "raise",
    ) -> None:
        self.name = name
        self._url, self._api_key = url, api_key
        self._options = _checked(options or {})
        self._terms = tuple(terms)
        self._on_error = on_error
        self._deployment = Deployment(url, api_key)

    def __reduce__(self) -> tuple[Any, ...]:
        """For processes that spaCy starts: they connect for themselves."""
        chosen = self._options.model_dump(mode="json", exclude_unset=True)
        made = partial(
            RelationsComponent,
            self.name,
            url=self._url,
            api_key=self._api_key,
            options=chosen,
            terms=self._terms,
            on_error=self._on_error,
        )
        handler = self.__dict__.get("error_handler")
        return made, (), None if handler is None else {"error_handler": handler}

    def __call__(self, doc: Doc) -> Doc:
        """Give one document its relations."""
        for outcome in self._outcomes([doc]):
            error = self._put(doc, outcome)
            if error is not None:
                raise error
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 1000) -> Iterator[Doc]:
        """Give documents their relations; each `batch_size` of them are a job, read as its reports come."""
        docs = iter(stream)
        while batch := list(islice(docs, batch_size)):
            for doc, outcome in zip(batch, self._outcomes(batch), strict=True):
                error = self._put(doc, outcome)
                if error is None:
                    yield doc
                else:
                    self.get_error_handler()(self.name, self, [doc], error)

    def _put(self, doc: Doc, outcome: Report | BifocalError | None) -> BifocalError | None:
        """Keep what became of a document; an error that is not kept is returned."""
        forget(doc)
        if isinstance(outcome, Report):
            put_report(doc, outcome)
        elif outcome is not None and self._on_error == "raise":
            return outcome
        elif outcome is not None:
            put_error(doc, outcome)
        return None

    def _outcomes(self, docs: list[Doc]) -> Iterator[Report | BifocalError | None]:
        """How each document ends, in order; None for one without text, of which there is nothing to say."""
        asked = {str(place): doc.text for place, doc in enumerate(docs) if doc.text.strip()}
        found: dict[str, Report | BifocalError] = {}
        with closing(self._results(asked)) as results:
            for name in map(str, range(len(docs))):
                try:
                    # What was refused at acceptance comes first, the others in the order of the documents.
                    while name in asked and name not in found:
                        result = next(results)
                        found[result.id] = _outcome(result)
                except BifocalError as error:
                    # The job as a whole.
                    found = {**dict.fromkeys(asked, error), **found}
                yield found.pop(name, None)

    def _results(self, texts: dict[str, str]) -> Generator[Report | Failure, None, None]:
        if texts:
            documents = (Document(id=name, text=text) for name, text in texts.items())
            client = self._deployment.client()
            yield from client.compare(documents, self._options, self._terms)
        raise InternalError("the job has ended without a result for each of its documents")


@Language.factory(
    "bifocal_relations",
    assigns=["doc._.bifocal", "doc._.bifocal_error", "doc._.relations", "token._.relations"],
    default_config={"url": None, "api_key": None, "options": {}, "terms": [], "on_error": "raise"},
)
def make_relations(
    nlp: Language,
    name: str,
    url: str | None,
    api_key: str | None,
    options: dict[str, Any],
    terms: list[str],
    on_error: OnError,
) -> RelationsComponent:
    """The component, with the word rules of the pipeline's language unless the options name another."""
    return RelationsComponent(
        name,
        url=url,
        api_key=api_key,
        options={"language": nlp.lang, **options},
        terms=terms,
        on_error=on_error,
    )


def _checked(options: dict[str, Any]) -> Options:
    try:
        return Options.model_validate(options)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise InvalidOptions(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None


def _outcome(result: Report | Failure) -> Report | BifocalError:
    if isinstance(result, Report):
        return result
    return errors.by_code(result.error.code)(result.error.message)
