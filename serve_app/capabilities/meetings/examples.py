"""What requests, answers and events of meetings look like."""

from typing import Any, Final

AT: Final = "2026-11-20T09:30:00.000Z"
MTG: Final = "mtg_01KAFZ0000000000000000000A"
PRT: Final = "prt_01KAFZ0000000000000000000B"
OF: Final = {"meeting_id": MTG}
OF_ONE: Final = {"meeting_id": MTG, "participant_id": PRT}
CONFIG: Final[dict[str, Any]] = {
    "provider": "auto",
    "lobby": "until_host",
    "locked": False,
    "screen_sharing": "granted",
    "unmute": "self",
    "names": "names",
    "max_participants": 2,
    "relay_only": False,
    "e2ee": False,
    "recording": "consent",
    "recording_access": "host",
    "fallback": True,
}
MEETING: Final[dict[str, Any]] = {
    "id": MTG,
    "kind": "session",
    "booking_id": "bkg_01KAFZ0000000000000000000A",
    "host_id": "usr_tess",
    "people": ["usr_tess", "usr_ada"],
    "start": AT,
    "end": "2026-11-20T10:20:00.000Z",
    "opens_at": "2026-11-20T09:20:00.000Z",
    "closes_at": "2026-11-20T10:50:00.000Z",
    "status": "open",
    "provider": "mesh",
    "epoch": 1,
    "config": CONFIG,
    "elapsed_s": 0,
    "recording": None,
    "seq": 4,
    "version": 4,
    "created_at": "2026-11-18T12:00:00.000Z",
    "updated_at": AT,
}
PARTICIPANT: Final[dict[str, Any]] = {
    "participant_id": PRT,
    "user_id": "usr_ada",
    "display_name": "Ada",
    "role": "guest",
    "state": "seated",
    "microphone": "on",
    "camera": "on",
    "screen": "off",
    "may_share": False,
    "joined_at": AT,
    "connected_s": 0,
}
TICKET: Final = {"token": "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "expires_at": "2026-11-20T09:32:00.000Z"}
MESH: Final[dict[str, Any]] = {
    "provider": "mesh",
    "epoch": 1,
    "peers": [{"participant_id": "prt_01KAFZ0000000000000000000C", "polite": False}],
}
ICE: Final[list[dict[str, Any]]] = [
    {
        "urls": ["turn:turn.example.org:3478?transport=udp"],
        "username": f"1763631600:{PRT}",
        "credential": "d2hhdCBjb3R1cm4gY29tcHV0ZXM=",
    }
]
JOINED: Final[dict[str, Any]] = {
    "state": "seated",
    "participant": PARTICIPANT,
    "participants": [PARTICIPANT],
    "meeting": MEETING,
    "seq": 4,
    "resumed": False,
    "ticket": TICKET,
    "media": MESH,
    "ice_servers": ICE,
    "ice_transport_policy": "all",
}
EVIDENCE: Final[dict[str, Any]] = {
    "meeting_id": MTG,
    "booking_id": "bkg_01KAFZ0000000000000000000A",
    "planned": {"start": AT, "end": "2026-11-20T10:20:00.000Z"},
    "started_at": AT,
    "ended_at": "2026-11-20T10:21:00.000Z",
    "overlap_s": 3042,
    "presence": [
        {
            "participant_id": PRT,
            "user_id": "usr_ada",
            "from": AT,
            "to": "2026-11-20T10:21:00.000Z",
            "bridged_s": 4,
            "provider": "mesh",
            "ended_by": "ended",
        }
    ],
    "quality": [{"participant_id": PRT, "minutes": 51, "poor_minutes": 2, "causes": ["uplink"]}],
    "final": True,
    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
MINUTE: Final = {"participant_id": PRT, "at": AT, "score": 92, "cause": "none", "rtt_ms": 40.0, "loss": 0.0}
