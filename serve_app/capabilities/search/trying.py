"""Words of a query that are in nothing the caller may read, and the words at one slip that are in something. They are
tried, all of them: made, stemmed, hashed, and looked up."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

from serve_app.capabilities.search import slips
from serve_app.capabilities.search.blind import Blinder
from serve_app.capabilities.search.port import Counter, Filters, Term
from serve_app.capabilities.search.query import SearchQuery, Word

MOST_TRIED: Final = 2_500  # words at one slip, of one query


async def instead(
    query: SearchQuery,
    blinder: Blinder,
    engine: Counter,
    filters: Filters,
    unread: Collection[str] = (),
    *,
    nowhere: bool = False,
) -> Mapping[str, Sequence[str]]:
    """For each such word, those that it may stand for. Which of them are in hits is seen when those are opened.
    `unread`: words that are such, though documents of `filters` have them. `nowhere`: only those that no document has,
    whoever may read it; that is seen at once, where the others cost a search each.

    Raises:
        Unavailable: the engine does not answer.
    """
    words = [part.text for part in query.wanted if isinstance(part, Word) and not blinder.analyser.stops(part.text)]
    terms = {word: blinder.terms(word) for word in words}
    wanted = list(dict.fromkeys(term for word in words for term in terms[word]))
    known = await engine.occurring(wanted) if nowhere else await engine.count(wanted, filters)
    unknown = [word for word in words if word in unread or not any(term in known for term in terms[word])]
    if not unknown:
        return {}
    tried = {word: _tried(word, blinder) for word in _within_budget(unknown)}
    exist = await engine.count(list({term for terms_ in tried.values() for term in terms_}), filters)
    found = {
        word: sorted({one for term, ones in terms_.items() if term in exist for one in ones})
        for word, terms_ in tried.items()
    }
    return {word: ones for word, ones in found.items() if ones}


def _within_budget(words: Iterable[str]) -> list[str]:
    """The longest are left out first: what a query costs is bounded, whatever it holds."""
    taken, left = list[str](), MOST_TRIED
    for word in sorted(words, key=len):
        cost = sum(1 for _ in islice(slips.neighbours(word), left + 1))
        if cost > left:
            break
        left -= cost
        taken.append(word)
    return taken


def _tried(word: str, blinder: Blinder) -> dict[Term, list[str]]:
    """The words at one slip by the terms that they are found by."""
    forms: dict[str, list[str]] = {}
    for one in dict.fromkeys(slips.neighbours(word)):
        for form in blinder.analyser.stems(one):
            forms.setdefault(form, []).append(one)
    return {Term(blinder.token("words", form)): ones for form, ones in forms.items()}
