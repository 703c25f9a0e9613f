"""What a person is answered: ranking, triage, the next question, options to discuss, questionnaires."""
