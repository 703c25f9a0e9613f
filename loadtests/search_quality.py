"""How well search finds, beside plain tantivy on the same texts; and what its index tells to whoever has no key.

Known items: documents are bodies of documentation, queries their first lines (`loadtests/lib/texts.py`); what is looked
for is the body that belongs to the line. nDCG@10 and recall@100 of clean queries, of queries with a slip in two of five
long words, and of queries whose last word is cut to three fifths. One number more says how many of the rankings are the
same as those of plain tantivy over the same words.

The attack has the index, no key, and the frequencies of words in other texts of the same kind, which is more than any
list of a language's words. It takes the n-th most frequent token for the n-th most frequent word; with beginnings it
takes words for each other that stand as often and have beginnings that stand as often.
"""

import argparse
import asyncio
import math
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import tantivy
from tantivy import Occur, Query

from common.clock import SystemClock
from loadtests.lib.texts import SampleText, texts
from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.asking.reranking import MOST_CHARS, MOST_RANKED
from serve_app.capabilities.search.blind import Blinded, Blinder, IndexKey, beginnings
from serve_app.capabilities.search.engines.embedded.engine import TantivyEngine
from serve_app.capabilities.search.meaning.ranking import Ranking
from serve_app.capabilities.search.port import Filters, Generation, Key, Put
from serve_app.capabilities.search.process.index import ServingGeneration
from serve_app.capabilities.search.query import MOST_WORDS, parse

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
DEEP: Final = 100
LONG: Final = 6

Search = Callable[[str], Awaitable[list[int]]]


class StockEngine:
    """tantivy as it comes: words apart at what is no letter or digit, lower case, English stems."""

    def __init__(self, documents: Sequence[str], analyser: Analyser | None = None) -> None:
        """`analyser`: its words instead, as they are."""
        self._own = analyser
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("text", tokenizer_name="whitespace" if analyser else "en_stem", index_option="freq")
        builder.add_unsigned_field("id", fast=True)
        self.schema = builder.build()
        self._index = tantivy.Index(self.schema)
        self._words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.lowercase()).build()
        self._stem = (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(tantivy.Filter.stemmer("english")).build()
        )
        writer = self._index.writer(50_000_000, 1)
        for number, text in enumerate(documents):
            made = tantivy.Document()
            made.add_text("text", text if analyser is None else " ".join(self._stems(text)))
            made.add_unsigned("id", number)
            writer.add_document(made)
        writer.commit()
        self._index.reload()
        self._searcher = self._index.searcher()

    async def clean(self, text: str) -> list[int]:
        """One of the words."""
        return self._find([self._term(stem) for stem in self._asked(text)])

    async def fuzzy(self, text: str) -> list[int]:
        """Words that are nowhere, at a distance of one."""
        return self._find([self._near(stem) for stem in self._asked(text)])

    async def begun(self, text: str) -> list[int]:
        """The last word as a beginning."""
        *words, last = self._parts(text)
        begins = Query.fuzzy_term_query(self.schema, "text", last, 0, prefix=True)
        return self._find([*(self._term(stem) for stem in self._asked(" ".join(words))), begins])

    def _near(self, stem: str) -> Query:
        if self._searcher.doc_freq("text", stem):
            return self._term(stem)
        return Query.fuzzy_term_query(self.schema, "text", stem, 1)

    def _term(self, stem: str) -> Query:
        return Query.term_query(self.schema, "text", stem, "freq")

    def _parts(self, text: str) -> list[str]:
        return self._words.analyze(text) if self._own is None else self._own.words(text)

    def _stems(self, text: str) -> list[str]:
        if self._own is not None:
            return [form for word in self._own.words(text) for form in self._own.forms(word)]
        return [stem for word in self._parts(text) for stem in self._stem.analyze(word)]

    def _asked(self, text: str) -> list[str]:
        return list(dict.fromkeys(self._stems(text)))  # a word that is typed twice counts once, here and there

    def _find(self, queries: Sequence[Query]) -> list[int]:
        asked = Query.boolean_query([(Occur.Should, query) for query in queries])
        found = self._searcher.search(asked, DEEP, count=False).hits
        return [int(n or 0) for n in self._searcher.fast_field_values("id", [address for _, address in found])]


class OwnEngine:
    """The engine of the process, over tokens."""

    def __init__(self, engine: TantivyEngine, blinder: Blinder) -> None:
        self._asked = ServingGeneration(engine, blinder)

    async def clean(self, text: str, *, typeahead: bool = False) -> list[int]:
        """As a caller's query is asked."""
        query = parse(text, self._asked.analyser, typeahead=typeahead)
        found, _ = await self._asked.propose(query, Filters(), every=False, sort="relevance", limit=DEEP)
        return [int(hit.key.id) for hit in found.hits]

    async def begun(self, text: str) -> list[int]:
        """While it is typed."""
        return await self.clean(text, typeahead=True)


