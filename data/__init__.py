"""What remains: episode files, the recorder, the outbox, shares, receipts and verification."""
