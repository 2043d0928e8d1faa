"""What a document that was accepted comes to when processes, Redis and the store fail around it."""
