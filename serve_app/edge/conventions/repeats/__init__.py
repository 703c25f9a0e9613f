"""Requests that come twice: the first answer is stored, and a repeat gets it back."""
