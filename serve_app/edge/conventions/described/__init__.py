"""What is told of the interface: the OpenAPI document, its examples, and how documents are served."""
