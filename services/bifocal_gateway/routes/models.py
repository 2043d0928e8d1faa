"""`/v1/models` and `/v1/vocabulary`: what there is to compare with."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from bifocal.contracts import CompareRequest, Job, ModelInfo, ModelList, NeighbourList, Options, Report, Space
from bifocal.errors import UnknownWord, WorkerLost
from bifocal.models import EMBEDDINGS, contextual_models, static_models
from bifocal_gateway.caller import caller_of
from bifocal_gateway.gateway import Gateway
from bifocal_gateway.problems import PROBLEMS
from bifocal_gateway.single import answer

router = APIRouter(prefix="/v1", tags=["models"], responses=PROBLEMS)


@router.get("/models", response_model=ModelList)
def models(request: Request) -> ModelList:
    """The models that a job may name. A contextual one can be read at one of its layers, too, as
    `NAME:layer-N`."""
    gateway: Gateway = request.app.state.gateway
    usual = Options()
    contextual = list(contextual_models(gateway.settings))
    static = [*static_models(gateway.settings), *(f"{name}{EMBEDDINGS}" for name in contextual)]
    return ModelList(
        static=[ModelInfo(name=name, is_default=name in usual.static_models) for name in static],
        contextual=[ModelInfo(name=name, is_default=name in usual.contextual_models) for name in contextual],
    )


@router.get("/vocabulary/{word}/neighbours", response_model=NeighbourList)
async def neighbours(
    request: Request,
    word: Annotated[str, Path(min_length=1, max_length=200)],
    model: Annotated[str | None, Query(description="A static model; the default one without.")] = None,
    n: Annotated[int, Query(ge=1, le=50)] = 10,
    space: Annotated[Space, Query(description="Where cosines are from.")] = Space.COMMON_REMOVED,
) -> NeighbourList:
    """The words of a static model's vocabulary that are nearest to a word, by cosine."""
    gateway: Gateway = request.app.state.gateway
    options = Options(neighbours=n, static_space=space, permutations=0)
    if model is not None:
        options = options.model_copy(update={"static_models": (model,)})
    # The vectors lie with the static lens, which tells the neighbours of a document's words.
    found = await answer(gateway, CompareRequest(text=word, options=options), caller_of(request))
    if isinstance(found, Job):
        raise WorkerLost("no worker answered in time; try again later")
    (static,) = Report.model_validate_json(found).static
    if len(static.neighbours) != 1:
        raise UnknownWord(f"{static.model} has no vector for {word!r}, or it is not one word")
    ((key, near),) = static.neighbours.items()
    return NeighbourList(word=key, model=static.model, space=static.space, neighbours=near)
