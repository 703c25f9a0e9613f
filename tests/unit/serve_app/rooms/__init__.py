"""Tests of what rooms do in the front."""
