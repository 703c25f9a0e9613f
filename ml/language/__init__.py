"""From what people type to canonical evidence: words, phrases, negation, numbers. What is not recognised is returned."""
