"""Answers to a person: ranking, triage, the next question, options to discuss, questionnaires."""
