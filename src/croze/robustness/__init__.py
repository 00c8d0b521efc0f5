"""How robust a trained model is: attacks, corruptions, and the metrics that sum them up."""
