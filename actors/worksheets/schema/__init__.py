"""What a worksheet asks, and what answers come to. Pure; knows neither people nor entities.

fields.py     the schema as it is sent and stored
checking.py   is it one?
expressions/  the language of conditions, scores and alerts
showing.py    what is shown for given answers, and what is then there
answers.py    is a value an answer to a field? what is missing?
scoring.py    scores and their bands
change.py     has somebody changed between two scores, reliably?
verbatim.py   are the words, options and scores the same?
"""
