"""REST routes of the symptom model. They parse, ask the predictor and answer; no torch and no rule lives here."""

from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.params import Depends
from fastapi.responses import HTMLResponse, StreamingResponse

from common.errors import error_of
from ml.answers.screening import score
from serve_app.capabilities.capability import Predictor
from serve_app.capabilities.prediction.batch import MEDIA_TYPE, lines_of, scored
from serve_app.capabilities.prediction.models import (
    Answers,
    ClassifyRequest,
    ClassifyResponse,
    NextQuestionRequest,
    PredictRequest,
    PredictResponse,
    RecommendRequest,
)

Reply = dict[str, object]


def prediction_routes(predictor: Predictor, dependencies: Sequence[Depends] = ()) -> APIRouter:
    """The routes under `/api/ml`. `dependencies` is where the application puts its check of the caller."""
    router = APIRouter(prefix="/api/ml", tags=["ml"], dependencies=list(dependencies))

    @router.post("/predict", operation_id="predict", response_model=PredictResponse, response_model_exclude_unset=True)
    async def predict(request: PredictRequest) -> Reply:
        """Possible conditions with calibrated probabilities, under red flags and triage that stand above the model."""
        return _result(await predictor.ask("predict", request.model_dump()))

    @router.post(
        "/predict-batch",
        operation_id="predict_batch",
        response_class=StreamingResponse,
        responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}},
        openapi_extra={"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": {}}}}},
    )
    async def predict_batch(request: Request) -> StreamingResponse:
        """Up to 500 predictions, one request a line (NDJSON), each as `predict`. Answers come line by line, in order:
        `{line, of, answer}`, or `{line, of, error}` for one that is refused; `line` of `of` is the progress."""
        lines = lines_of(await request.body())
        return StreamingResponse(scored(predictor, lines), media_type=MEDIA_TYPE)

    @router.post("/recommend", operation_id="recommend")
    async def recommend(request: RecommendRequest) -> Reply:
        """Options to discuss with a clinician, filtered for this person; what is ruled out says why."""
        return _result(await predictor.ask("recommend", request.model_dump()))

    @router.post("/next-question", operation_id="next_question")
    async def next_question(request: NextQuestionRequest) -> Reply:
        """The question whose answer is expected to tell most, or `enough`."""
        return _result(await predictor.ask("next_question", request.model_dump()))

    @router.post("/screening/{instrument}", operation_id="screen")
    async def screening(instrument: Literal["phq9", "gad7"], request: Answers) -> Reply:
        """Score of a questionnaire, its band, and the safety path of PHQ-9's item 9."""
        return score(instrument, request.answers) | {"difficulty": request.difficulty}

    @router.get("/model", operation_id="get_model")
    async def model() -> Reply:
        """The model in service, its figures, and how the cache does."""
        return _result(await predictor.ask("model_info", {}))

    @router.get("/model/card", operation_id="get_model_card", response_class=HTMLResponse)
    async def card() -> HTMLResponse:
        """The card of the model in service, as a page: what it is for, its figures by situation, where it must not be
        trusted."""
        return HTMLResponse(str(_result(await predictor.ask("model_card", {}))["html"]))

    return router


def message_routes(predictor: Predictor, dependencies: Sequence[Depends] = ()) -> APIRouter:
    """What staff and moderation ask about messages. Who may is another question than for the symptom model."""
    router = APIRouter(prefix="/api/ml", tags=["ml"], dependencies=list(dependencies))

    @router.post(
        "/classify-message",
        operation_id="classify_message",
        response_model=ClassifyResponse,
        response_model_exclude_unset=True,
    )
    async def classify_message(request: ClassifyRequest) -> Reply:
        """What a message wants, or whether it speaks of harm: rules first, then a model that only raises."""
        return _result(await predictor.ask("classify_message", request.model_dump()))

    return router


def _result(reply: Reply) -> Reply:
    error = reply.get("error")
    if isinstance(error, dict):
        raise error_of(
            str(error["code"]),
            str(error["message"]),
            retry_after_s=error.get("retry_after"),
            details=error.get("details"),
        )
    return reply
