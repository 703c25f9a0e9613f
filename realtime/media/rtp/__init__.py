"""Streams of RTP packets: what comes in, what goes out, what is lost and asked for again."""
