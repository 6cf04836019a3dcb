from mine import MaxoutDense  # once of keras
