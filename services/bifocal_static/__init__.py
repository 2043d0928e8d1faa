"""The static lens: relations that hold over the whole vocabulary, whatever the text."""