class Meant:
    """The first ones of another search in the order of what they mean, as `CAREWIRE_SEARCH__RERANK` has it; nobody is
    in a hurry here."""

    def __init__(self, ours: OwnEngine, bodies: Sequence[str]) -> None:
        self._ours, self._bodies, self._ranking = ours, bodies, Ranking()

    async def clean(self, text: str) -> list[int]:
        """As a caller's query is asked."""
        found = await self._ours.clean(text)
        first = found[:MOST_RANKED]
        places = await self._ranking.order(text, [self._bodies[number][:MOST_CHARS] for number in first])
        return [*(first[place] for place in places), *found[MOST_RANKED:]]


def slipped(text: str, dice: random.Random) -> str:
    """One slip in two of five long words."""

    def slip(word: str) -> str:
        if len(word) < LONG or not word.isalpha() or dice.random() > 0.4:
            return word
        at, letter = dice.randrange(1, len(word) - 1), dice.choice(LETTERS)
        swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        return dice.choice([word[:at] + word[at + 1 :], word[:at] + letter + word[at:], swapped])

    return " ".join(map(slip, text.split()))


def cut(text: str) -> str:
    """The last word to three fifths."""
    *words, last = text.rstrip(".").split()
    return " ".join([*words, last[: max(3, math.ceil(0.6 * len(last)))]])


async def score(search: Search, queries: Sequence[tuple[int, str]]) -> tuple[float, float, list[list[int]]]:
    """nDCG@10, recall@100, and the rankings."""
    ranked = [(wanted, await search(text)) for wanted, text in queries]
    places = [found.index(wanted) if wanted in found else DEEP for wanted, found in ranked]
    gain = sum(1 / math.log2(place + 2) for place in places if place < 10) / len(places)
    return gain, sum(place < DEEP for place in places) / len(places), [found for _, found in ranked]


async def quality(found: Sequence[SampleText], count: int, folder: Path, *, rerank: bool) -> None:
    """The table."""
    bodies, analyser, dice = [text.body for text in found], Analyser(), random.Random(7)
    blinder = Blinder(IndexKey("k1", bytes(range(32))), analyser)
    engine = TantivyEngine(folder, SystemClock())
    await engine.start()
    await engine.create(Generation(1, "k1", "1"))
    await engine.swap(1)
    blinded = [blinder.document([], [body], beginnings_of_texts=True) for body in bodies]
    await engine.apply(
        [
            Put(key=Key("t", str(n)), version=1, at=n, words=one.words, beginnings=one.beginnings)
            for n, one in enumerate(blinded)
        ]
    )
    plain, same, ours = StockEngine(bodies), StockEngine(bodies, analyser), OwnEngine(engine, blinder)
    fits = [
        n for n, text in enumerate(found) if len(text.title) < 200 and len(analyser.words(text.title)) <= MOST_WORDS - 2
    ]
    clean = [(n, found[n].title) for n in dice.sample(fits, min(count, len(fits)))]
    slips, ends = [(n, slipped(text, dice)) for n, text in clean], [(n, cut(text)) for n, text in clean]
    print(f"{len(bodies)} texts, {len(clean)} queries{'':24} nDCG@10  recall@100")
    rankings = {}
    meant = Meant(ours, bodies)
    by_meaning = (("clean: search, by meaning", meant.clean, clean), ("slips: search, by meaning", meant.clean, slips))
    for title, search, queries in (
        ("clean: plain tantivy, its own words", plain.clean, clean),
        ("clean: plain tantivy, our words", same.clean, clean),
        ("clean: search", ours.clean, clean),
        ("slips: plain tantivy, no help", plain.clean, slips),
        ("slips: plain tantivy, fuzzy at 1", plain.fuzzy, slips),
        ("slips: search", ours.clean, slips),
        ("cut: plain tantivy, as a beginning", plain.begun, ends),
        ("cut: search, while it is typed", ours.begun, ends),
        *(by_meaning if rerank else ()),
    ):
        gain, recall, rankings[title] = await score(search, queries)
        print(f"  {title:42} {gain:8.3f} {recall:10.3f}", flush=True)
    pairs = list(zip(rankings["clean: plain tantivy, our words"], rankings["clean: search"], strict=True))
    print(f"  the first ten the same as plain tantivy's over our words: {sum(a[:10] == b[:10] for a, b in pairs)}")
    print(f"  the first hundred: {sum(a == b for a, b in pairs)} of {len(pairs)}")
    _tell_why([text for (_, text), (a, b) in zip(clean, pairs, strict=True) if a[:10] != b[:10]], bodies, analyser)
    await engine.close()


