"""From what people type to canonical evidence: words, phrases, negation, numbers. The rest is returned."""
