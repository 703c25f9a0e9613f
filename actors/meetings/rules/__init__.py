"""The rules of a meeting, a subject each."""
