"""A locust user who is billed by a therapist, asks what a session would cost, and pays.

Rows beside those of `locust_user.py`: `HEAR payment_updated` is from the therapist's word that the money is here until
it is on the payer's socket that the payment has succeeded. No partner is needed: what is paid is cash.
"""

import time
from typing import Any, Final

import socketio
from locust import between, task
from locust.exception import StopUser
from typing_extensions import override

from loadtests.lib.locust_user import ACK_S, CarewireUser

TARIFF: Final = {"currency": "EUR", "services": [{"service_id": "talk", "amount": 9_000}]}
LINE: Final = {"description": "Session", "quantity": 1, "unit_amount": 9_000}


class PayingUser(CarewireUser):
    """Pays a bill now and then. Each has a therapist of their own."""

    wait_time = between(0.5, 1.5)

    @override
    def enter(self) -> None:
        """A therapist who has prices."""
        if self.number >= len(self.target.therapists):
            raise StopUser("Tokens of therapists are needed as well: carewire token --role therapist.")
        self.therapist, token = self.target.therapists[self.number]
        self.sent: dict[str, float] = {}
        self.desk = socketio.Client()
        self.desk.connect(self.target.url, auth={"token": token}, transports=["websocket"], wait_timeout=ACK_S)
        self._asked("set_pricing", {"therapist_id": self.therapist, **TARIFF})

    @override
    def on_stop(self) -> None:
        """Both go."""
        super().on_stop()
        self.desk.shutdown()

    @override
    def hear(self, event: str, payload: Any = None) -> None:
        if event == "payment_updated" and payload["payment"]["status"] == "succeeded":
            if began_s := self.sent.pop(payload["bill_id"], 0.0):
                self.heard(event, 1000 * (time.perf_counter() - began_s))
        else:
            super().hear(event, payload)

    @task(5)
    def pay(self) -> None:
        """What a session costs, a bill for it, and the money."""
        wanted = {"therapist_id": self.therapist, "service_id": "talk", "start": "2099-11-20T19:00:00Z"}
        self.socket.ask("quote_price", wanted)
        bill = self._asked("create_bill", {"payer_id": self.user_id, "currency": "EUR", "lines": [LINE]})["bill_id"]
        self.socket.ask("create_payment_intent", {"bill_id": bill, "provider": "manual"})
        self.sent[bill] = time.perf_counter()
        self._asked("process_payment", {"bill_id": bill, "provider": "manual"})

    @task(2)
    def look(self) -> None:
        """At one's bills, and at what was paid."""
        self.socket.ask("list_bills", {"limit": 20})
        self.socket.ask("payment_history", {"limit": 20})

    def _asked(self, event: str, data: dict[str, Any]) -> dict[str, Any]:
        """What the therapist does is not measured. Raises StopUser: it is refused."""
        ack = self.desk.call(event, data, timeout=ACK_S)
        if not ack["ok"]:
            raise StopUser(f"{event}: {ack['error']['code']}")
        answer: dict[str, Any] = ack["data"]
        return answer
