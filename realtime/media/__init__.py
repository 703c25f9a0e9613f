"""A forwarding unit for WebRTC (SFU): one UDP socket, many people, no payload ever decoded.

It stands on parts of aiortc (`parts.py` touches them), knows rooms, people and sources, and nothing of who may be
where: whoever uses it says who is in a room (`unit.MediaUnit`), what of theirs may pass, and listens to what happens.
"""
