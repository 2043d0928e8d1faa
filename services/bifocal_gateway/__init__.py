"""The gateway: accepts jobs, hands them to the lenses, merges what they say into reports."""
