"""A locust user who is billed, and pays: with a saved card where Stripe is there (`make demo-payments` has one), else
in cash, which the therapist books in.

Rows beside those of `locust_user.py`: `ACK process_payment` is from the payment to its answer, which waits for the
provider; `HEAR payment_updated` from there to the payer's socket, and `HEAR invoice_issued` to their invoice. Each user
has a therapist of their own.
"""

import random
import time
from typing import Any, Final

import socketio
from locust import between, task
from locust.exception import StopUser
from typing_extensions import override

from loadtests.lib.locust_user import ACK_S, CarewireUser

CARD: Final = "pm_card_visa"
SERVICE: Final = "talk"
PRICES: Final = {
    "currency": "EUR",
    "services": [{"service_id": SERVICE, "amount": 9_000}],
    "rules": [{"rule_id": "evening", "label": "Evening", "when": {"from": "18:00", "to": "22:00"}, "percent": 20}],
}


class PayingUser(CarewireUser):
    """Asks what a session costs, pays for it, looks at bills and payments; now and then gets some of it back."""

    wait_time = between(0.5, 2)

    @override
    def enter(self) -> None:
        """The therapist has prices; one has a card, where that can be."""
        if self.number >= len(self.target.therapists):
            raise StopUser("Tokens of therapists are needed as well: carewire token --role therapist.")
        self.therapist, token = self.target.therapists[self.number]
        self.paid_s: dict[str, float] = {}
        self.desk = socketio.Client()
        self.desk.connect(self.target.url, auth={"token": token}, transports=["websocket"], wait_timeout=ACK_S)
        self._asked(self.desk, "set_pricing", {"therapist_id": self.therapist, **PRICES})
        wanted = {"provider": "stripe", "token": CARD}
        card = socketio.Client.call(self.socket, "add_payment_method", wanted, timeout=ACK_S)  # not there: no failure
        self.method = str(card["data"]["method_id"]) if card["ok"] else ""

    @override
    def on_stop(self) -> None:
        """Both go."""
        super().on_stop()
        self.desk.shutdown()

    @override
    def hear(self, event: str, payload: Any = None) -> None:
        """A payment that has arrived, and its invoice, are timed from when it was made."""
        bill = ""
        if event == "payment_updated" and payload["payment"]["status"] == "succeeded":
            bill = payload["bill_id"]
        elif event == "invoice_issued":
            bill = payload["invoice"]["bill_id"]
        if bill in self.paid_s:
            self.heard(event, (time.perf_counter() - self.paid_s[bill]) * 1000)
        elif not bill:
            super().hear(event, payload)

    @task(10)
    def pay(self) -> None:
        """A bill, at once."""
        line = {"description": "Session", "quantity": 1, "unit_amount": random.randrange(1_000, 20_000)}
        made = self._asked(self.desk, "create_bill", {"payer_id": self.user_id, "currency": "EUR", "lines": [line]})
        bill = str(made["bill_id"])
        self.paid_s[bill] = time.perf_counter()
        if self.method:
            wanted = {"bill_id": bill, "provider": "stripe", "method_id": self.method}
            paid = self.socket.ask("process_payment", wanted)
        else:
            paid = self._asked(self.desk, "process_payment", {"bill_id": bill, "provider": "manual"})
        if paid.get("status") == "succeeded" and random.random() < 0.2:
            self._asked(self.desk, "refund_payment", {"bill_id": bill, "amount": 500})

    @task(5)
    def ask_for_a_price(self) -> None:
        """What a session costs in the evening."""
        start = f"2099-11-{random.randrange(10, 28)}T19:00:00Z"
        self.socket.ask("quote_price", {"therapist_id": self.therapist, "service_id": SERVICE, "start": start})

    @task(2)
    def look(self) -> None:
        """At one's bills, and what was paid."""
        self.socket.ask("list_bills", {"limit": 20})
        self.socket.ask("payment_history", {"limit": 20})

    def _asked(self, socket: socketio.Client, event: str, data: dict[str, Any]) -> dict[str, Any]:
        """What the therapist does is not measured. Raises StopUser: it is refused."""
        ack = socket.call(event, data, timeout=ACK_S)
        if not ack["ok"]:
            raise StopUser(f"{event}: {ack['error']['code']}")
        answer: dict[str, Any] = ack["data"]
        return answer
