"""Session descriptions (RFC 8866, RFC 8829): read strictly, answered plainly."""
