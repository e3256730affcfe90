"""Which data the model is held against, fitting it to them, and how well that determines it."""
