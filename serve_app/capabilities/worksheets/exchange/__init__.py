"""Worksheets in other formats, and back. What cannot be kept is named, never dropped in silence.

exchanging.py  which format is read and written how
report.py      what was kept, and what could not be
carewire.py    our own format
codes.py       FHIR's codes, which its shapes do not check
fhir.py        a Questionnaire (R4)
items.py       its items
kinds.py       what an item is here, and what of it is lost
responses.py   a QuestionnaireResponse (R4)
shapes.py      FHIR's own models, where they may be loaded
surveyjs.py    SurveyJS, out
elements.py    SurveyJS, in
answering.py   words, choices and limits of its elements
"""