def _tell_why(differing: Sequence[str], bodies: Sequence[str], analyser: Analyser) -> None:
    """What is it in queries that makes the first ten other ones?"""
    known = {form for body in bodies for word in analyser.words(body) for form in analyser.forms(word)}
    why: Counter[str] = Counter()
    for text in differing:
        words = analyser.words(text)
        if any(known.isdisjoint(analyser.forms(word)) for word in words):
            why["a word that no text has, taken for its neighbours"] += 1
        elif any(analyser.stops(word) for word in words):
            why["words of every text, which find nothing alone"] += 1
        else:
            why["anything else"] += 1
    for reason, count in why.most_common():
        print(f"    other first ten because of {reason}: {count}")


def _asks(title: str) -> bool:
    """Is it words alone, with no sign that means something in a query?"""
    return len(title) < 200 and all(sign.isalnum() or sign in " ,.'" for sign in title)


def attack(found: Sequence[SampleText]) -> None:
    """How many of the most frequent words does somebody name right who has the index and no key?"""
    analyser = Analyser()
    blinder = Blinder(IndexKey("k1", bytes(range(32))), analyser)
    theirs, ours = found[1::2], found[::2]
    known = Counter(form for text in theirs for form in _forms(text, analyser))
    truth = {blinder.token("words", form): form for text in ours for form in _forms(text, analyser)}
    blinded = [blinder.document([], [text.body], beginnings_of_texts=True) for text in ours]
    seen = Counter(token for one in blinded for token in set(one.words))
    tokens, words = [token for token, _ in seen.most_common(1_000)], [word for word, _ in known.most_common(1_000)]
    ranked = dict(zip(tokens, words, strict=True))
    print(f"attack on {len(ours)} texts with the frequencies of {len(theirs)} others:")
    _tell("by frequency alone", ranked, truth, tokens)
    begun = Counter(one for text in theirs for one in {b for w in _words(text, analyser) for b in beginnings(w)})
    seen_begun = Counter(token for one in blinded for token in one.beginnings)
    near = np.array([_traits(known[word], [begun[one] for one in beginnings(word)]) for word in words])
    far = np.array([_traits(seen[token], _shared(token, blinded, seen_begun)) for token in tokens])
    _tell("with beginnings of texts", _nearest(tokens, words, far, near), truth, tokens)


def _words(text: SampleText, analyser: Analyser) -> set[str]:
    return set(analyser.words(text.body))


def _forms(text: SampleText, analyser: Analyser) -> set[str]:
    return {form for word in _words(text, analyser) for form in analyser.forms(word)}


def _shared(token: str, blinded: Sequence[Blinded], counts: Counter[str]) -> list[int]:
    """How often the beginnings stand that are wherever a word is, and not everywhere else: its own, most of them."""
    inside = [set(one.beginnings) for one in blinded if token in one.words]
    shared = set.intersection(*inside)
    return [counts[one] for one in shared if counts[one] <= 8 * len(inside)]


def _traits(count: int, begun: Sequence[int]) -> list[float]:
    """What of a word can be compared: how often it stands, and the rarest of its beginnings; how many those are."""
    rarest = [math.log(one + 1) for one in sorted(begun)[:3]]
    return [2 * math.log(count + 1), *rarest, *[0.0] * (3 - len(rarest)), 0.3 * len(begun)]


def _nearest(tokens: Sequence[str], words: Sequence[str], far: "np.ndarray", near: "np.ndarray") -> dict[str, str]:
    """Pairs, the most alike first, each once."""
    apart = np.abs(far[:, None, :] - near[None, :, :]).sum(axis=2)
    named: dict[str, str] = {}
    taken: set[int] = set()
    for place in np.argsort(apart, axis=None):
        row, column = divmod(int(place), len(words))
        if tokens[row] not in named and column not in taken:
            named[tokens[row]] = words[column]
            taken.add(column)
    return named


def _tell(title: str, named: dict[str, str], truth: dict[str, str], tokens: Sequence[str]) -> None:
    right = [truth[token] == named.get(token) for token in tokens]
    print(f"  {title:42} {sum(right[:20]):3} of 20 {sum(right[:100]):4} of 100 {sum(right):5} of {len(tokens)}")


def main() -> int:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--rerank", action="store_true", help="by meaning too; needs the extra `rerank`")
    parser.add_argument("--quick", action="store_true", help="few texts: does it work?")
    args = parser.parse_args()
    found = texts()
    found = found[:400] if args.quick else found
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(quality(found, 30 if args.quick else args.queries, Path(folder), rerank=args.rerank))
    attack(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
