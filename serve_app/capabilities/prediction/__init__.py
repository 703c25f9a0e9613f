"""The symptom model behind REST: routes, request and response shapes, the Ray Serve deployment."""
