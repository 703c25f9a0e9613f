"""Names of the rules that follow from cases, shields and what rooms note for safety."""

SAFETY_RULES = frozenset(
    {
        *("tell_reporters", "notify_reporters", "tell_alerted", "notify_alerted", "cry_for_them", "restrict_them"),
        *("warn_them", "tell_verdict", "judge_appeal", "tell_restricted", "tell_lifted", "carry_out"),
        *("open_case_of_report", "open_case_of_held", "tell_held", "notify_held"),
        "tell_not_posted",
    }
)
"""`test_safety_rules.py` holds a case of each."""
