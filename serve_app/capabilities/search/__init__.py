"""Search: an index that knows no word, and hits that are opened with the rights of the moment.

Texts to words, words to keyed hashes, questions to parts and trees; pure: `analysis`, `stopwords`, `blind`, `query`,
`slips`, `trying`. What an engine is asked: `port`; the engines: `engines`. `sources`: one file a type: what is indexed
of it, who may see it, how it is opened. `process`: what runs in the search process. `asking`: an answer, page by page.
`doors`: operations, requests, answers. What administrators do: `upkeep`, and `connectors` for what takes long.
"""
