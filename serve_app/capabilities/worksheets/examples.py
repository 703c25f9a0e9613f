"""What clients may send, and what they get: for the documents and for tests."""

from typing import Any, Final

_U: Final = "01KAFZ0000000000000000000A"
WORKSHEET_ID: Final = f"wks_{_U}"
ASSIGNMENT_ID: Final = f"asg_{_U}"
SERIES_ID: Final = f"asr_{_U}"
TIME: Final = "2026-11-20T09:30:00.000Z"
OF_WORKSHEET: Final = {"worksheet_id": WORKSHEET_ID}
OF_ASSIGNMENT: Final = {"assignment_id": ASSIGNMENT_ID}
SCHEMA: Final[dict[str, Any]] = {
    "fields": [
        {"id": "mood", "type": "scale", "label": "How was your day?", "min": 0, "max": 10, "required": True},
        {"id": "story", "type": "long_text", "label": "What happened?", "show_if": "{mood} < 5"},
    ],
    "scores": [{"id": "total", "title": "Mood", "expression": "{mood} * 10", "higher_is": "better"}],
    "alerts": [{"id": "low", "when": "{mood} < 2", "urgency": "high", "message": "A very bad day."}],
}
WORKSHEET: Final[dict[str, Any]] = {
    "worksheet_id": WORKSHEET_ID,
    "version": 1,
    "title": "Diary",
    "owner_id": "usr_tess",
    "state": "draft",
    "visibility": "private",
    "schema": SCHEMA,
    "created_at": TIME,
    "updated_at": TIME,
}
PUBLISHED: Final[dict[str, Any]] = {**WORKSHEET, "state": "published"}
ASSIGNMENT: Final[dict[str, Any]] = {
    "assignment_id": ASSIGNMENT_ID,
    "worksheet_id": WORKSHEET_ID,
    "worksheet_version": 1,
    "title": "Diary",
    "client_id": "usr_ada",
    "therapist_id": "usr_tess",
    "status": "assigned",
    "attempt": 1,
    "due": {
        "at": "2026-11-27T22:59:00.000Z",
        "date": "2026-11-27",
        "time": "23:59",
        "tz": "Europe/Berlin",
        "late": "flag",
        "grace_minutes": 0,
    },
    "overdue": False,
    "clock": "running",
    "extensions": [],
    "attempts_allowed": 1,
    "collaboration": True,
    "share_progress": "off",
    "submissions": [],
    "open_clarifications": 0,
    "feedback_count": 0,
    "seq": 0,
    "version": 1,
    "created_at": TIME,
    "updated_at": TIME,
}
ANSWERS: Final = {"mood": 3, "story": "It rained."}
SUBMISSION: Final[dict[str, Any]] = {
    "submission_id": f"sbm_{_U}",
    "assignment_id": ASSIGNMENT_ID,
    "version": 1,
    "attempt": 1,
    "worksheet_version": 1,
    "answers": ANSWERS,
    "notes": {},
    "scores": {"total": {"value": 30}},
    "alerts": [],
    "late": False,
    "submitted_at": TIME,
    "submitted_by": "usr_ada",
}
SUBMITTED: Final[dict[str, Any]] = {
    **ASSIGNMENT,
    "status": "submitted",
    "submissions": [{"version": 1, "submitted_at": TIME, "late": False}],
    "version": 4,
}
FEEDBACK_ID: Final = f"fbk_{_U}"
FEEDBACK: Final[dict[str, Any]] = {
    "feedback_id": FEEDBACK_ID,
    "version": 1,
    "field": "story",
    "range": {"start": 0, "end": 2},
    "quote": "It",
    "body": "Tell me more.",
    "private": False,
    "author_id": "usr_tess",
    "created_at": TIME,
    "edited_at": None,
}
CLARIFICATION_ID: Final = f"clr_{_U}"
CLARIFICATION: Final[dict[str, Any]] = {
    "clarification_id": CLARIFICATION_ID,
    "field": "story",
    "state": "open",
    "posts": [{"author_id": "usr_ada", "body": "The whole day?", "at": TIME}],
}
EVALUATED: Final[dict[str, Any]] = {
    "visible": ["mood", "story"],
    "missing": [],
    "errors": [],
    "scores": {"total": {"value": 30}},
    "alerts": [],
}
PROGRESS: Final[dict[str, Any]] = {
    "progress": {"answered": 1, "required": 1, "visible": 2, "percent": 50, "last_at": TIME}
}
FIGURES: Final[dict[str, Any]] = {
    "persons": 12,
    "assigned": 14,
    "submitted": 12,
    "late": None,
    "median_minutes": 7,
    "fields": [{"field": "mood", "n": 12, "skipped": 0, "distribution": {"3": 6, "7": 6}, "mean": 5}],
    "scores": [{"score": "total", "n": 12, "mean": 50, "sd": 20.9}],
    "suppressed": 1,
}
TRENDS: Final[dict[str, Any]] = {
    "series": [
        {
            "instrument": "phq9",
            "score": "total",
            "points": [
                {
                    "submission_id": f"sbm_{_U}",
                    "at": TIME,
                    "value": 14,
                    "band": "moderate",
                    "version": 1,
                    "delta_previous": None,
                    "delta_first": None,
                    "reliable": None,
                    "crossed_cutoff": False,
                }
            ],
            "comparable": True,
        }
    ]
}
