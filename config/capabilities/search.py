"""Search: which engine keeps the index, and what is in it."""

from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from config.section import SettingsSection
from config.values import HttpUrl
from config.wellknown import KnownAs

_LANGUAGES: Final = ("english",)


class SearchSettings(SettingsSection):
    """The index, and the process that keeps it."""

    engine: Literal["tantivy", "elasticsearch"] = Field(
        default="tantivy", description="What keeps the index: a library in the search process, or Elasticsearch 9."
    )
    elasticsearch_url: Annotated[HttpUrl | None, KnownAs("ELASTICSEARCH_URL")] = Field(
        default=None, description="Where Elasticsearch listens. Needed where it keeps the index."
    )
    elasticsearch_api_key: SecretStr | None = Field(default=None, description="API key of Elasticsearch.")
    elasticsearch_index: str = Field(
        default="carewire",
        pattern=r"^[a-z][a-z0-9_-]{0,63}$",
        description="What the indexes in Elasticsearch are called at their beginning.",
    )
    languages: Annotated[tuple[str, ...], NoDecode] = Field(
        default=_LANGUAGES,
        min_length=1,
        max_length=4,
        description="Languages whose forms of words are known, comma-separated: english, german, french, ...",
    )
    rerank: bool = Field(
        default=False,
        description="Put the first 20 hits in the order of what they mean. Needs the packages of the extra `rerank`.",
    )
    prefixes: Literal["all", "names"] = Field(
        default="all", description="Of what beginnings of words are found: names and titles, or texts as well."
    )

    @field_validator("languages", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(one.strip(' "[]').lower() for one in value.split(",") if one.strip(' "[]'))
