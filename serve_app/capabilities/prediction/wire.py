"""Between the routes' process and the predictor's: plain dictionaries, and errors as values.

An exception that crosses Ray becomes another class whose text holds a traceback; a value stays what it is.
"""

from common.errors import CarewireError, InvalidArgument
from ml.answers.recommend import AssessedPerson
from serve_app.capabilities.prediction.models import (
    ClassifyRequest,
    NextQuestionRequest,
    PredictRequest,
    RecommendRequest,
)
from serve_app.capabilities.prediction.service import PredictionService

Reply = dict[str, object]


async def call(service: PredictionService, method: str, body: Reply) -> Reply:
    """Run one method of the service. A refusal comes back as `{"error": <error object of the contract>}`."""
    try:
        if method == "predict":
            request = PredictRequest.model_validate(body)
            return await service.predict(request.asked_of(request.top_k))
        if method == "next_question":
            question = NextQuestionRequest.model_validate(body)
            return await service.next_question(question.asked_of(), question.asked)
        if method == "recommend":
            return _recommend(service, RecommendRequest.model_validate(body))
        if method == "model_card":
            return await service.model_card()
        if method == "classify_message":
            message = ClassifyRequest.model_validate(body)
            return service.messages.classify(message.text, message.task)
        if method == "model_info":
            return service.model_info()
        raise InvalidArgument("There is no such method.")
    except CarewireError as exc:
        return {"error": exc.to_wire()}


def _recommend(service: PredictionService, request: RecommendRequest) -> Reply:
    profile = request.profile
    person = AssessedPerson(
        age=profile.age,
        sex=profile.sex,
        pregnant=profile.pregnant,
        allergies=tuple(profile.allergies),
        medications=tuple(profile.medications),
        medical_history=tuple(profile.medical_history),
    )
    return service.recommend(request.condition, person)
