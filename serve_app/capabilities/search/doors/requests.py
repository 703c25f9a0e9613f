"""What clients may ask of search."""

from typing import Annotated, Final, Literal

from msgspec import Meta

from common.decoding import Id, Instant, Request, ShortText, Text

MOST_CHARS: Final = 256
Words = Annotated[Text, Meta(max_length=MOST_CHARS, description='Words, `"a phrase"`, `-not`, `begin*`.')]
Types = Annotated[str, Meta(max_length=128, description="One or several, with commas; without it, all there are.")]
Facets = Annotated[
    str,
    Meta(
        max_length=128,
        description="`type`, `room_id`, `sender_id`, `status`, `month`; of therapists `service_id`, `language`, "
        "`format`, `next_free`.",
    ),
]
Cursor = Annotated[str, Meta(max_length=512, description="`next_cursor` of the page before.")]
Limit = Annotated[int, Meta(ge=1, le=50)]
Has = Literal["file", "image", "link", "mention"]
Format = Literal["video", "in_person", "phone"]
Sort = Literal["relevance", "newest", "oldest"]
Relation = Literal["client_client", "therapist_therapist", "client_therapist"]


class Ask(Request, frozen=True, kw_only=True, rename={"since": "from", "until": "to"}):
    """A question over everything that the caller may see. `all`: every word must be there; `exact`: as it is written,
    but for case; `typeahead`: the last word has only begun. `language`, `format`, `free_before`: of therapists."""

    q: Words | None = None
    type: Types | None = None
    all: bool = False
    exact: bool = False
    typeahead: bool = False
    since: Instant | None = None
    until: Instant | None = None
    room_id: Id | None = None
    sender_id: Id | None = None
    has: Has | None = None
    therapist_id: Id | None = None
    client_id: Id | None = None
    status: ShortText | None = None
    service_id: Id | None = None
    file_type: ShortText | None = None
    relation: Relation | None = None
    language: ShortText | None = None
    format: Format | None = None
    free_before: Instant | None = None
    facets: Facets | None = None
    sort: Sort = "relevance"
    break_glass: Id | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class AskRoom(Request, frozen=True, kw_only=True, rename={"since": "from", "until": "to"}):
    """The same in one conversation."""

    room_id: Id
    q: Words | None = None
    all: bool = False
    exact: bool = False
    typeahead: bool = False
    since: Instant | None = None
    until: Instant | None = None
    sender_id: Id | None = None
    has: Has | None = None
    facets: Facets | None = None
    sort: Sort = "relevance"
    break_glass: Id | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class Suggest(Request, frozen=True, kw_only=True):
    """What somebody may be about to write."""

    q: Annotated[Text, Meta(min_length=1, max_length=MOST_CHARS)]
    type: Types | None = None


class NoMembers(Request, frozen=True):
    """Nothing to say."""


class CheckIndex(Request, frozen=True, kw_only=True):
    """Compare the index with its sources. `repair`: and put right what is wrong."""

    repair: bool = False
