"""The mailbox page in a real browser."""
