"""The language of conditions, scores and alerts. It means what SurveyJS means by the same words.

tokens.py      text to words
parser.py      words to a tree, and what of it is refused
values.py      what JavaScript makes of two values
comparing.py   what is equal, greater, contained
evaluator.py   a tree, with answers, to a value
"""
