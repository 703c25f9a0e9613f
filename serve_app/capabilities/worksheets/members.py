"""Members of what people send about worksheets and assignments."""

from typing import Annotated, Literal

from msgspec import Meta

from common.decoding import Id, Text
from common.lines import Line
from serve_app.edge.conventions.paging import LARGEST_PAGE

WorksheetId = Id
AssignmentId = Id
SeriesId = Id
FeedbackId = Id
ClarificationId = Id
Number = Annotated[int, Meta(ge=1, le=1_000_000)]
Title = Annotated[Line, Meta(min_length=1, max_length=200)]
Words = Annotated[Text, Meta(min_length=1, max_length=10_000)]
Reason = Annotated[Text, Meta(min_length=1, max_length=2000)]
Cursor = Annotated[
    str, Meta(max_length=512, description="`next_cursor` of the page before; without it, the first page.")
]
Limit = Annotated[int, Meta(ge=1, le=LARGEST_PAGE)]
Day = Annotated[str, Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", extra_json_schema={"format": "date"})]
Clock = Annotated[str, Meta(pattern=r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z")]
Key = Annotated[str, Meta(min_length=1, max_length=128)]
FieldKey = Annotated[
    str, Meta(pattern=r"\A[A-Za-z][A-Za-z0-9_]{0,63}(\.[a-z0-9]{1,12}\.[A-Za-z][A-Za-z0-9_]{0,63})?\Z")
]
Format = Literal["carewire", "fhir", "surveyjs"]
