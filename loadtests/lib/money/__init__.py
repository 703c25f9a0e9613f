"""Locust users who pay."""
