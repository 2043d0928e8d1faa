"""The contextual lens: relations that one text gives its words, read from self-attention."""
