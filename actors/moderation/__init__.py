"""Safety: cases, what stands between people, and the rules that the house set.

case/        one case: a report, a message that is held, words of danger, an appeal
shield/      one person: whom they have blocked, and what they may not do for a while
house/       the word lists and actions that administrators set, by version
records.py   what cases keep
showing.py   what people and moderators see
views.py     the read models
activities.py what connectors are asked for
"""
