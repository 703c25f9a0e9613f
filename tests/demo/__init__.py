"""Demonstrations: Carewire with partners that listen on this machine."""
