"""Identity in the deployed program: the API, the gateway and the command line as they are wired."""

import httpx

from tests.system.harness import System, carewire, wait_until


async def test_a_session_that_ends_over_http_closes_its_socket_and_the_record_verifies(system: System) -> None:
    body = {"email": "ada@example.org", "password": "correct horse battery staple"}
    async with httpx.AsyncClient(base_url=system.http_url, timeout=20) as http:
        made = await http.post("/api/auth/register", json=body, headers={"Idempotency-Key": "k1"})
        again = await http.post("/api/auth/register", json=body, headers={"Idempotency-Key": "k1"})
        assert (made.status_code, again.content) == (201, made.content)
        tokens = made.json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert (await http.get("/api/auth/me", headers=headers)).json()["email"] == body["email"]
        user = tokens["user"]["user_id"]
        async with system.client(user, auth={"token": tokens["access_token"]}, reconnection=False) as client:
            ended = await http.delete(f"/api/auth/sessions/{tokens['session_id']}", headers=headers)
            assert ended.status_code == 204
            await wait_until(lambda: not client.sio.connected, within_s=10, what="still connected")
        assert (await http.get("/api/auth/me", headers=headers)).status_code == 401
    verified = carewire("audit", "verify", env=system.env, cwd=system.data_dir)
    assert verified.returncode == 0, verified.stderr
    assert "whole" in verified.stdout
