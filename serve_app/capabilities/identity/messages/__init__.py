"""What people are told about their accounts: by mail, and in their inbox."""
