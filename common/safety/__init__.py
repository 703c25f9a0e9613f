"""Evidence: messages as they were when somebody reported them, copied by rooms and kept by cases."""
