"""`tariff:<therapist>`: what their services cost, by which rules, and on which terms."""
